"""A process that holds as many clients as it can: refusals, its health, and the end of its streams."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from local.provision import Stack
from service.live.load_report import report_load
from service.views.followed import JobKey
from tests.integration.live_jobs import apply_progress, eventually, long_poll
from tests.integration.process_settings import service_settings
from tests.integration.serving import DEADLINE_S, running, streaming
from tests.integration.stores import Stores

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_stream_above_the_limit_is_refused_until_another_ends(
    stack: Stack, module_stores: Stores, job_id: str
) -> None:
    """503 with the time to retry, while health and plain polls work; a place that becomes free is used again."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"max_streams": 2, "max_streams_per_caller": 9})
    async with running(settings) as service, service.client() as client:
        async with AsyncExitStack() as streams:
            for _ in range(2):
                stream = await streams.enter_async_context(streaming(client, job_id=job_id))
                await stream.next()
            refused = await client.get("/events", params={"job_id": job_id})
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
            assert 30 <= int(refused.headers["Retry-After"]) <= 90
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get(f"/jobs/{job_id}/progress")).json()["progress_percent"] == 10
        await eventually(lambda: service.resources.streams.held == 0)
        async with streaming(client, job_id=job_id) as stream:
            assert await stream.next()


async def test_many_streams_that_arrive_at_once_do_not_exceed_the_limit(
    stack: Stack, module_stores: Stores, job_id: str
) -> None:
    """Each of them passes the first check before any is open."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"max_streams": 3, "max_streams_per_caller": 99})
    statuses: list[int] = []
    async with running(settings) as service, service.client() as client:

        async def open_stream() -> None:
            async with client.stream("GET", "/events", params={"job_id": job_id}) as response:
                statuses.append(response.status_code)
                await eventually(lambda: len(statuses) == 20)

        await asyncio.gather(*(open_stream() for _ in range(20)))
        assert sorted(statuses) == [200] * 3 + [503] * 17
        assert service.resources.streams.held <= 3


async def test_a_long_poll_above_the_limit_is_refused(stack: Stack, module_stores: Stores, job_id: str) -> None:
    """503 with the time to retry; a poll without `wait_s` works."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"max_long_polls": 1, "max_long_polls_per_caller": 9})
    async with running(settings) as service, service.client() as client:
        held = asyncio.create_task(long_poll(client, job_id))
        await eventually(lambda: service.resources.long_polls.held == 1)
        refused = await long_poll(client, job_id)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_long_polls")
        assert int(refused.headers["Retry-After"]) >= 30
        assert (await client.get(f"/jobs/{job_id}/progress")).status_code == 200
        await apply_progress(module_stores, job_id, 20)
        assert (await held).json()["progress_percent"] == 20


async def test_a_long_poll_never_returns_an_older_state_than_the_client_has(
    stack: Stack, module_stores: Stores, job_id: str
) -> None:
    """The watchers of a job may know a state that is some ticks old; a client that read a newer one waits."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"tick_s": 60.0, "fresh_s": 0.0})
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        (topic,) = service.resources.hub._topics.values()  # noqa: SLF001 -- no public attribute sets it
        topic.read_s -= 61  # as if the last read were longer ago than a tick
        await apply_progress(module_stores, job_id, 20)
        assert (await long_poll(client, job_id, wait_s=0.3)).status_code == 304
        assert (await stream.next() or {})["progress_percent"] == 20  # the fresh read reaches the watchers too


async def test_a_job_that_this_process_has_changed_is_read_at_the_next_tick(
    stack: Stack, module_stores: Stores, job_id: str
) -> None:
    """A cancel reaches the watchers at once, whatever the job's schedule says."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack)
    async with running(settings) as service, service.client() as client, streaming(client, job_id=job_id) as stream:
        await stream.next()
        hub = service.resources.hub
        (topic,) = hub._topics.values()  # noqa: SLF001 -- no public attribute sets it
        topic.due_s += 60
        hub.read_soon(JobKey(job_id))
        await apply_progress(module_stores, job_id, 20)
        assert (await stream.next() or {})["progress_percent"] == 20


async def test_the_streams_of_a_stopping_process_end_one_after_another(
    stack: Stack, module_stores: Stores, job_id: str
) -> None:
    """Their clients reconnect to other processes over that time."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"stop_spread_s": 1.5})
    ends_s: list[float] = []
    async with running(settings) as service, service.client() as client, AsyncExitStack() as streams:
        opened = [await streams.enter_async_context(streaming(client, job_id=job_id)) for _ in range(20)]
        await asyncio.gather(*(each.next() for each in opened))

        async def wait_for_end(at: int) -> None:
            assert await opened[at].next() is None
            ends_s.append(time.monotonic())

        service.server.should_exit = True
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*map(wait_for_end, range(20)))
    assert len({round(end_s, 2) for end_s in ends_s}) > 5


async def test_the_load_is_logged_with_zeros(stack: Stack) -> None:
    """Without samples, target tracking would never remove a task."""
    async with running(service_settings(stack)) as service:
        with capture_logs() as lines:
            held = service.resources
            report = report_load(held.hub, streams=held.streams, long_polls=held.long_polls)
            reporting = asyncio.create_task(report)
            await eventually(lambda: bool(lines))
            reporting.cancel()
    assert lines[0] == {
        "event": "service.load",
        "log_level": "info",
        "streams": 0,
        "long_polls": 0,
        "watched": 0,
        "held_percent": 0.0,
    }
