"""A pipeline with subscribers, on which workers die.

The queues of webhooks and a rule of EventBridge show what subscribers get. A pass of reconciliation announces what a
dead worker left.
"""

import asyncio
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.integration.killer import LEASE_S, Killer, Pipeline
from tests.integration.process_settings import with_webhooks
from tests.integration.stores import Stores, open_stores
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.announce import announcer
from worker.announce.event_bus import EVENT_SOURCE
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, GiveUp, Message
from worker.reconcile.assembly import open_pass
from worker.reconcile.open_pass import UNANNOUNCED_S
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

MAX_CALLS = 14
"""More AWS calls than a worker makes from an end's write on: the calls before it are those of other crash points."""
UNLIMITED = 1_000_000
MAX_WORKERS = 8
"""Workers that run at the same time: with more of them, calls time out on a small machine."""
FINISH_S = 20 * LEASE_S
SLOTS = ("1", "2", "3")
BUS = "bus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribers:
    """The queues of the three endpoints, and a queue that gets the events of the bus."""

    sqs: "SQSClient"
    urls: Mapping[str, str]

    async def received(self) -> Mapping[str, Mapping[tuple[str, str], set[str]]]:
        """Take everything from the queues; return the ids of each type about each job or file, by subscriber."""
        received = await asyncio.gather(*map(self._received, self.urls.values()))
        return dict(zip(self.urls, received, strict=True))

    async def expect(self, kind: str, subjects: Sequence[str], *, died_at: Sequence[str | None]) -> None:
        """Check that every subscriber got this type about each job or file, with one id in all repetitions."""
        received = await self.received()
        for name, ids in received.items():
            for subject, death in zip(subjects, died_at, strict=True):
                assert len(ids.get((kind, subject), set())) == 1, (name, death, ids.get((kind, subject)))
        ids_of_all = [{each for ids in received[name].values() for each in ids} for name in received]
        assert len({frozenset(ids) for ids in ids_of_all}) == 1, "the ids differ between the subscribers"

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


async def open_subscribers(aws: Aws, stack: Stack) -> Subscribers:
    """Return the endpoints' queues, and a new queue behind a rule with our source."""
    events, sqs, name = await aws.events(), await aws.sqs(), f"announced-{secrets.token_hex(4)}"
    url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
    attributes = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    await events.put_rule(Name=name, EventPattern=json.dumps({"source": [EVENT_SOURCE]}))
    await events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": attributes["Attributes"]["QueueArn"]}])
    urls = {slot: str(getattr(stack, f"webhook_{slot}_queue_url")) for slot in SLOTS}
    return Subscribers(sqs=sqs, urls={**urls, BUS: url})


