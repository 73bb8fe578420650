"""The streams and long polls of one caller: their number, and their end with the caller's token."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

from local.provision import Stack
from service.access.tokens import LEEWAY_S
from service.settings import ServiceSettings
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.live_jobs import apply_progress, eventually, long_poll
from tests.integration.process_settings import service_settings
from tests.integration.serving import running, streaming
from tests.integration.stores import Stores
from transcode.job import Job

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture
def settings(stack: Stack, issuer: LittleIssuer) -> ServiceSettings:
    """Access is on, and a caller may have two streams and one long poll."""
    return service_settings(stack).model_copy(
        update={
            "auth_issuer": issuer.url,
            "auth_audience": AUDIENCE,
            "max_streams_per_caller": 2,
            "max_long_polls_per_caller": 1,
        }
    )


async def job_of(stores: Stores, job_id: str, owner: str) -> str:
    """Write a running job of this owner, and return its id."""
    await stores.statuses.submit(Job(job_id=job_id, owner=owner), now_s=int(time.time()))
    await apply_progress(stores, job_id, 10)
    return job_id


def signed_in(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    """Return the client, which sends this token from now on."""
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def test_one_caller_cannot_take_the_streams_of_others(
    settings: ServiceSettings, issuer: LittleIssuer, module_stores: Stores, job_id: str
) -> None:
    """429 with the time to retry; another caller is served, and a place that becomes free is used again."""
    of_ada, of_bob = [await job_of(module_stores, f"{job_id}-{name}", name) for name in ("ada", "bob")]
    async with running(settings) as service, service.client() as client, service.client() as other:
        signed_in(client, issuer.token("ada"))
        async with AsyncExitStack() as streams:
            for _ in range(2):
                stream = await streams.enter_async_context(streaming(client, job_id=of_ada))
                await stream.next()
            refused = await client.get("/events", params={"job_id": of_ada})
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams_of_caller")
            assert 30 <= int(refused.headers["Retry-After"]) <= 90
            async with streaming(signed_in(other, issuer.token("bob")), job_id=of_bob) as stream:
                assert await stream.next()
        await eventually(lambda: service.resources.streams.held == 0)
        async with streaming(client, job_id=of_ada) as stream:
            assert await stream.next()


async def test_one_caller_cannot_take_the_long_polls_of_others(
    settings: ServiceSettings, issuer: LittleIssuer, module_stores: Stores, job_id: str
) -> None:
    """429 with the time to retry; a poll without `wait_s` works, and so does another caller's."""
    of_ada, of_bob = [await job_of(module_stores, f"{job_id}-{name}", name) for name in ("ada", "bob")]
    async with running(settings) as service, service.client() as client, service.client() as other:
        signed_in(client, issuer.token("ada"))
        held = asyncio.create_task(long_poll(client, of_ada))
        await eventually(lambda: service.resources.long_polls.held == 1)
        refused = await long_poll(client, of_ada)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_long_polls_of_caller")
        assert int(refused.headers["Retry-After"]) >= 30
        assert (await client.get(f"/jobs/{of_ada}/progress")).status_code == 200
        assert (await long_poll(signed_in(other, issuer.token("bob")), of_bob, wait_s=0.1)).status_code == 304
        await apply_progress(module_stores, of_ada, 20)
        assert (await held).json()["progress_percent"] == 20


async def test_without_access_control_a_caller_is_an_address(stack: Stack, module_stores: Stores, job_id: str) -> None:
    """A forged X-Forwarded-For from this machine doesn't make a new caller; a named proxy's does."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"max_streams_per_caller": 1})
    for proxies, expected in (("", 429), ("127.0.0.1", 200)):
        chosen = settings.model_copy(update={"forwarded_allow_ips": proxies})
        async with (
            running(chosen) as service,
            service.client() as client,
            streaming(client, job_id=job_id) as stream,
        ):
            await stream.next()
            headers = {"X-Forwarded-For": "203.0.113.9"}
            async with client.stream("GET", "/events", params={"job_id": job_id}, headers=headers) as response:
                assert response.status_code == expected


async def test_a_stream_ends_with_its_token_and_resumes_with_a_new_one(
    settings: ServiceSettings, issuer: LittleIssuer, module_stores: Stores, job_id: str
) -> None:
    """The token's `exp` and the tolerance count; the client then gets only what it missed."""
    of_ada = await job_of(module_stores, job_id, "ada")
    old, now_s = issuer.token("ada", exp=int(time.time()) + 3_600), time.time()
    chosen = settings.model_copy(update={"heartbeat_s": 300.0})

    def clock() -> float:
        return time.time() + 3_600 + LEEWAY_S - 0.5

    async with running(chosen, clock=clock) as service, service.client() as client:
        async with streaming(signed_in(client, old), job_id=of_ada) as stream:
            assert (await stream.next() or {})["progress_percent"] == 10
            assert await stream.next() is None
        await apply_progress(module_stores, of_ada, 20)
        signed_in(client, issuer.token("ada", exp=int(now_s) + 9_000))
        async with streaming(client, stream.ids[-1], job_id=of_ada) as resumed:
            assert (await resumed.next() or {})["progress_percent"] == 20


async def test_a_long_poll_ends_with_its_token(
    settings: ServiceSettings, issuer: LittleIssuer, module_stores: Stores, job_id: str
) -> None:
    """The service responds at once, and the next request needs a new token."""
    of_ada = await job_of(module_stores, job_id, "ada")
    token = issuer.token("ada", exp=int(time.time()) + 3_600)
    async with (
        running(settings, clock=lambda: time.time() + 3_600 + LEEWAY_S) as service,
        service.client() as client,
    ):
        client.timeout = httpx.Timeout(10)  # shorter than the wait
        assert (await long_poll(signed_in(client, token), of_ada)).status_code == 304
