"""The shared reader on real tables: few calls, current rows, and no read for a caller that has gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from local.provision import Stack
from service.live import reader as reader_module
from service.live.batch_get import BatchGet
from service.live.hub import Hub
from service.live.queue_figures_cache import QueueFiguresCache
from service.live.reader import JobReader
from service.views.followed import FileKey, Followed, JobKey, Key
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.errors import AwsUnavailableError, JobNotFoundError, UploadNotFoundError
from transcode.job import Canceled, Job, Progressed, Status
from transcode.lookup import Lookup
from transcode.queue_table import QueueTable

DEADLINE_S = 20

for_a_minute = pytest.mark.parametrize("fresh_s", [60.0])


@pytest.fixture
def fresh_s() -> float:
    """Seconds for which a job's row serves after it was read; a test may change it."""
    return 0.05


@pytest.fixture
async def reader(stores: Stores, stack: Stack, fresh_s: float) -> AsyncIterator[JobReader]:
    """A reader of the shared tables."""
    rows = BatchGet(
        stores.statuses.client,
        status_table=stack.status_table,
        lookup_table=stack.input_file_table,
        clock=time.time,
    )
    figures = QueueFiguresCache(QueueTable(stores.statuses.client, stack.status_table, ttl_s=60))
    opened = JobReader(rows, stores.statuses, figures, fresh_s=fresh_s, clock=time.time)
    yield opened
    await opened.close()


@pytest.fixture
def calls(stores: Stores) -> list[list[str]]:
    """The keys of each BatchGetItem that is sent."""
    sent: list[list[str]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        keys = [key for each in params["RequestItems"].values() for key in each["Keys"]]
        sent.append([value["S"] for key in keys for value in key.values()])

    events(stores).register("provide-client-params.dynamodb.BatchGetItem", note)
    return sent


def events(stores: Stores) -> Any:  # noqa: ANN401 -- botocore's, which has no types
    """Return botocore's event hooks of the client."""
    client: Any = stores.statuses.client
    return client.meta.events


async def test_concurrent_reads_are_one_call_per_hundred_keys(
    reader: JobReader, stores: Stores, job_id: str, calls: list[list[str]]
) -> None:
    """Of both tables together, and each key once, for any number of readers."""
    now_s, jobs = int(time.time()), [f"{job_id}-{at}" for at in range(70)]
    for each in jobs:
        await stores.statuses.submit(Job(job_id=each), now_s=now_s)
        await stores.lookups.announce(Lookup(input_file=f"uploads/{each}.mp4"), now_s=now_s)
    keys: list[Key] = [*map(JobKey, jobs), *(FileKey(f"uploads/{each}.mp4") for each in jobs)]
    followed = await asyncio.gather(*map(reader.follow, keys * 3))
    assert [each.job.job_id for each in followed[:70] if each.job] == jobs
    assert [each.lookup.input_file for each in followed[70:140] if each.lookup] == [f"uploads/{x}.mp4" for x in jobs]
    assert sorted(map(len, calls)) == [40, 100]


async def until_sent(calls: list[list[str]]) -> None:
    """Wait until the first read has been sent; its response has not arrived then."""
    async with asyncio.timeout(DEADLINE_S):
        while not calls:  # noqa: ASYNC110 -- botocore's hook has no asyncio event
            await asyncio.sleep(0)


@for_a_minute
async def test_a_read_never_joins_one_that_has_been_sent(
    reader: JobReader, stores: Stores, input_file: str, calls: list[list[str]]
) -> None:
    """A read after a write returns the write, although another read of the file is under way."""
    now_s = int(time.time())
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s)
    first = asyncio.create_task(reader.follow(FileKey(input_file)))
    await until_sent(calls)
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="b.mp4"), now_s=now_s)
    second = await reader.follow(FileKey(input_file))
    await first
    third = await reader.follow(FileKey(input_file))
    assert [each.lookup and each.lookup.file_name for each in (second, third)] == ["b.mp4", "b.mp4"]
    assert len(calls) == 3


