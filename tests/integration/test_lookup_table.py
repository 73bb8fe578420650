"""The lookup table has a file's newest job, although writes come late or twice."""

from collections.abc import Awaitable, Callable

import pytest

from tests.integration.stores import OUTPUT_TTL_S, Stores
from transcode.job import Failure
from transcode.lookup import Lookup

NOW_S = 1_900_000_000
CLAIMED_MS = NOW_S * 1000 + 500
QUOTA = Failure(code=402, message="quota")


async def test_an_announced_upload_waits_for_its_object(stores: Stores, input_file: str) -> None:
    """The file is known at once, with its name, and has no job."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="日本.mp4", owner="me"), now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup == Lookup(
        input_file=input_file, file_name="日本.mp4", owner="me", announced_s=NOW_S, is_announced=True
    )


async def test_a_linked_job_keeps_the_announced_values(stores: Stores, input_file: str) -> None:
    """Name and owner are kept when the job is created, and the row outlives a long queue."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4", owner="me"), now_s=NOW_S)
    await stores.lookups.link(input_file, "job-1", claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S + OUTPUT_TTL_S - 1)
    assert lookup is not None
    assert (lookup.job_id, lookup.file_name, lookup.owner) == ("job-1", "a.mp4", "me")


async def test_a_late_duplicate_does_not_restore_an_older_job(stores: Stores, input_file: str) -> None:
    """The newest claim of a file wins, in any order of the writes."""
    await stores.lookups.link(input_file, "new", claimed_ms=2, now_s=NOW_S)
    await stores.lookups.link(input_file, "old", claimed_ms=1, now_s=NOW_S)
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == ("new", None)


async def test_a_refused_upload_has_a_reason(stores: Stores, input_file: str) -> None:
    """The failure is in the row, so that no client waits for a job."""
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == (None, Failure(code=402, message="quota"))


async def test_a_job_after_a_refusal_clears_it(stores: Stores, input_file: str) -> None:
    """The same file is uploaded again when the quota allows it."""
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    await stores.lookups.link(input_file, "job-1", claimed_ms=2, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == ("job-1", None)


async def test_an_announced_upload_keeps_its_owner_while_its_message_can_wait(stores: Stores, input_file: str) -> None:
    """The message begins to wait at the end of the URL's validity at the latest."""
    await stores.lookups.announce(Lookup(input_file=input_file, owner="me"), now_s=NOW_S, good_for_s=3_600)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S + 3_600 + 13 * 86_400)
    assert lookup is not None
    assert lookup.owner == "me"


async def test_an_upload_without_an_object_expires(stores: Stores, input_file: str) -> None:
    """An expired row counts as missing, even if DynamoDB has not deleted it yet."""
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=NOW_S)
    assert await stores.lookups.get(input_file, now_s=NOW_S + OUTPUT_TTL_S) is None


async def queue(stores: Stores, input_file: str, *, claimed_ms: int = CLAIMED_MS, now_s: int = NOW_S) -> None:
    """Queue the file as intake does it."""
    await stores.lookups.queue(input_file, claimed_ms=claimed_ms, now_s=now_s)


async def read(stores: Stores, input_file: str, *, now_s: int = NOW_S) -> Lookup:
    """Return the file's row."""
    lookup = await stores.lookups.get(input_file, now_s=now_s, consistent=True)
    assert lookup is not None
    return lookup


async def test_a_queued_file_keeps_owner_and_name_for_as_long_as_it_waits(stores: Stores, input_file: str) -> None:
    """Fourteen days after the worker saw the object, and with the time of the claim as that of the queue."""
    announced = Lookup(input_file=input_file, file_name="a.mp4", owner="me", announced_s=NOW_S - 86_400)
    await stores.lookups.announce(announced, now_s=NOW_S - 86_400)
    await queue(stores, input_file)
    lookup = await read(stores, input_file, now_s=NOW_S + OUTPUT_TTL_S - 1)
    assert (lookup.is_queued, lookup.queued_s, lookup.file_name, lookup.owner) == (True, NOW_S, "a.mp4", "me")


async def test_a_file_that_was_never_announced_is_queued_too(stores: Stores, input_file: str) -> None:
    """A program copied it into the bucket; a repeated delivery changes nothing but the end of its life."""
    await queue(stores, input_file)
    await queue(stores, input_file, now_s=NOW_S + 60)
    lookup = await read(stores, input_file, now_s=NOW_S + 60 + OUTPUT_TTL_S - 1)
    assert (lookup.is_queued, lookup.queued_s, lookup.announced_s) == (True, NOW_S, NOW_S)


LATE_WRITES: list[tuple[int, bool]] = [(-1, False), (0, False), (1, True)]
"""Milliseconds from the recorded claim to the claim that is queued late, and whether the file is queued then."""


@pytest.mark.parametrize(("later_ms", "is_queued"), LATE_WRITES)
@pytest.mark.parametrize("record", ["link", "refuse"])
async def test_a_late_delivery_does_not_queue_a_file_that_has_its_job_or_failure(
    stores: Stores, input_file: str, record: str, later_ms: int, *, is_queued: bool
) -> None:
    """Only a later claim, of a new version of the object, takes the place of either."""
    write: Callable[..., Awaitable[None]] = getattr(stores.lookups, record)
    await write(input_file, "1-a" if record == "link" else QUOTA, claimed_ms=CLAIMED_MS, now_s=NOW_S)
    await queue(stores, input_file, claimed_ms=CLAIMED_MS + later_ms)
    lookup = await read(stores, input_file)
    assert lookup.is_queued is is_queued
    assert (lookup.job_id is None and lookup.failure is None) is is_queued


@pytest.mark.parametrize("record", ["link", "refuse"])
async def test_the_job_or_the_failure_ends_the_wait(stores: Stores, input_file: str, record: str) -> None:
    """The row of the same claim no longer says that the file is queued."""
    await queue(stores, input_file)
    write: Callable[..., Awaitable[None]] = getattr(stores.lookups, record)
    await write(input_file, "1-a" if record == "link" else QUOTA, claimed_ms=CLAIMED_MS, now_s=NOW_S)
    lookup = await read(stores, input_file)
    assert (lookup.is_queued, lookup.queued_s) == (False, None)


async def test_a_requested_job_is_queued_until_it_is_created(stores: Stores, input_file: str) -> None:
    """Also after intake took the request; the row keeps the name of the job that is replaced."""
    await stores.lookups.link(input_file, "1-a", claimed_ms=CLAIMED_MS, now_s=NOW_S)
    await stores.lookups.request(await read(stores, input_file), replaces="1-a", now_s=NOW_S + 9)
    requested = await read(stores, input_file)
    await queue(stores, input_file)  # a late delivery of the replaced job's own message
    assert await read(stores, input_file) == requested
    await queue(stores, input_file, claimed_ms=CLAIMED_MS + 10_000)
    taken = await read(stores, input_file)
    assert (requested.is_queued, requested.queued_s, requested.replaces) == (True, NOW_S + 9, "1-a")
    assert (taken.is_queued, taken.queued_s, taken.replaces) == (True, NOW_S + 10, "1-a")


async def test_the_row_of_a_queued_file_is_not_deleted_by_a_late_abort(stores: Stores, input_file: str) -> None:
    """S3 had completed the upload, although the service couldn't record it."""
    lookup = Lookup(input_file=input_file, owner="me", upload_id="part-1")
    await stores.lookups.announce(lookup, now_s=NOW_S)
    await queue(stores, input_file)
    await stores.lookups.forget(lookup)
    assert (await read(stores, input_file)).owner == "me"
