"""Event streams and long polls, on a server with a port and real tables."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from service.resources import Resources
from tests.integration.process_settings import service_settings
from tests.integration.serving import DEADLINE_S, Running, running, streaming
from transcode.job import Canceled, Completed, Failure, Job, JobWarning, Output, Progressed, WarningRaised
from transcode.lookup import Lookup

TICK_S = 0.1


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(stack: Stack) -> AsyncIterator[Running]:
    """A service that reads watched jobs ten times per second."""
    settings = service_settings(stack).model_copy(update={"tick_s": TICK_S, "heartbeat_s": 5.0})
    async with running(settings) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service."""
    async with service.client() as opened:
        yield opened


@pytest.fixture
def tables(service: Running) -> Resources:
    """The tables, for writes that the worker would make."""
    return service.resources


async def progress(tables: Resources, job_id: str, percent: int) -> None:
    """Apply a progress event; a higher percentage has a later time."""
    event = Progressed(job_id=job_id, time_ms=percent + 1, percent=percent, phase="TRANSCODING")
    await tables.statuses.advance(event, now_s=int(time.time()))


async def complete(tables: Resources, job_id: str) -> None:
    """Apply the job's COMPLETE event."""
    event = Completed(job_id=job_id, time_ms=1000, output=Output(path="uploads/1/"))
    await tables.statuses.advance(event, now_s=int(time.time()))


async def long_poll(client: httpx.AsyncClient, job_id: str, *, wait_s: float = 20) -> httpx.Response:
    """Send a long poll with the ETag of the current progress, and return the response."""
    path = f"/jobs/{job_id}/progress"
    headers = {"If-None-Match": (await client.get(path)).headers["ETag"]}
    return await client.get(path, params={"wait_s": wait_s}, headers=headers)


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once the condition holds; fail at the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 -- a condition of any kind, with a deadline
            await asyncio.sleep(0.01)


def record_reads(service: Running, job_id: str) -> list[str]:
    """Return a list that grows with each read of a job whose id has this prefix."""
    reads: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        keys = params["RequestItems"].get(service.resources.statuses.table, {}).get("Keys", ())
        reads.extend(key["JobId"]["S"] for key in keys if key["JobId"]["S"].startswith(job_id))

    client: Any = service.resources.statuses.client
    client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    return reads


async def test_a_file_is_followed_from_before_its_job_to_the_end(
    client: httpx.AsyncClient, tables: Resources, input_file: str, job_id: str
) -> None:
    """AWAITING_UPLOAD, SUBMITTED, PROGRESSING, COMPLETE on one stream, which then ends."""
    now_s = int(time.time())
    await tables.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4"), now_s=now_s)
    async with streaming(client, input_file=input_file) as stream:
        awaited = await stream.next()
        await tables.statuses.submit(Job(job_id=job_id, input_file=input_file, file_name="a.mp4"), now_s=now_s)
        await tables.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
        submitted = await stream.next()
        await progress(tables, job_id, 40)
        progressing = await stream.next()
        await complete(tables, job_id)
        done, end = await stream.next(), await stream.next()
    seen = [awaited, submitted, progressing, done]
    assert [each["status"] for each in seen if each] == ["AWAITING_UPLOAD", "SUBMITTED", "PROGRESSING", "COMPLETE"]
    assert [each["progress_percent"] for each in seen if each] == [None, None, 40, 100]
    assert all(each and each["input_file"] == input_file and each["file_name"] == "a.mp4" for each in seen)
    assert end is None
    assert stream.retry_ms


async def test_a_refused_file_ends_its_stream(client: httpx.AsyncClient, tables: Resources, input_file: str) -> None:
    """The refusal is the last event."""
    now_s = int(time.time())
    await tables.lookups.announce(Lookup(input_file=input_file), now_s=now_s)
    async with streaming(client, input_file=input_file) as stream:
        await stream.next()
        await tables.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=now_s)
        (refused,) = await stream.until("ERROR")
        assert refused["error"]["code"] == 402
        assert await stream.next() is None


