"""Event streams: what a client gets, from its first connection to its last reconnect."""

import time

import httpx
import pytest

from tests.integration.live_jobs import apply_complete, apply_progress, record_reads
from tests.integration.serving import Running, streaming
from tests.integration.stores import Stores
from transcode.job import Canceled, Failure, Job
from transcode.lookup import Lookup

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_file_is_followed_from_before_its_job_to_the_end(
    live_client: httpx.AsyncClient, module_stores: Stores, input_file: str, job_id: str
) -> None:
    """AWAITING_UPLOAD, QUEUED, SUBMITTED, PROGRESSING, COMPLETE on one stream, which then ends."""
    now_s = int(time.time())
    await module_stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4"), now_s=now_s)
    async with streaming(live_client, input_file=input_file) as stream:
        awaited = await stream.next()
        await module_stores.lookups.queue(input_file, claimed_ms=1, now_s=now_s)
        queued = await stream.next()
        await module_stores.statuses.submit(Job(job_id=job_id, input_file=input_file, file_name="a.mp4"), now_s=now_s)
        await module_stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
        submitted = await stream.next()
        await apply_progress(module_stores, job_id, 40)
        progressing = await stream.next()
        await apply_complete(module_stores, job_id)
        done, end = await stream.next(), await stream.next()
    seen = [each for each in (awaited, queued, submitted, progressing, done) if each]
    assert [each["status"] for each in seen] == [
        "AWAITING_UPLOAD",
        "QUEUED",
        "SUBMITTED",
        "PROGRESSING",
        "COMPLETE",
    ]
    assert [each["progress_percent"] for each in seen] == [None, None, None, 40, 100]
    assert all(each["input_file"] == input_file and each["file_name"] == "a.mp4" for each in seen)
    assert end is None
    assert stream.retry_ms


async def test_a_refused_file_ends_its_stream(
    live_client: httpx.AsyncClient, module_stores: Stores, input_file: str
) -> None:
    """The refusal is the last event."""
    now_s = int(time.time())
    await module_stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s)
    async with streaming(live_client, input_file=input_file) as stream:
        await stream.next()
        await module_stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=now_s)
        (refused,) = await stream.until("ERROR")
        assert refused["error"]["code"] == 402
        assert await stream.next() is None


async def test_a_newer_job_of_a_file_is_followed_instead(
    live_client: httpx.AsyncClient, module_stores: Stores, input_file: str, job_id: str
) -> None:
    """The file was uploaded again: the end of its first job doesn't end the stream."""
    now_s, newer_id = int(time.time()), f"{job_id}-2"
    for at, each in enumerate((job_id, newer_id)):
        await module_stores.statuses.submit(Job(job_id=each, input_file=input_file), now_s=now_s)
        if at == 0:
            await module_stores.lookups.link(input_file, each, claimed_ms=1, now_s=now_s)
    async with streaming(live_client, input_file=input_file) as stream:
        await stream.next()
        await module_stores.lookups.link(input_file, newer_id, claimed_ms=2, now_s=now_s)
        await module_stores.statuses.advance(Canceled(job_id=job_id, time_ms=5), now_s=now_s)
        following = await stream.next()
        assert following
        assert (following["job_id"], following["status"]) == (newer_id, "SUBMITTED")
        await apply_complete(module_stores, newer_id)
        assert [each["job_id"] for each in await stream.until("COMPLETE")] == [newer_id]


async def test_a_new_version_of_a_finished_file_is_followed_from_its_queue(
    live_client: httpx.AsyncClient, module_stores: Stores, input_file: str, job_id: str
) -> None:
    """The end of the old job isn't shown again while the new object waits for its job."""
    now_s = int(time.time())
    await module_stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=now_s)
    await module_stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    async with streaming(live_client, input_file=input_file) as stream:
        await stream.next()
        await module_stores.lookups.queue(input_file, claimed_ms=2, now_s=now_s)
        await module_stores.statuses.advance(Canceled(job_id=job_id, time_ms=5), now_s=now_s)
        following = await stream.next()
        assert following
        assert (following["job_id"], following["status"]) == (None, "QUEUED")


