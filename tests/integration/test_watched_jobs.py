"""Watched jobs: how often the service reads them, and how streams end, fail and stay open."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from local.provision import Stack
from service.live.read_schedule import SOON_TICKS
from tests.integration.live_jobs import TICK_S, apply_complete, apply_progress, eventually, long_poll, record_reads
from tests.integration.process_settings import service_settings
from tests.integration.serving import DEADLINE_S, Running, running, streaming
from tests.integration.stores import Stores

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.serial
async def test_a_job_is_read_as_often_for_many_streams_as_for_one(
    live_service: Running, module_stores: Stores, job_id: str
) -> None:
    """Thirty streams get the change, and the hub reads one key every second tick: the job is young."""
    await apply_progress(module_stores, job_id, 10)
    async with AsyncExitStack() as stack, live_service.client() as client:
        streams = [await stack.enter_async_context(streaming(client, job_id=job_id)) for _ in range(30)]
        await asyncio.gather(*(each.next() for each in streams))
        reads, since_s = record_reads(live_service, job_id), time.monotonic()
        await eventually(lambda: len(reads) >= 3)
        await apply_progress(module_stores, job_id, 20)
        jobs = await asyncio.gather(*(each.next() for each in streams))
        assert [job["progress_percent"] for job in jobs if job] == [20] * 30
        assert len(reads) <= (time.monotonic() - since_s) / (SOON_TICKS * TICK_S) + 2


async def test_a_job_without_watchers_is_not_read(live_service: Running, module_stores: Stores, job_id: str) -> None:
    """A client that disconnects leaves no watcher, no task and no read behind."""
    await apply_progress(module_stores, job_id, 10)
    before = asyncio.all_tasks()
    async with live_service.client() as another, streaming(another, job_id=job_id) as stream:
        await stream.next()
        assert live_service.resources.hub.watcher_count == 1
    await eventually(lambda: live_service.resources.hub.watcher_count == 0)
    await eventually(lambda: asyncio.all_tasks() <= before)
    reads = record_reads(live_service, job_id)
    await asyncio.sleep(10 * TICK_S)
    assert reads == []


async def test_a_finished_job_is_not_read_again(
    live_service: Running, live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """One of three jobs was final before, and one ends on the stream: the service then reads only the third."""
    jobs = [f"{job_id}-{at}" for at in range(3)]
    await apply_complete(module_stores, jobs[0])
    await apply_progress(module_stores, jobs[1], 10)
    await apply_progress(module_stores, jobs[2], 10)
    async with streaming(live_client, job_id=jobs) as stream:
        for _ in jobs:
            await stream.next()
        await apply_complete(module_stores, jobs[1])
        await stream.until("COMPLETE")
        reads = record_reads(live_service, job_id)
        await eventually(lambda: len(reads) > 2)
    assert set(reads) == {jobs[2]}


async def test_a_silent_stream_has_a_heartbeat(stack: Stack, module_stores: Stores, job_id: str) -> None:
    """A comment, so that no proxy closes the connection as idle."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"heartbeat_s": 0.1})
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        waiting = asyncio.create_task(stream.next())
        await eventually(lambda: stream.comments >= 2)
        await apply_complete(module_stores, job_id)
        assert await waiting


async def test_a_server_that_stops_ends_its_streams(stack: Stack, module_stores: Stores, job_id: str) -> None:
    """Streams and long polls end normally, and the server doesn't wait for its grace period."""
    await apply_progress(module_stores, job_id, 10)
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
    live_service: Running, live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """DynamoDB is unavailable for three ticks; the stream then sends what has changed."""
    failures = iter(range(3))

    def fail(**_: object) -> None:
        if next(failures, None) is not None:
            raise ConnectionError("no route")

    await apply_progress(module_stores, job_id, 10)
    async with streaming(live_client, job_id=job_id) as stream:
        await stream.next()
        dynamodb: Any = live_service.resources.statuses.client
        dynamodb.meta.events.register("before-call.dynamodb.BatchGetItem", fail)
        await apply_progress(module_stores, job_id, 20)
        job = await stream.next()
    assert job
    assert (job["progress_percent"], next(failures, None)) == (20, None)


async def test_a_plain_read_does_not_wait_for_a_tick(stack: Stack, module_stores: Stores, job_id: str) -> None:
    """With a tick of a minute and a watcher, a GET still returns the current state, at most `fresh_s` old."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"tick_s": 60.0})
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        await apply_progress(module_stores, job_id, 20)
        await asyncio.sleep(settings.fresh_s)
        assert (await client.get(f"/jobs/{job_id}")).json()["progress_percent"] == 20
        assert (await client.get(f"/jobs/{job_id}/progress")).json()["progress_percent"] == 20