@for_a_minute
async def test_a_job_is_not_read_again_while_it_is_fresh(
    reader: JobReader, stores: Stores, job_id: str, calls: list[list[str]]
) -> None:
    """Both readers get the very same state."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    first = await reader.follow(JobKey(job_id))
    second = await reader.follow(JobKey(job_id))
    assert first.job is second.job
    assert len(calls) == 1


async def test_a_job_is_read_again_when_it_is_no_longer_fresh(
    reader: JobReader, stores: Stores, job_id: str, fresh_s: float
) -> None:
    """The last state serves for this time, and no longer."""
    now_s = int(time.time())
    await stores.statuses.submit(Job(job_id=job_id), now_s=now_s)
    await reader.follow(JobKey(job_id))
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=now_s)
    await asyncio.sleep(fresh_s)
    followed = await reader.follow(JobKey(job_id))
    assert followed.job is not None
    assert followed.job.status is Status.PROGRESSING


@for_a_minute
async def test_a_job_is_read_again_after_a_change_by_this_process(
    reader: JobReader, stores: Stores, job_id: str
) -> None:
    """Although the last read is fresh, and although an older read's response arrives after the change."""
    answered, changed = asyncio.Event(), asyncio.Event()

    async def hold(**_: object) -> None:
        answered.set()
        await changed.wait()

    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    events(stores).register("after-call.dynamodb.BatchGetItem", hold)
    before = asyncio.create_task(reader.follow(JobKey(job_id)))
    async with asyncio.timeout(DEADLINE_S):
        await answered.wait()
    await stores.statuses.advance(Canceled(job_id=job_id, time_ms=1), now_s=int(time.time()))
    reader.invalidate()
    changed.set()
    statuses = [each.job and each.job.status for each in (await before, await reader.follow(JobKey(job_id)))]
    assert statuses == [Status.SUBMITTED, Status.CANCELED]


@for_a_minute
async def test_a_missing_job_is_read_each_time(reader: JobReader, stores: Stores, job_id: str) -> None:
    """The row may come at any moment."""
    with pytest.raises(JobNotFoundError):
        await reader.follow(JobKey(job_id))
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    assert (await reader.follow(JobKey(job_id))).job is not None


@for_a_minute
async def test_few_rows_are_kept(
    reader: JobReader, stores: Stores, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader keeps a limited number of rows, and reads the others again."""
    monkeypatch.setattr(reader_module, "MAX_CACHED_JOBS", 10)
    jobs = [f"{job_id}-{at}" for at in range(25)]
    for each in jobs:
        await stores.statuses.submit(Job(job_id=each), now_s=int(time.time()))
    for at in range(0, 25, 5):
        await asyncio.gather(*(reader.follow(JobKey(each)) for each in jobs[at : at + 5]))
        assert len(reader._cached) <= 10  # noqa: SLF001 -- no public attribute shows it


async def test_missing_rows_have_an_error_for_their_kind(reader: JobReader, stores: Stores, job_id: str) -> None:
    """The errors differ for jobs and uploads, and affect no other key of the same call."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    keys: list[Key] = [JobKey(job_id), JobKey("1-nosuch"), FileKey("uploads/nosuch.mp4")]
    found, no_job, no_upload = await asyncio.gather(*map(reader.follow, keys), return_exceptions=True)
    assert isinstance(found, Followed)
    assert isinstance(no_job, JobNotFoundError)
    assert isinstance(no_upload, UploadNotFoundError)


async def test_an_expired_row_is_missing(reader: JobReader, stores: Stores, job_id: str, input_file: str) -> None:
    """DynamoDB deletes rows up to two days late."""
    long_ago_s = int(time.time()) - 30 * 86_400
    await stores.statuses.submit(Job(job_id=job_id), now_s=long_ago_s)
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=long_ago_s)
    with pytest.raises(JobNotFoundError):
        await reader.follow(JobKey(job_id))
    with pytest.raises(UploadNotFoundError):
        await reader.follow(FileKey(input_file))