async def test_a_newer_job_of_a_file_is_followed_instead(
    client: httpx.AsyncClient, tables: Resources, input_file: str, job_id: str
) -> None:
    """The file was uploaded again: the end of its first job doesn't end the stream."""
    now_s, newer_id = int(time.time()), f"{job_id}-2"
    for at, each in enumerate((job_id, newer_id)):
        await tables.statuses.submit(Job(job_id=each, input_file=input_file), now_s=now_s)
        if at == 0:
            await tables.lookups.link(input_file, each, claimed_ms=1, now_s=now_s)
    async with streaming(client, input_file=input_file) as stream:
        await stream.next()
        await tables.lookups.link(input_file, newer_id, claimed_ms=2, now_s=now_s)
        await tables.statuses.advance(Canceled(job_id=job_id, time_ms=5), now_s=now_s)
        following = await stream.next()
        assert following
        assert (following["job_id"], following["status"]) == (newer_id, "SUBMITTED")
        await complete(tables, newer_id)
        assert [each["job_id"] for each in await stream.until("COMPLETE")] == [newer_id]


async def test_one_stream_follows_many_and_ends_with_the_last(
    client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """The stream has the end of each job, and ends when all have ended."""
    jobs = [f"{job_id}-{at}" for at in range(5)]
    for each in jobs:
        await progress(tables, each, 10)
    async with streaming(client, job_id=jobs) as stream:
        first = [await stream.next() for _ in jobs]
        assert {each["job_id"] for each in first if each} == set(jobs)
        for each in jobs:
            await complete(tables, each)
        ended = [await stream.next() for _ in jobs]
        assert {(each["job_id"], each["status"]) for each in ended if each} == {(each, "COMPLETE") for each in jobs}
        assert await stream.next() is None


async def test_unknown_files_and_jobs_are_named_before_the_stream_begins(
    client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """The 404 names the missing ones, and no other."""
    await progress(tables, job_id, 10)
    params = {"job_id": [job_id, "1-nosuch"], "input_file": "uploads/nosuch.mp4"}
    response = await client.get("/events", params=params)
    assert (response.status_code, response.json()["code"]) == (404, "followed_not_found")
    assert response.json()["detail"] == "Not found: upload uploads/nosuch.mp4, job 1-nosuch."


@pytest.mark.parametrize("count", [0, 51])
async def test_a_stream_follows_one_to_fifty(client: httpx.AsyncClient, count: int) -> None:
    """Files and jobs together; zero and more than fifty are refused."""
    jobs, files = [f"1-{at}" for at in range(count // 2)], [f"f{at}" for at in range(count - count // 2)]
    response = await client.get("/events", params={"job_id": jobs, "input_file": files})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert "input_file" in response.text
    assert "job_id" in response.text


async def test_a_client_that_reconnects_gets_only_what_it_missed(
    client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """One of two jobs has changed: only that one is sent, whatever the order in the URL."""
    jobs = [f"{job_id}-1", f"{job_id}-2"]
    for each in jobs:
        await progress(tables, each, 10)
    async with streaming(client, job_id=jobs) as stream:
        await stream.next()
        await stream.next()
    await progress(tables, jobs[1], 20)
    async with streaming(client, stream.ids[-1], job_id=jobs[::-1]) as again:
        moved = await again.next()
        assert moved
        assert (moved["job_id"], moved["progress_percent"]) == (jobs[1], 20)
        await complete(tables, jobs[0])
        following = await again.next()
        assert following
        assert (following["job_id"], following["status"]) == (jobs[0], "COMPLETE")


async def test_a_client_that_left_during_the_first_events_gets_the_rest(
    client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """An event's id covers the events up to it, and none after it."""
    jobs = [f"{job_id}-{at}" for at in range(3)]
    for each in jobs:
        await progress(tables, each, 10)
    async with streaming(client, job_id=jobs) as stream:
        parsed = await stream.next()
    async with streaming(client, stream.ids[0], job_id=jobs) as again:
        rest = [await again.next(), await again.next()]
    assert parsed
    assert {each["job_id"] for each in rest if each} == set(jobs) - {parsed["job_id"]}


async def test_a_client_that_knows_the_end_gets_a_204(
    service: Running, client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """A 204 ends a browser's reconnects; the service reads nothing for it."""
    await complete(tables, job_id)
    async with streaming(client, job_id=job_id) as stream:
        await stream.until("COMPLETE")
    reads = record_reads(service, job_id)
    response = await client.get("/events", params={"job_id": job_id}, headers={"Last-Event-ID": stream.ids[-1]})
    assert (response.status_code, response.content, reads) == (204, b"", [])


async def test_a_client_that_knows_a_files_end_gets_its_next_job(
    client: httpx.AsyncClient, tables: Resources, job_id: str, input_file: str
) -> None:
    """204 while nothing is new; a job that was created afterwards is new."""
    now_s = int(time.time())
    await complete(tables, job_id)
    await tables.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    async with streaming(client, input_file=input_file) as stream:
        await stream.until("COMPLETE")
    known = {"Last-Event-ID": stream.ids[-1]}
    assert (await client.get("/events", params={"input_file": input_file}, headers=known)).status_code == 204
    await complete(tables, f"{job_id}2")
    await tables.lookups.link(input_file, f"{job_id}2", claimed_ms=2, now_s=now_s)
    async with streaming(client, stream.ids[-1], input_file=input_file) as again:
        parsed = await again.next()
    assert parsed
    assert parsed["job_id"] == f"{job_id}2"


@pytest.mark.parametrize("last_event_id", ["", "nonsense", "...", "A" * 4000, "ÿ"])
async def test_an_unknown_last_event_id_is_ignored(
    client: httpx.AsyncClient, tables: Resources, job_id: str, last_event_id: str
) -> None:
    """The stream begins with the current state."""
    await complete(tables, job_id)
    headers = {"Last-Event-ID": last_event_id.encode("latin-1")}
    response = await client.get("/events", params={"job_id": job_id}, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 200
    assert "COMPLETE" in response.text


@pytest.mark.serial
async def test_a_job_is_read_once_per_tick_for_any_number_of_streams(
    service: Running, tables: Resources, job_id: str
) -> None:
    """Thirty streams get the change, and each tick reads one key."""
    await progress(tables, job_id, 10)
    async with AsyncExitStack() as stack, service.client() as client:
        streams = [await stack.enter_async_context(streaming(client, job_id=job_id)) for _ in range(30)]
        await asyncio.gather(*(each.next() for each in streams))
        reads, since_s = record_reads(service, job_id), time.monotonic()
        await asyncio.sleep(5 * TICK_S)
        await progress(tables, job_id, 20)
        jobs = await asyncio.gather(*(each.next() for each in streams))
        assert [job["progress_percent"] for job in jobs if job] == [20] * 30
        assert 3 <= len(reads) <= (time.monotonic() - since_s) / TICK_S + 1


async def test_a_job_without_watchers_is_not_read(service: Running, tables: Resources, job_id: str) -> None:
    """A client that disconnects leaves no watcher, no task and no read behind."""
    await progress(tables, job_id, 10)
    before = asyncio.all_tasks()
    async with service.client() as another, streaming(another, job_id=job_id) as stream:
        await stream.next()
        assert service.resources.hub.watcher_count == 1
    await eventually(lambda: service.resources.hub.watcher_count == 0)
    await eventually(lambda: asyncio.all_tasks() <= before)
    reads = record_reads(service, job_id)
    await asyncio.sleep(3 * TICK_S)
    assert reads == []


async def test_a_finished_job_is_not_read_again(
    service: Running, client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """One of three jobs was final before, and one ends on the stream: the service then reads only the third."""
    jobs = [f"{job_id}-{at}" for at in range(3)]
    await complete(tables, jobs[0])
    await progress(tables, jobs[1], 10)
    await progress(tables, jobs[2], 10)
    async with streaming(client, job_id=jobs) as stream:
        for _ in jobs:
            await stream.next()
        await complete(tables, jobs[1])
        await stream.until("COMPLETE")
        reads = record_reads(service, job_id)
        await eventually(lambda: len(reads) > 2)
    assert set(reads) == {jobs[2]}


async def test_a_silent_stream_has_a_heartbeat(stack: Stack, tables: Resources, job_id: str) -> None:
    """A comment, so that no proxy closes the connection as idle."""
    await progress(tables, job_id, 10)
    settings = service_settings(stack).model_copy(update={"heartbeat_s": 0.1})
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        waiting = asyncio.create_task(stream.next())
        await eventually(lambda: stream.comments >= 2)
        await complete(tables, job_id)
        assert await waiting


async def test_a_server_that_stops_ends_its_streams(stack: Stack, tables: Resources, job_id: str) -> None:
    """Streams and long polls end normally, and the server doesn't wait for its grace period."""
    await progress(tables, job_id, 10)
    async with running(service_settings(stack)) as service, service.client() as client:
        async with streaming(client, job_id=job_id) as stream:
            await stream.next()
            poll = asyncio.create_task(long_poll(client, job_id))
            await eventually(lambda: service.resources.hub.watcher_count == 2)
            service.server.should_exit = True
            assert await stream.next() is None
            assert (await poll).status_code == 304
        await asyncio.wait_for(service.serving, DEADLINE_S / 2)


async def test_a_stream_survives_transient_errors(
    service: Running, client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """DynamoDB is unavailable for three ticks; the stream then sends what has changed."""
    failures = iter(range(3))

    def fail(**_: object) -> None:
        if next(failures, None) is not None:
            raise ConnectionError("no route")

    await progress(tables, job_id, 10)
    async with streaming(client, job_id=job_id) as stream:
        await stream.next()
        dynamodb: Any = service.resources.statuses.client
        dynamodb.meta.events.register("before-call.dynamodb.BatchGetItem", fail)
        await progress(tables, job_id, 20)
        job = await stream.next()
    assert job
    assert (job["progress_percent"], next(failures, None)) == (20, None)


async def test_a_plain_read_does_not_wait_for_a_tick(stack: Stack, tables: Resources, job_id: str) -> None:
    """With a tick of a minute and a watcher, a GET still returns the current state, at most `fresh_s` old."""
    await progress(tables, job_id, 10)
    settings = service_settings(stack).model_copy(update={"tick_s": 60.0})
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        await progress(tables, job_id, 20)
        await asyncio.sleep(settings.fresh_s)
        assert (await client.get(f"/jobs/{job_id}")).json()["progress_percent"] == 20
        assert (await client.get(f"/jobs/{job_id}/progress")).json()["progress_percent"] == 20


async def test_a_long_poll_is_answered_when_the_job_moves(
    service: Running, client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """It waits while nothing is new; a warning is nothing new, because progress doesn't show it."""
    await progress(tables, job_id, 10)
    poll = asyncio.create_task(long_poll(client, job_id))
    await eventually(lambda: service.resources.hub.watcher_count == 1)
    warning = WarningRaised(job_id=job_id, time_ms=11, warning=JobWarning(code=1))
    await tables.statuses.advance(warning, now_s=int(time.time()))
    await progress(tables, job_id, 20)
    response = await poll
    assert (response.status_code, response.json()["progress_percent"]) == (200, 20)
    assert service.resources.hub.watcher_count == 0


async def test_a_long_poll_ends_with_304(client: httpx.AsyncClient, tables: Resources, job_id: str) -> None:
    """After `wait_s` for a running job, at once for a finished one."""
    await progress(tables, job_id, 10)
    began_s = time.monotonic()
    assert (await long_poll(client, job_id, wait_s=0.3)).status_code == 304
    assert time.monotonic() - began_s >= 0.3
    await complete(tables, job_id)
    assert (await long_poll(client, job_id)).status_code == 304
    assert time.monotonic() - began_s < DEADLINE_S


async def test_a_long_poll_without_a_valid_etag_does_not_wait(
    client: httpx.AsyncClient, tables: Resources, job_id: str
) -> None:
    """`wait_s` without an ETag, or with an outdated one, does not wait."""
    await progress(tables, job_id, 10)
    path = f"/jobs/{job_id}/progress?wait_s=20"
    responses = [await client.get(path), await client.get(path, headers={"If-None-Match": '"old"'})]
    assert [each.status_code for each in responses] == [200, 200]


async def test_a_long_poll_ends_when_its_client_disconnects(service: Running, tables: Resources, job_id: str) -> None:
    """The watcher ends with the connection, not with the end of the wait."""
    await progress(tables, job_id, 10)
    async with service.client() as client:
        poll = asyncio.create_task(long_poll(client, job_id))
        await eventually(lambda: service.resources.hub.watcher_count == 1)
        poll.cancel()
    await asyncio.wait_for(eventually(lambda: service.resources.hub.watcher_count == 0), 5)


@pytest.mark.parametrize(
    ("path", "field"), [("?wait_s=21", "wait_s"), ("?wait_s=-1", "wait_s"), ("?wait_s=x", "wait_s")]
)
async def test_a_wrong_wait_is_refused_by_name(client: httpx.AsyncClient, path: str, field: str) -> None:
    """422 with the parameter's name."""
    response = await client.get(f"/jobs/1-{secrets.token_hex(3)}/progress{path}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in response.text