def _announced(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the type and the content of an announcement in a webhook's queue, or from EventBridge."""
    if "detail-type" in message:
        return message["detail-type"].lower().replace(" ", "."), message["detail"]
    body = json.loads(message["body"])
    return body["type"], body["data"]


@dataclass(frozen=True, kw_only=True)
class AnnouncingPipeline(Pipeline):
    """A pipeline with subscribers, whose deletions end in one delivery, however slow the machine is."""

    changes: Mapping[str, object] = field(default_factory=dict)
    """Settings of the workers that differ."""

    def settings(self) -> WorkerSettings:
        """Return the settings, with three endpoints and a bus."""
        settings = with_webhooks(super().settings(), self.stack, announce_event_bus="default")
        return settings.model_copy(update=dict(self.changes))

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

    async def die_at_the_last_calls(
        self,
        messages: Sequence[Message],
        *,
        is_before: bool,
        is_intake: bool = False,
        outcome: type[Done | GiveUp] = Done,
    ) -> list[str | None]:
        """Handle each message with a worker that dies at another one of its last calls; return their operations.

        The worker of the last message makes all its calls, to this outcome: the others die at so many calls before its
        end.
        """
        counting = Killer(UNLIMITED, is_before)
        handler = await self.worker(counting, is_intake=is_intake)
        *dying, last = messages
        assert isinstance((await handler.handle([last]))[last.message_id], outcome)
        first = max(0, UNLIMITED - counting.calls_left - len(dying))
        workers = asyncio.Semaphore(MAX_WORKERS)

        async def die(message: Message, call: int) -> str | None:
            async with workers:
                return await self.dies_at(message, call, is_before=is_before, is_intake=is_intake)

        return [*await asyncio.gather(*(die(each, call) for call, each in enumerate(dying, first))), None]

    async def finish_all(self, messages: Sequence[Message], *, is_intake: bool = False) -> None:
        """Deliver the messages to a new worker until all are done."""
        handler, left, deadline_s = await self.worker(is_intake=is_intake), list(messages), time.monotonic() + FINISH_S
        while outcomes := await handler.handle(left):
            left = [each for each in left if outcomes[each.message_id] != Done()]
            if not left:
                break
            assert time.monotonic() < deadline_s, f"{len(left)} messages are not done"
            await asyncio.sleep(0.2)


def expect_deaths(died_at: Sequence[str | None], *operations: str, is_before: bool) -> None:
    """Check that a worker died at these operations, and while it sent."""
    assert set(operations) <= set(died_at)
    sends = {"PutEvents", "SendMessage"}
    # All sends begin together. A worker that dies after one of them dies at the first that ends.
    assert sends <= set(died_at) if is_before else sends & set(died_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncingScene:
    """A pipeline of a test module's own, with its tables and subscribers, and the test's own clients."""

    pipeline: AnnouncingPipeline
    stores: Stores
    subscribers: Subscribers
    aws: Aws

    async def upload(self, input_file: str) -> Lookup:
        """Return the upload's row."""
        lookup = await self.stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
        assert lookup is not None
        return lookup

    async def announced_files(self, count: int) -> Sequence[str]:
        """Announce so many uploads, and return their input files."""
        files = new_files(count)
        for each in files:
            await self.stores.lookups.announce(Lookup(input_file=each), now_s=int(time.time()))
        return files

    async def jobs(self, input_file: str) -> Sequence[Mapping[str, Any]]:
        """Return MediaConvert's jobs of the file."""
        client = await self.aws.mediaconvert(endpoint_url=self.pipeline.mediaconvert)
        uri = f"s3://{self.pipeline.stack.input_bucket}/{input_file}"
        jobs: Sequence[Mapping[str, Any]] = (await client.search_jobs(InputFile=uri)).get("Jobs", [])
        return jobs

    async def expect_once(self, kind: str, subjects: Sequence[str], *, died_at: Sequence[str | None]) -> None:
        """Run a pass of reconciliation; check that each subject was announced, with one id, and then no more."""
        await self.pipeline.reconcile()
        await self.subscribers.expect(kind, subjects, died_at=died_at)
        assert await self.pipeline.reconcile() == 0


async def open_scene(stack: Stack, mediaconvert: str, *, aws: Aws, shared_aws: Aws, worker_aws: Aws) -> AnnouncingScene:
    """Return the scene on a stack whose queues no other test uses, because it takes everything from them."""
    return AnnouncingScene(
        pipeline=AnnouncingPipeline(aws=worker_aws, stack=stack, mediaconvert=mediaconvert),
        stores=await open_stores(stack, shared_aws=shared_aws, worker_aws=worker_aws),
        subscribers=await open_subscribers(aws, stack),
        aws=aws,
    )


def remove_time_limits(patch: pytest.MonkeyPatch) -> None:
    """Let a worker send until it dies, and let MediaConvert forget request tokens at once."""
    patch.setattr(announcer, "TIMEOUT_S", 600)
    patch.setattr(emulator_store, "TOKEN_TTL_MS", 0)


@contextmanager
def idle_mediaconvert(stack: Stack) -> Iterator[str]:
    """Yield the URL of a MediaConvert emulator that starts no job."""
    templates = (ROOT / "infra" / "job_template.json",)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scheduler, "start", lambda _: None)
        with serving(EmulatorSettings(port=0, aws_endpoint_url=stack.endpoint_url, templates=templates)) as url:
            yield url


def new_files(count: int) -> Sequence[str]:
    """Return input files that no other test has."""
    return [f"uploads/{secrets.token_hex(8)}/clip.mp4" for _ in range(count)]