async def test_one_stream_follows_many_and_ends_with_the_last(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """The stream has the end of each job, and ends when all have ended."""
    jobs = [f"{job_id}-{at}" for at in range(5)]
    for each in jobs:
        await apply_progress(module_stores, each, 10)
    async with streaming(live_client, job_id=jobs) as stream:
        first = [await stream.next() for _ in jobs]
        assert {each["job_id"] for each in first if each} == set(jobs)
        for each in jobs:
            await apply_complete(module_stores, each)
        ended = [await stream.next() for _ in jobs]
        assert {(each["job_id"], each["status"]) for each in ended if each} == {(each, "COMPLETE") for each in jobs}
        assert await stream.next() is None


async def test_unknown_files_and_jobs_are_named_before_the_stream_begins(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """The 404 names the missing ones, and no other."""
    await apply_progress(module_stores, job_id, 10)
    params = {"job_id": [job_id, "1-nosuch"], "input_file": "uploads/nosuch.mp4"}
    response = await live_client.get("/events", params=params)
    assert (response.status_code, response.json()["code"]) == (404, "followed_not_found")
    assert response.json()["detail"] == "Not found: upload uploads/nosuch.mp4, job 1-nosuch."


@pytest.mark.parametrize("count", [0, 51])
async def test_a_stream_follows_one_to_fifty(live_client: httpx.AsyncClient, count: int) -> None:
    """Files and jobs together; zero and more than fifty are refused."""
    jobs, files = [f"1-{at}" for at in range(count // 2)], [f"f{at}" for at in range(count - count // 2)]
    response = await live_client.get("/events", params={"job_id": jobs, "input_file": files})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert "input_file" in response.text
    assert "job_id" in response.text


async def test_a_client_that_reconnects_gets_only_what_it_missed(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """One of two jobs has changed: only that one is sent, whatever the order in the URL."""
    jobs = [f"{job_id}-1", f"{job_id}-2"]
    for each in jobs:
        await apply_progress(module_stores, each, 10)
    async with streaming(live_client, job_id=jobs) as stream:
        await stream.next()
        await stream.next()
    await apply_progress(module_stores, jobs[1], 20)
    async with streaming(live_client, stream.ids[-1], job_id=jobs[::-1]) as again:
        moved = await again.next()
        assert moved
        assert (moved["job_id"], moved["progress_percent"]) == (jobs[1], 20)
        await apply_complete(module_stores, jobs[0])
        following = await again.next()
        assert following
        assert (following["job_id"], following["status"]) == (jobs[0], "COMPLETE")


async def test_a_client_that_left_during_the_first_events_gets_the_rest(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """An event's id covers the events up to it, and none after it."""
    jobs = [f"{job_id}-{at}" for at in range(3)]
    for each in jobs:
        await apply_progress(module_stores, each, 10)
    async with streaming(live_client, job_id=jobs) as stream:
        parsed = await stream.next()
    async with streaming(live_client, stream.ids[0], job_id=jobs) as again:
        rest = [await again.next(), await again.next()]
    assert parsed
    assert {each["job_id"] for each in rest if each} == set(jobs) - {parsed["job_id"]}


async def test_a_client_that_knows_the_end_gets_a_204(
    live_service: Running, live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """A 204 ends a browser's reconnects; the service reads nothing for it."""
    await apply_complete(module_stores, job_id)
    async with streaming(live_client, job_id=job_id) as stream:
        await stream.until("COMPLETE")
    reads = record_reads(live_service, job_id)
    response = await live_client.get("/events", params={"job_id": job_id}, headers={"Last-Event-ID": stream.ids[-1]})
    assert (response.status_code, response.content, reads) == (204, b"", [])


async def test_a_client_that_knows_a_files_end_gets_its_next_job(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str, input_file: str
) -> None:
    """204 while nothing is new; a job that was created afterwards is new."""
    now_s = int(time.time())
    await apply_complete(module_stores, job_id)
    await module_stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    async with streaming(live_client, input_file=input_file) as stream:
        await stream.until("COMPLETE")
    known = {"Last-Event-ID": stream.ids[-1]}
    assert (await live_client.get("/events", params={"input_file": input_file}, headers=known)).status_code == 204
    await apply_complete(module_stores, f"{job_id}2")
    await module_stores.lookups.link(input_file, f"{job_id}2", claimed_ms=2, now_s=now_s)
    async with streaming(live_client, stream.ids[-1], input_file=input_file) as again:
        parsed = await again.next()
    assert parsed
    assert parsed["job_id"] == f"{job_id}2"


@pytest.mark.parametrize("last_event_id", ["", "nonsense", "...", "A" * 4000, "ÿ"])
async def test_an_unknown_last_event_id_is_ignored(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str, last_event_id: str
) -> None:
    """The stream begins with the current state."""
    await apply_complete(module_stores, job_id)
    headers = {"Last-Event-ID": last_event_id.encode("latin-1")}
    response = await live_client.get("/events", params={"job_id": job_id}, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 200
    assert "COMPLETE" in response.text