async def test_a_key_is_not_read_for_a_reader_that_was_canceled(
    reader: JobReader, stores: Stores, job_id: str, calls: list[list[str]]
) -> None:
    """The key is dropped, unless another reader waits for it."""
    for each in (f"{job_id}-1", f"{job_id}-2"):
        await stores.statuses.submit(Job(job_id=each), now_s=int(time.time()))
    keys = [JobKey(f"{job_id}-1"), JobKey(f"{job_id}-2"), JobKey(f"{job_id}-2")]
    reading = [asyncio.create_task(reader.follow(key)) for key in keys]
    asyncio.get_running_loop().call_soon(reading[0].cancel)
    asyncio.get_running_loop().call_soon(reading[1].cancel)
    gone, also_gone, stayed = await asyncio.gather(*reading, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert isinstance(also_gone, asyncio.CancelledError)
    assert isinstance(stayed, Followed)
    assert calls == [[f"{job_id}-2"]]


def leave_unprocessed(stores: Stores, job_id: str, *, times: float) -> Callable[[], int]:
    """Let DynamoDB return this job's key as unprocessed `times` times; return a function that counts these times."""
    left = 0

    def leave(parsed: dict[str, Any], **_: object) -> None:
        nonlocal left
        for table, rows in parsed["Responses"].items():
            if left < times and any(row["JobId"]["S"] == job_id for row in rows if "JobId" in row):
                left += 1
                parsed["Responses"][table] = [row for row in rows if row["JobId"]["S"] != job_id]
                parsed["UnprocessedKeys"] = {table: {"Keys": [{"JobId": {"S": job_id}}]}}

    events(stores).register("after-call.dynamodb.BatchGetItem", leave)
    return lambda: left


async def test_unprocessed_keys_are_read_again(
    reader: JobReader, stores: Stores, job_id: str, calls: list[list[str]]
) -> None:
    """The reader requests only these keys again, and returns all rows."""
    jobs = [f"{job_id}-1", f"{job_id}-2"]
    for each in jobs:
        await stores.statuses.submit(Job(job_id=each), now_s=int(time.time()))
    left = leave_unprocessed(stores, jobs[0], times=2)
    followed = await asyncio.gather(*(reader.follow(JobKey(each)) for each in jobs))
    assert [each.job.job_id for each in followed if each.job] == jobs
    assert (left(), calls[1:]) == (2, [[jobs[0]], [jobs[0]]])


async def test_a_key_that_stays_unprocessed_fails_alone(reader: JobReader, stores: Stores, job_id: str) -> None:
    """After some seconds, that job is a 503; the other job of the same call is returned."""
    jobs = [f"{job_id}-1", f"{job_id}-2"]
    for each in jobs:
        await stores.statuses.submit(Job(job_id=each), now_s=int(time.time()))
    leave_unprocessed(stores, jobs[0], times=float("inf"))
    async with asyncio.timeout(DEADLINE_S):
        busy, found = await asyncio.gather(*(reader.follow(JobKey(each)) for each in jobs), return_exceptions=True)
    assert isinstance(busy, AwsUnavailableError)
    assert isinstance(found, Followed)


async def test_a_linked_job_is_found_when_a_replica_lags(
    reader: JobReader, stores: Stores, job_id: str, input_file: str
) -> None:
    """The link is written after the job's row: if the row is missing, the reader reads it again consistently."""
    now_s = int(time.time())
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=now_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)

    def miss(parsed: dict[str, Any], **_: object) -> None:
        for table, rows in parsed["Responses"].items():
            parsed["Responses"][table] = [row for row in rows if "JobStatus" not in row]

    events(stores).register("after-call.dynamodb.BatchGetItem", miss)
    followed = await reader.follow(FileKey(input_file))
    assert followed.job is not None
    assert followed.job.job_id == job_id


async def test_a_stream_ends_when_its_job_can_no_longer_be_read(
    reader: JobReader, stores: Stores, aws: Aws, stack: Stack, job_id: str
) -> None:
    """The row has expired, or reads failed for too long: the client reconnects, and gets the reason as a status."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    live = Hub(reader, lambda key, followed: (b"", str((key, followed))), tick_s=0.05, give_up_s=0.1)
    with live.watch([await live.current(JobKey(job_id))]) as watcher:
        key: Any = {"JobId": {"S": job_id}}
        await (await aws.dynamodb()).delete_item(TableName=stack.status_table, Key=key)
        assert await asyncio.wait_for(watcher.wait(), DEADLINE_S)
        assert (watcher.is_ended, watcher.take_pending()) == (True, [])
    await live.close()


async def test_a_slow_client_gets_only_the_newest_state(reader: JobReader, stores: Stores, job_id: str) -> None:
    """Of many changes, the hub keeps one state for it."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    live = Hub(reader, lambda key, followed: (b"", str((key, followed))), tick_s=0.05)
    first = await live.current(JobKey(job_id))
    with live.watch([first]) as slow, live.watch([first]) as quick:
        for percent in (10, 20, 30):
            event = Progressed(job_id=job_id, time_ms=percent, percent=percent)
            await stores.statuses.advance(event, now_s=int(time.time()))
            assert await asyncio.wait_for(quick.wait(), DEADLINE_S)
            quick.take_pending()
        (newest,) = slow.take_pending()
    assert newest.followed.job is not None
    assert newest.followed.job.progress_percent == 30
    await live.close()
