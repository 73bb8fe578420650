"""A worker dies before or after any one of its AWS calls: every creation, end and deletion is announced all the same.

A pass of reconciliation announces what the dead worker left. The queues of the webhooks and a rule of EventBridge show
what subscribers get.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from tests.integration.announcing_pipeline import (
    MAX_CALLS,
    AnnouncingPipeline,
    Subscribers,
    expect_deaths,
    open_subscribers,
)
from tests.integration.deletion_scene import DeletionScene, delete_message
from tests.integration.job_rows import put_submitted_job, read_job
from tests.integration.killer import Pipeline
from tests.integration.queue_messages import complete_event, job_event, object_created
from tests.integration.stores import Stores, open_stores
from transcode.aws import Aws
from transcode.job import Status
from worker.announce import announcer
from worker.outcomes import Done, Message

ENDS: Mapping[str, Callable[[Stack, str], Message]] = {
    "job.complete": lambda stack, job_id: complete_event(stack, job_id, 9),
    "job.error": lambda stack, job_id: job_event(stack, job_id, "ERROR", 9, errorCode=1010, errorMessage="unreadable"),
    "job.canceled": lambda stack, job_id: job_event(stack, job_id, "CANCELED", 9),
}


@pytest.fixture(autouse=True)
def _no_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker send until it dies, however slow the machine is."""
    monkeypatch.setattr(announcer, "TIMEOUT_S", 600)


@pytest.fixture(scope="module")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline whose queues only these tests use. Each takes everything from them."""
    return deploy_stack({})


@pytest.fixture
def pipeline(worker_aws: Aws, own_stack: Stack, mediaconvert_endpoint: str) -> AnnouncingPipeline:
    """The pipeline on which workers die."""
    return AnnouncingPipeline(aws=worker_aws, stack=own_stack, mediaconvert=mediaconvert_endpoint)


@pytest.fixture
async def own_stores(own_stack: Stack, shared_aws: Aws, worker_aws: Aws) -> Stores:
    """The pipeline's tables."""
    return await open_stores(own_stack, shared_aws=shared_aws, worker_aws=worker_aws)


@pytest.fixture
async def subscribers(aws: Aws, own_stack: Stack) -> Subscribers:
    """The endpoints' queues, and a queue behind a rule with our source."""
    return await open_subscribers(aws, own_stack)


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("kind", ENDS)
async def test_the_end_of_a_job_is_announced_wherever_a_worker_dies(
    pipeline: AnnouncingPipeline, own_stores: Stores, subscribers: Subscribers, kind: str, *, is_before: bool
) -> None:
    """A death at the end's write, PutEvents, each SendMessage, the removed mark. A written end comes once."""
    job_ids = [f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}" for _ in range(MAX_CALLS)]
    for job_id in job_ids:
        await put_submitted_job(own_stores, job_id)
    events = [ENDS[kind](pipeline.stack, job_id) for job_id in job_ids]
    died_at = await pipeline.die_at_the_last_calls(events, is_before=is_before)
    jobs = [await read_job(own_stores, job_id) for job_id in job_ids]
    handler = await pipeline.worker()
    for job, event in zip(jobs, events, strict=True):
        if not job.status.is_final:
            assert await handler.handle([event]) == {event.message_id: Done()}
    await pipeline.reconcile()
    await subscribers.expect(kind, job_ids, died_at=died_at)
    assert await pipeline.reconcile() == 0, "nothing is announced again once its mark is removed"
    expect_deaths(died_at, "UpdateItem", is_before=is_before)


async def test_the_creation_of_a_job_is_announced_wherever_a_worker_dies(
    pipeline: AnnouncingPipeline, own_stores: Stores, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A death before CreateJob, the job's row, and each call of the announcement; then a second delivery."""
    monkeypatch.setattr(emulator_store, "TOKEN_TTL_MS", 0)
    files = [f"uploads/{secrets.token_hex(8)}/clip.mp4" for _ in range(MAX_CALLS)]
    messages = [object_created(pipeline.stack, each) for each in files]
    died_at = await pipeline.die_at_the_last_calls(messages, is_before=True)
    await asyncio.gather(*(pipeline.finish(message) for message in messages))
    await pipeline.reconcile()
    await subscribers.expect("job.submitted", files, died_at=died_at)
    statuses = [await own_stores.lookups.get(each, now_s=int(time.time()), consistent=True) for each in files]
    assert all(each is not None and each.job_id is not None for each in statuses)
    expect_deaths(died_at, "UpdateItem", is_before=True)


async def test_the_deletion_of_an_upload_is_announced_wherever_a_worker_dies(
    pipeline: AnnouncingPipeline, own_stores: Stores, subscribers: Subscribers, aws: Aws
) -> None:
    """A death before the outbox row, the tombstones, and each call of the announcement; then a second delivery."""
    first = DeletionScene(stack=pipeline.stack, stores=own_stores, aws=aws, input_file="")
    files = [f"uploads/{secrets.token_hex(8)}/clip.mp4" for _ in range(MAX_CALLS)]
    scenes = [replace(first, input_file=each) for each in files]
    await asyncio.gather(*(scene.complete(segments=1) for scene in scenes))
    messages = [delete_message(pipeline.stack, each) for each in files]
    died_at = await pipeline.die_at_the_last_calls(messages, is_before=True)
    handler = await pipeline.worker()
    assert set((await handler.handle(messages)).values()) == {Done()}
    await pipeline.reconcile()
    await subscribers.expect("upload.deleted", files, died_at=died_at)
    expect_deaths(died_at, "UpdateItem", "DeleteItem", is_before=True)


async def test_an_end_whose_mark_is_missing_would_not_be_announced(
    pipeline: AnnouncingPipeline, own_stores: Stores, subscribers: Subscribers, job_id: str
) -> None:
    """The mark is what these proofs rely on: an end that a worker without subscribers wrote stays silent."""
    await put_submitted_job(own_stores, job_id)
    silent = Pipeline(aws=pipeline.aws, stack=pipeline.stack, mediaconvert=pipeline.mediaconvert)
    await (await silent.worker()).handle([complete_event(pipeline.stack, job_id, 9)])
    assert (await read_job(own_stores, job_id)).status is Status.COMPLETE
    assert await pipeline.reconcile() == 0
    assert not any((await subscribers.received()).values())
