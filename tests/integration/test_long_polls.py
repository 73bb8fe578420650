"""Long polls: when they wait, and when they end."""

import asyncio
import secrets
import time

import httpx
import pytest

from local.provision import Stack
from tests.integration.live_jobs import apply_complete, apply_progress, eventually, long_poll
from tests.integration.process_settings import service_settings
from tests.integration.serving import DEADLINE_S, Running, running
from tests.integration.stores import Stores
from transcode.job import JobWarning, WarningRaised

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_long_poll_is_answered_when_the_job_moves(
    live_service: Running, live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """It waits while nothing is new; a warning is nothing new, because progress doesn't show it."""
    await apply_progress(module_stores, job_id, 10)
    poll = asyncio.create_task(long_poll(live_client, job_id))
    await eventually(lambda: live_service.resources.hub.watcher_count == 1)
    warning = WarningRaised(job_id=job_id, time_ms=11, warning=JobWarning(code=1))
    await module_stores.statuses.advance(warning, now_s=int(time.time()))
    await apply_progress(module_stores, job_id, 20)
    response = await poll
    assert (response.status_code, response.json()["progress_percent"]) == (200, 20)
    assert live_service.resources.hub.watcher_count == 0


async def test_a_long_poll_ends_with_304(
    live_service: Running, live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """After `wait_s` for a running job, at once for a finished one."""
    await apply_progress(module_stores, job_id, 10)
    began_s = time.monotonic()
    assert (await long_poll(live_client, job_id, wait_s=0.3)).status_code == 304
    assert time.monotonic() - began_s >= 0.3
    await apply_complete(module_stores, job_id)
    live_service.resources.reader.invalidate()  # else the first request may get the cached row
    assert (await long_poll(live_client, job_id)).status_code == 304
    assert time.monotonic() - began_s < DEADLINE_S


@pytest.mark.parametrize(("max_wait_s", "at_least_s"), [(0, 0), (0.3, 0.3)])
async def test_no_long_poll_is_held_for_longer_than_the_setting(
    stack: Stack, module_stores: Stores, job_id: str, max_wait_s: float, at_least_s: float
) -> None:
    """In an account with ten concurrent executions on Lambda, a few open pages would hold them all."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"max_wait_s": max_wait_s})
    async with running(settings) as limited, limited.client() as client:
        began_s = time.monotonic()
        assert (await long_poll(client, job_id, wait_s=20)).status_code == 304
        assert at_least_s <= time.monotonic() - began_s < DEADLINE_S / 2


async def test_a_long_poll_without_a_valid_etag_does_not_wait(
    live_client: httpx.AsyncClient, module_stores: Stores, job_id: str
) -> None:
    """`wait_s` without an ETag, or with an outdated one, does not wait."""
    await apply_progress(module_stores, job_id, 10)
    path = f"/jobs/{job_id}/progress?wait_s=20"
    responses = [await live_client.get(path), await live_client.get(path, headers={"If-None-Match": '"old"'})]
    assert [each.status_code for each in responses] == [200, 200]


async def test_a_long_poll_ends_when_its_client_disconnects(
    live_service: Running, module_stores: Stores, job_id: str
) -> None:
    """The watcher ends with the connection, not with the end of the wait."""
    await apply_progress(module_stores, job_id, 10)
    async with live_service.client() as client:
        poll = asyncio.create_task(long_poll(client, job_id))
        await eventually(lambda: live_service.resources.hub.watcher_count == 1)
        poll.cancel()
    await asyncio.wait_for(eventually(lambda: live_service.resources.hub.watcher_count == 0), 5)


@pytest.mark.parametrize(
    ("path", "field"), [("?wait_s=21", "wait_s"), ("?wait_s=-1", "wait_s"), ("?wait_s=x", "wait_s")]
)
async def test_a_wrong_wait_is_refused_by_name(live_client: httpx.AsyncClient, path: str, field: str) -> None:
    """422 with the parameter's name."""
    response = await live_client.get(f"/jobs/1-{secrets.token_hex(3)}/progress{path}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in response.text
