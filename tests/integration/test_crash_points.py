"""A worker dies before or after any one of its AWS calls: the next delivery finishes the work.

These tests cover all moments, because between two calls a process changes nothing that survives it.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from tests.integration.job_rows import output_file_names, put_submitted_job, read_job
from tests.integration.process_settings import worker_settings
from tests.integration.queue_messages import complete_event, object_created
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.job import Status
from worker.assembly import open_handler, open_intake
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Message
from worker.queue import open_queue
from worker.settings import WorkerSettings

MAX_CALLS = 14
"""More AWS calls than a worker makes for one message."""
LEASE_S = 8
LONGEST_CALL_S = 10
"""A call that gets no response ends without an event of the client."""


class DeathError(BaseException):
    """The worker died. No code catches this exception, as no code catches SIGKILL."""


@dataclass(slots=True)
class Killer:
    """Lets a number of calls pass, and kills the worker before or after the next one."""

    calls_left: int
    is_before: bool
    killed_at: str | None = None
    in_flight: int = 0

    def watch(self, client: Any) -> None:  # noqa: ANN401 -- any service's client
        """Watch each call of the client."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, model: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's
        if self.killed_at is not None:
            raise DeathError  # concurrent calls die with the worker
        self.calls_left -= 1
        if self.calls_left < 0 and self.is_before:
            self._kill(model)
        self.in_flight += 1

    def _after(self, model: Any, **_: object) -> None:  # noqa: ANN401
        self.in_flight -= 1
        if self.killed_at is not None or (self.calls_left < 0 and not self.is_before):
            self._kill(model)

    def _kill(self, model: Any) -> None:  # noqa: ANN401
        self.killed_at = self.killed_at or model.name
        raise DeathError


class WatchedAws:
    """Opens clients whose calls the killer watches."""

    def __init__(self, aws: Aws, killer: Killer) -> None:
        self._aws = aws
        self._executioner = killer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a method that opens a client
        async def _open(**arguments: object) -> object:
            client = await getattr(self._aws, name)(**arguments)
            self._executioner.watch(client)
            return client

        return _open


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline on which workers start and die."""

    aws: Aws
    stack: Stack
    mediaconvert: str

    def settings(self) -> WorkerSettings:
        """Return the workers' settings."""
        return worker_settings(self.stack, self.mediaconvert).model_copy(update={"claim_lease_s": LEASE_S})

    async def worker(self, killer: Killer | None = None, *, is_intake: bool = False) -> DeliveryHandler:
        """Return a new worker's handler; the killer, if there is one, watches its clients."""
        settings = self.settings()
        watched: Any = WatchedAws(self.aws, killer) if killer else self.aws
        handler = await open_handler(watched, settings)
        return await open_intake(watched, settings, handler) if is_intake else handler

    async def dies_at(self, message: Message, call: int, *, is_before: bool, is_intake: bool = False) -> str | None:
        """Handle the message and die at the given call; return the operation, or None if there were fewer calls."""
        killer = Killer(call, is_before)
        handler = await self.worker(killer, is_intake=is_intake)
        try:
            await handler.handle([message])
        except DeathError:
            until = time.monotonic() + LONGEST_CALL_S
            while killer.in_flight and time.monotonic() < until:  # noqa: ASYNC110 -- concurrent calls end first
                await asyncio.sleep(0.01)
            return killer.killed_at
        return None

    async def finish(self, message: Message) -> DeliveryHandler:
        """Deliver the message to a new worker until it is done, and return the worker's handler."""
        handler, deadline_s = await self.worker(), time.monotonic() + 20 * LEASE_S
        while await handler.handle([message]) != {message.message_id: Done()}:
            assert time.monotonic() < deadline_s, f"{message.body} is not done"
            await asyncio.sleep(0.2)
        return handler


