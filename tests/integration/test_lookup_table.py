"""The lookup table finds a file's newest job, whatever comes late or twice."""

from tests.integration.stores import OUTPUT_TTL_S, STATUS_TTL_S, Stores
from transcode.job import Failure
from transcode.lookup import Lookup

NOW_S = 1_900_000_000


async def test_an_announced_upload_waits_for_its_object(stores: Stores, input_file: str) -> None:
    """It is known at once, by its own name, and has no job."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="日本.mp4", owner="me"), now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup == Lookup(input_file=input_file, file_name="日本.mp4", owner="me", announced_s=NOW_S)


async def test_a_linked_job_keeps_what_was_announced(stores: Stores, input_file: str) -> None:
    """Name and owner survive the job's making, and the row outlives a long queue."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4", owner="me"), now_s=NOW_S)
    await stores.lookups.link(input_file, "job-1", claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S + OUTPUT_TTL_S - 1)
    assert lookup is not None
    assert (lookup.job_id, lookup.file_name, lookup.owner) == ("job-1", "a.mp4", "me")


async def test_a_late_duplicate_does_not_bring_back_an_older_job(stores: Stores, input_file: str) -> None:
    """The newest claim of a file wins, in whatever order they are recorded."""
    await stores.lookups.link(input_file, "new", claimed_ms=2, now_s=NOW_S)
    await stores.lookups.link(input_file, "old", claimed_ms=1, now_s=NOW_S)
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == ("new", None)


async def test_a_refused_upload_says_why(stores: Stores, input_file: str) -> None:
    """No front end waits for a job that will never be."""
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == (None, Failure(code=402, message="quota"))


async def test_a_job_after_a_refusal_clears_it(stores: Stores, input_file: str) -> None:
    """The same file, uploaded again when the quota allows."""
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=NOW_S)
    await stores.lookups.link(input_file, "job-1", claimed_ms=2, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.failure) == ("job-1", None)


async def test_an_upload_that_never_came_is_forgotten(stores: Stores, input_file: str) -> None:
    """An expired row is absent, deleted or not."""
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=NOW_S)
    assert await stores.lookups.get(input_file, now_s=NOW_S + STATUS_TTL_S) is None
