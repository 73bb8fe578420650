"""The lookup table has a file's newest job, although writes come late or twice."""

from tests.integration.stores import OUTPUT_TTL_S, Stores
from transcode.job import Failure
from transcode.lookup import Lookup

NOW_S = 1_900_000_000


async def test_an_announced_upload_waits_for_its_object(stores: Stores, input_file: str) -> None:
    """The file is known at once, with its name, and has no job."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="日本.mp4", owner="me"), now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup == Lookup(input_file=input_file, file_name="日本.mp4", owner="me", announced_s=NOW_S)


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
