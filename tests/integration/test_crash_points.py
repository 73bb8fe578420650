"""A worker that dies before or after any one of its calls to AWS: the next delivery finishes what it began.

Not a sample of moments but all of them: between two calls a process changes nothing that outlives it.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
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
from worker.assembly import open_handler
from worker.batch import BatchHandler
from worker.outcomes import Done, Message

MOST_CALLS = 12
"""More than a worker makes for one message."""
LEASE_S = 3


class DeathError(BaseException):
    """The worker is gone: nothing catches this, as nothing catches SIGKILL."""


@dataclass(slots=True)
class Executioner:
    """Lets so many calls pass, and kills before or after the next."""

    calls_left: int
    is_before: bool
    killed_at: str | None = None
    in_flight: int = 0

    def watch(self, client: Any) -> None:  # noqa: ANN401 -- any service's client
        """Have a say in each of the client's calls."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, model: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's
        if self.killed_at is not None:
            raise DeathError  # what ran beside it dies with it
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
    """Opens clients whose every call the executioner sees."""

    def __init__(self, aws: Aws, executioner: Executioner) -> None:
        self._aws = aws
        self._executioner = executioner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whichever client is asked for
        async def _open(**arguments: object) -> object:
            client = await getattr(self._aws, name)(**arguments)
            self._executioner.watch(client)
            return client

        return _open


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where workers live and die."""

    aws: Aws
    stack: Stack
    mediaconvert: str

    async def worker(self, executioner: Executioner | None = None) -> BatchHandler:
        """A worker's handler with clients of its own, with or without somebody who kills it."""
        settings = worker_settings(self.stack, self.mediaconvert).model_copy(update={"claim_lease_s": LEASE_S})
        watched: Any = WatchedAws(self.aws, executioner) if executioner else self.aws
        return await open_handler(watched, settings)

    async def dies_at(self, message: Message, call: int, *, is_before: bool) -> str | None:
        """Handle the message until the given call, and give that call's name; None where there are not so many."""
        executioner = Executioner(call, is_before)
        handler = await self.worker(executioner)
        try:
            await handler.handle([message])
        except DeathError:
            while executioner.in_flight:  # noqa: ASYNC110 -- what was asked beside it is answered before the test ends
                await asyncio.sleep(0.01)
            return executioner.killed_at
        return None


@pytest.fixture
def place(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Place:
    """The shared pipeline; one session, because loading the services' models takes longer than the deaths."""
    return Place(aws=worker_aws, stack=stack, mediaconvert=mediaconvert_endpoint)


@pytest.fixture
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """MediaConvert has forgotten the request token, as it does after a minute."""
    monkeypatch.setattr(emulator_store, "TOKEN_TTL_MS", 0)


@pytest.mark.usefixtures("_forgetful")
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_wherever_a_worker_dies_an_upload_has_one_job_and_its_key_fits(
    place: Place, stack: Stack, *, is_before: bool
) -> None:
    """Claim, template, job, record, key row, status row, lookup row: a death at each, then one more delivery."""
    messages = [object_created(stack, f"uploads/{secrets.token_hex(8)}/clip.mp4") for _ in range(MOST_CALLS)]
    died_at = await asyncio.gather(
        *(place.dies_at(message, call, is_before=is_before) for call, message in enumerate(messages))
    )
    await asyncio.gather(*(expect_one_job(place, message) for message in messages))
    assert {"PutItem", "CreateJob", "UpdateItem"} <= set(died_at)
    assert died_at[-1] is None, "there are more calls than deaths"


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_wherever_a_worker_dies_complete_is_told_only_of_what_plays(
    place: Place, stack: Stack, stores: Stores, aws: Aws, *, is_before: bool
) -> None:
    """Reads, key file, info.json, status: a death at each. What the row says then is true, and so it is at the end."""
    job_ids = [f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}" for _ in range(MOST_CALLS)]
    s3 = await aws.s3()
    for job_id in job_ids:
        await put_submitted_job(stores, job_id)
    died_at = await asyncio.gather(
        *(
            place.dies_at(complete_event(stack, job_id, 9), call, is_before=is_before)
            for call, job_id in enumerate(job_ids)
        )
    )
    for job_id in job_ids:
        if (await read_job(stores, job_id)).status is Status.COMPLETE:
            assert {"clip.key", "info.json"} <= await output_file_names(s3, stack, job_id)
    handler = await place.worker()
    await asyncio.gather(*(handler.handle([complete_event(stack, job_id, 9)]) for job_id in job_ids))
    for job_id in job_ids:
        assert (await read_job(stores, job_id)).status is Status.COMPLETE
        assert {"clip.key", "info.json"} <= await output_file_names(s3, stack, job_id)
    assert died_at.count("PutObject") == 2
    assert died_at[-1] is None, "there are more calls than deaths"


async def expect_one_job(place: Place, message: Message) -> None:
    """Deliver the message until it is done, and see that there is one job, found by its file, with its own key."""
    input_file = json.loads(message.body)["detail"]["object"]["key"]
    until = time.monotonic() + 20 * LEASE_S
    handler = await place.worker()
    while await handler.handle([message]) != {message.message_id: Done()}:
        assert time.monotonic() < until, f"{input_file} is not done"
        await asyncio.sleep(0.2)
    lookup = await handler.submitter.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    destination = await handler.submitter.outputs.get(lookup.job_id, now_s=0)
    status = await handler.submitter.statuses.get(lookup.job_id, now_s=0, consistent=True)
    assert destination is not None
    assert status is not None
    (job,) = await jobs_of(place.mediaconvert, f"s3://{place.stack.input_bucket}/{input_file}")
    assert job["id"] == lookup.job_id
    group = job["settings"]["outputGroups"][0]["outputGroupSettings"]["hlsGroupSettings"]
    assert group["encryption"]["staticKeyProvider"]["staticKeyValue"] == destination.key_value
    assert group["destination"].startswith(f"s3://{place.stack.output_bucket}/{destination.output_path}")


async def jobs_of(mediaconvert: str, address: str) -> list[Mapping[str, Any]]:
    """Every job for the input, however many there are."""
    async with httpx.AsyncClient(base_url=mediaconvert) as client:
        answer = await client.get("/2017-08-29/search", params={"inputFile": address})
    jobs: list[Mapping[str, Any]] = answer.json()["jobs"]
    return jobs