@pytest.fixture
def pipeline(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Pipeline:
    """The shared pipeline, with one session for all workers, because loading the service models takes long."""
    return Pipeline(aws=worker_aws, stack=stack, mediaconvert=mediaconvert_endpoint)


@pytest.fixture
def _no_request_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MediaConvert forget request tokens at once, as it does after a minute."""
    monkeypatch.setattr(emulator_store, "TOKEN_TTL_MS", 0)


@pytest.mark.usefixtures("_no_request_tokens")
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_an_upload_has_one_job_with_its_own_key_wherever_a_worker_dies(
    pipeline: Pipeline, stack: Stack, *, is_before: bool
) -> None:
    """A worker dies at each call: claim, template, probe, job, record, key row, status row, lookup row."""
    messages = [object_created(stack, f"uploads/{secrets.token_hex(8)}/clip.mp4") for _ in range(MAX_CALLS)]
    died_at = await asyncio.gather(
        *(pipeline.dies_at(message, call, is_before=is_before) for call, message in enumerate(messages))
    )
    await asyncio.gather(*(expect_one_job(pipeline, message) for message in messages))
    assert {"PutItem", "CreateJob", "UpdateItem"} <= set(died_at)
    assert died_at[-1] is None, "there are more calls than deaths"


@pytest.mark.usefixtures("_no_request_tokens")
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_an_upload_has_one_job_wherever_a_worker_dies_at_intake(
    pipeline: Pipeline, deploy_stack: Callable[..., Stack], *, is_before: bool
) -> None:
    """A worker dies at each call: claim, QUEUED, the message to the submission queue. Each message there is handled."""
    own = replace(pipeline, stack=deploy_stack({}))
    messages = [object_created(own.stack, f"uploads/{secrets.token_hex(8)}/clip.mp4") for _ in range(5)]
    died_at = [
        await own.dies_at(message, call, is_before=is_before, is_intake=True) for call, message in enumerate(messages)
    ]
    intake = await own.worker(is_intake=True)
    for message in messages:
        assert await intake.handle([message]) == {message.message_id: Done()}
    queue = await open_queue(await own.aws.sqs(), own.stack.submission_queue_url)
    queued: list[Message] = []
    while received := await queue.receive(wait_s=1):
        queued += received
    assert len(queued) == len(messages) + (2 if is_before else 3)  # some workers sent the message and lived, or died
    for message in queued:
        await expect_one_job(own, message)
    assert died_at == ["PutItem", "UpdateItem", "SendMessage", None, None]


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_a_complete_job_can_be_played_wherever_a_worker_dies(
    pipeline: Pipeline, stack: Stack, stores: Stores, aws: Aws, *, is_before: bool
) -> None:
    """A worker dies at each call: reads, key file, info.json, status. The row is always correct."""
    job_ids = [f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}" for _ in range(MAX_CALLS)]
    s3 = await aws.s3()
    for job_id in job_ids:
        await put_submitted_job(stores, job_id)
    died_at = await asyncio.gather(
        *(
            pipeline.dies_at(complete_event(stack, job_id, 9), call, is_before=is_before)
            for call, job_id in enumerate(job_ids)
        )
    )
    for job_id in job_ids:
        if (await read_job(stores, job_id)).status is Status.COMPLETE:
            assert {"clip.key", "info.json"} <= await output_file_names(s3, stack, job_id)
    handler = await pipeline.worker()
    await asyncio.gather(*(handler.handle([complete_event(stack, job_id, 9)]) for job_id in job_ids))
    for job_id in job_ids:
        assert (await read_job(stores, job_id)).status is Status.COMPLETE
        assert {"clip.key", "info.json"} <= await output_file_names(s3, stack, job_id)
    assert died_at.count("PutObject") == 2
    assert died_at[-1] is None, "there are more calls than deaths"


async def expect_one_job(pipeline: Pipeline, message: Message) -> None:
    """Deliver the message until it is done; check that the file has one job, with its own key."""
    input_file = json.loads(message.body)["detail"]["object"]["key"]
    handler = await pipeline.finish(message)
    lookup = await handler.submitter.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    destination = await handler.submitter.key_table.get(lookup.job_id, now_s=0)
    status = await handler.submitter.statuses.get(lookup.job_id, now_s=0, consistent=True)
    assert destination is not None
    assert status is not None
    (job,) = await jobs_of(pipeline.mediaconvert, f"s3://{pipeline.stack.input_bucket}/{input_file}")
    assert job["id"] == lookup.job_id
    group = job["settings"]["outputGroups"][0]["outputGroupSettings"]["hlsGroupSettings"]
    assert group["encryption"]["staticKeyProvider"]["staticKeyValue"] == destination.key_value
    assert group["destination"].startswith(f"s3://{pipeline.stack.output_bucket}/{destination.output_path}")


async def jobs_of(mediaconvert: str, s3_uri: str) -> list[Mapping[str, Any]]:
    """Return all jobs of the input."""
    async with httpx.AsyncClient(base_url=mediaconvert) as client:
        response = await client.get("/2017-08-29/search", params={"inputFile": s3_uri})
    jobs: list[Mapping[str, Any]] = response.json()["jobs"]
    return jobs
