"""A worker dies before or after any one of its AWS calls: the next delivery finishes the work.

These tests cover all moments, because between two calls a process changes nothing that survives it.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from tests.integration.job_rows import output_file_names, put_submitted_job, read_job
from tests.integration.killer import Pipeline
from tests.integration.queue_messages import complete_event, object_created
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.job import Status
from worker.outcomes import Done, Message
from worker.queue import open_queue

MAX_CALLS = 14
"""More AWS calls than a worker makes for one message."""


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
    while received := await queue.receive(wait_s=0):
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
