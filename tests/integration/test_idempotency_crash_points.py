"""The service dies before any one of its AWS calls of a request with an Idempotency-Key: nothing is paid for twice.

A death after a call is the death before the next one. The client gets no response, and repeats its request.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.provision import Stack
from service.app import create_app
from service.aws.idempotency_keys import LOCK_S
from service.aws.lazy_client import LazyClient
from service.settings import ServiceSettings
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.killer import DeathError, Killer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import resources_of, upload_request
from tests.integration.stores import Stores, open_stores
from tests.integration.submitted_jobs import jobs_of
from transcode.aws import Aws
from transcode.job import Failed, Failure, Job, Status
from transcode.job_requested import DETAIL_TYPE
from transcode.lookup import Lookup
from worker.outcomes import Done
from worker.queue import open_queue


@dataclass(slots=True, kw_only=True)
class Clock:
    """The clock of all services of a test, which the test moves."""

    ahead_s: float = 0

    def __call__(self) -> float:
        """Return the time, in Unix seconds."""
        return time.time() + self.ahead_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Starts services on one pipeline, one after another, as a supervisor restarts a process that died."""

    settings: ServiceSettings
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[httpx.AsyncClient]:
        """Run a service inside the block, and yield its client."""
        app = create_app(self.settings, clock=self.clock)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://api") as api,
        ):
            yield api

    async def die(self, path: str, body: object, key: str, *, call: int) -> str | None:
        """Send a request to a service that dies before the call; return the operation, or None if it responded."""
        killer = Killer(call, is_before=True)
        async with self.running() as api:
            await _watch(api, killer)
            try:
                await post(api, path, body, key)
            except BaseException as error:
                if killer.killed_at is None or not _is_death(error):
                    raise
        return killer.killed_at


async def post(api: httpx.AsyncClient, path: str, body: object, key: str) -> httpx.Response:
    """Send a request with the key."""
    return await api.post(path, json=body, headers={"Idempotency-Key": key})


async def _watch(api: httpx.AsyncClient, killer: Killer) -> None:
    """Let the killer watch every client with which a request calls AWS."""
    resources = resources_of(api)
    killer.watch(resources.statuses.client)  # one client of DynamoDB serves all tables
    lazy: list[LazyClient[Any]] = [resources.multipart._client, resources.requests._client]  # noqa: SLF001 -- to watch
    for each in lazy:
        killer.watch(await each.get())


def _is_death(error: BaseException) -> bool:
    """Return whether the death came out of the request, through the task groups of its middleware."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_death, error.exceptions))
    return isinstance(error, DeathError)


@pytest.fixture(scope="module")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline whose queues no other test uses."""
    return deploy_stack({})


@pytest.fixture
def services(own_stack: Stack) -> Services:
    """Services of the pipeline."""
    changes = {"fresh_s": 0.0, "uploads_queue_url": own_stack.uploads_queue_url}
    return Services(settings=service_settings(own_stack).model_copy(update=changes))


@pytest.fixture
async def own_stores(own_stack: Stack, shared_aws: Aws, worker_aws: Aws) -> Stores:
    """The pipeline's tables."""
    return await open_stores(own_stack, shared_aws=shared_aws, worker_aws=worker_aws)


async def test_a_key_makes_one_upload_wherever_the_service_dies(services: Services) -> None:
    """A death before the key's row, the upload's row, the finished key. The repetition gets the upload of the key."""
    died_at: list[str | None] = [""]
    async with services.running() as api:
        while died_at[-1] is not None:
            key, body = secrets.token_hex(8), upload_request(external_id=secrets.token_hex(8))
            died_at.append(await services.die("/uploads", body, key, call=len(died_at) - 1))
            services.clock.ahead_s += LOCK_S + 1
            repeated = [await post(api, "/uploads", body, key) for _ in range(2)]
            assert [each.status_code for each in repeated] == [201, 201], died_at
            files = {each.json()["input_file"] for each in repeated}
            listed = (await api.get("/uploads", params={"external_id": str(body["external_id"])})).json()["data"]
            assert [each["input_file"] for each in listed] == list(files), died_at
    assert {"PutItem", "UpdateItem"} <= set(died_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScene:
    """Files whose jobs failed, and a worker that makes the jobs that the service requests."""

    stack: Stack
    stores: Stores
    aws: Aws
    worker: Pipeline
    mediaconvert: Any

    async def failed_file(self) -> str:
        """Return a file whose job ended in ERROR."""
        input_file, job_id = f"uploads/{secrets.token_hex(8)}/a.mp4", f"1-{secrets.token_hex(6)}"
        await (await self.aws.s3()).put_object(Bucket=self.stack.input_bucket, Key=input_file, Body=b"video")
        now_s = int(time.time()) - 1
        await self.stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s)
        await self.stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=now_s)
        await self.stores.lookups.link(input_file, job_id, claimed_ms=now_s * 1000, now_s=now_s)
        await self.fail(input_file, job_id)
        return input_file

    async def fail(self, input_file: str, job_id: str) -> None:
        """End the job in ERROR."""
        now_s, failure = int(time.time()), Failure(code=1010, message="unreadable")
        await self.stores.statuses.advance(Failed(job_id=job_id, time_ms=9, failure=failure), now_s=now_s)
        await self.stores.lookups.end(input_file, job_id, Status.ERROR, now_s=now_s)

    async def make_requested_jobs(self, input_file: str) -> list[str]:
        """Handle all requests in the uploads queue, and return the ids of MediaConvert's jobs of the file."""
        queue = await open_queue(await self.aws.sqs(), self.stack.uploads_queue_url)
        while received := await queue.receive(wait_s=0):  # the service has sent its messages
            requests = [each for each in received if json.loads(each.body)["detail-type"] == DETAIL_TYPE]
            assert set(await self.worker.take_in(*requests)) <= {Done()}
            await queue.delete(received)
            for message in await self.worker.queued(input_file, len(requests)):
                assert await self.worker.submit(message) == Done()
        return [str(job["Id"]) for job in await jobs_of(self.mediaconvert, self.stack, input_file)]


@pytest.fixture
async def retries(
    own_stack: Stack, own_stores: Stores, aws: Aws, worker_aws: Aws, mediaconvert_endpoint: str
) -> RetryScene:
    """A worker on the pipeline."""
    return RetryScene(
        stack=own_stack,
        stores=own_stores,
        aws=aws,
        worker=await open_pipeline(worker_aws, own_stack, mediaconvert_endpoint),
        mediaconvert=await aws.mediaconvert(endpoint_url=mediaconvert_endpoint),
    )


async def test_a_key_pays_for_one_job_wherever_the_service_dies(services: Services, retries: RetryScene) -> None:
    """A death before the key's row, its target, the counted retry, the message. The job that it made has failed."""
    died_at: list[str | None] = [""]
    async with services.running() as api:
        while died_at[-1] is not None:
            input_file, key = await retries.failed_file(), secrets.token_hex(8)
            body = {"input_file": input_file}
            died_at.append(await services.die("/jobs", body, key, call=len(died_at) - 1))
            for job_id in await retries.make_requested_jobs(input_file):
                await retries.fail(input_file, job_id)
            services.clock.ahead_s += LOCK_S + 1
            repeated = [await post(api, "/jobs", body, key) for _ in range(2)]
            assert [each.status_code for each in repeated] == [202, 202], died_at
            assert len(await retries.make_requested_jobs(input_file)) == 1, died_at
    assert {"PutItem", "UpdateItem", "SendMessage"} <= set(died_at)
