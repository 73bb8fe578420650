"""A worker dies before or after any one of its AWS calls: every creation, end and deletion is announced all the same.

A pass of reconciliation announces what the dead worker left. The queues of the webhooks and a rule of EventBridge show
what subscribers get.
"""

import asyncio
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from tests.integration.deletion_scene import DeletionScene, delete_message
from tests.integration.job_rows import put_submitted_job, read_job
from tests.integration.killer import Killer, Pipeline
from tests.integration.process_settings import with_webhooks
from tests.integration.queue_messages import complete_event, job_event, object_created
from tests.integration.stores import Stores, open_stores
from transcode.aws import Aws
from transcode.job import Status
from worker.announce import announcer
from worker.announce.event_bus import EVENT_SOURCE
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Message
from worker.reconcile.assembly import open_pass
from worker.reconcile.open_pass import UNANNOUNCED_S
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

MAX_CALLS = 14
"""More AWS calls than a worker makes from the end's write on: the calls before it are those of other crash points."""
UNLIMITED = 1_000_000
SLOTS = ("1", "2", "3")
BUS = "bus"
ENDS: Mapping[str, Callable[[Stack, str], Message]] = {
    "job.complete": lambda stack, job_id: complete_event(stack, job_id, 9),
    "job.error": lambda stack, job_id: job_event(stack, job_id, "ERROR", 9, errorCode=1010, errorMessage="unreadable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribers:
    """The queues of the three endpoints, and a queue that gets the events of the bus."""

    sqs: "SQSClient"
    urls: Mapping[str, str]

    async def received(self) -> Mapping[str, Mapping[tuple[str, str], set[str]]]:
        """Take everything from the queues; return the ids of each type about each job or file, by subscriber."""
        received = await asyncio.gather(*map(self._received, self.urls.values()))
        return dict(zip(self.urls, received, strict=True))

    async def _received(self, url: str) -> Mapping[tuple[str, str], set[str]]:
        ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        while messages := (await self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)).get(
            "Messages", []
        ):
            for each in messages:
                kind, content = _announced(json.loads(each["Body"]))
                for subject in (content["job"]["job_id"], content["job"]["input_file"]):
                    ids[kind, subject].add(content["id"])
                await self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return ids


def _announced(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the type and the content of an announcement in a webhook's queue, or from EventBridge."""
    if "detail-type" in message:
        return message["detail-type"].lower().replace(" ", "."), message["detail"]
    body = json.loads(message["body"])
    return body["type"], body["data"]


@dataclass(frozen=True, kw_only=True)
class AnnouncingPipeline(Pipeline):
    """A pipeline with subscribers, whose deletions end in one delivery, however slow the machine is."""

    def settings(self) -> WorkerSettings:
        """Return the settings, with three endpoints and a bus."""
        return with_webhooks(super().settings(), self.stack, announce_event_bus="default")

    async def worker(self, killer: Killer | None = None, *, is_intake: bool = False) -> DeliveryHandler:
        """Return a new worker's handler."""
        handler = await super().worker(killer, is_intake=is_intake)
        deleter = replace(handler.batch.deleter, work_clock=lambda: 0.0)
        return replace(handler, batch=replace(handler.batch, deleter=deleter))

    async def reconcile(self) -> int:
        """Run the next worker's pass, two minutes later; return the number of announcements."""
        each_pass = await open_pass(self.aws, self.settings(), await self.worker(), quiet_s=None)
        later = replace(each_pass, overdue_s=10**8, clock=lambda: time.time() + UNANNOUNCED_S + 1)
        return (await later.run()).announced

    async def die_at_the_last_calls(self, messages: Sequence[Message], *, is_before: bool) -> list[str | None]:
        """Handle each message with a worker that dies at another one of its last calls; return their operations.

        The worker of the last message makes all its calls: the others die at so many calls before its end.
        """
        counting = Killer(UNLIMITED, is_before)
        handler = await self.worker(counting)
        *dying, last = messages
        assert await handler.handle([last]) == {last.message_id: Done()}
        first = max(0, UNLIMITED - counting.calls_left - len(dying))
        deaths = [self.dies_at(each, call, is_before=is_before) for call, each in enumerate(dying, first)]
        return [*await asyncio.gather(*deaths), None]


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
    events, sqs, name = await aws.events(), await aws.sqs(), f"announced-{secrets.token_hex(4)}"
    url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
    attributes = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    await events.put_rule(Name=name, EventPattern=json.dumps({"source": [EVENT_SOURCE]}))
    await events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": attributes["Attributes"]["QueueArn"]}])
    urls = {slot: str(getattr(own_stack, f"webhook_{slot}_queue_url")) for slot in SLOTS}
    return Subscribers(sqs=sqs, urls={**urls, BUS: url})


async def expect_announced(
    subscribers: Subscribers, kind: str, subjects: Sequence[str], *, died_at: Sequence[str | None]
) -> None:
    """Check that every subscriber got this type about each job or file, with one id in all repetitions."""
    received = await subscribers.received()
    for name, ids in received.items():
        for subject, death in zip(subjects, died_at, strict=True):
            assert len(ids.get((kind, subject), set())) == 1, (name, death, ids.get((kind, subject)))
    ids_of_all = [{each for ids in received[name].values() for each in ids} for name in received]
    assert len({frozenset(ids) for ids in ids_of_all}) == 1, "the ids differ between the subscribers"


def expect_deaths(died_at: Sequence[str | None], *operations: str, is_before: bool) -> None:
    """Check that a worker died at these operations, and while it sent."""
    assert set(operations) <= set(died_at)
    sends = {"PutEvents", "SendMessage"}
    # All sends begin together. A worker that dies after one of them dies at the first that ends.
    assert sends <= set(died_at) if is_before else sends & set(died_at)


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
    await expect_announced(subscribers, kind, job_ids, died_at=died_at)
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
    await expect_announced(subscribers, "job.submitted", files, died_at=died_at)
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
    await expect_announced(subscribers, "upload.deleted", files, died_at=died_at)
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
