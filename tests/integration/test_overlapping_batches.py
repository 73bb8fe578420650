"""A poller that handles several batches at the same time receives in turn, and loses no message when it stops."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from local.provision import Stack
from tests.integration.polled_queue import DEADLINE_S, Recorder, message_count, send
from transcode.aws import Aws
from worker.gates import RestGate
from worker.health import HealthFile
from worker.loop import Loop, Poller
from worker.outcomes import Message, Outcome
from worker.queue import Queue, open_queue
from worker.rest import Rest

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient


@dataclass(slots=True)
class Meeting(Recorder):
    """Handles a batch only once this many are handled at the same time."""

    batches: int = 1
    together: int = 0
    met: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Record the messages, and wait for the other batches."""
        self.together += 1
        if self.together >= self.batches:
            self.met.set()
        self.arrived.set()
        self.seen.extend(messages)
        await self.met.wait()
        return {message.message_id: self.decide(message) for message in messages}


@pytest.fixture
async def sqs(aws: Aws) -> "SQSClient":
    """A client of the emulator's SQS."""
    return await aws.sqs()


@pytest.fixture
async def queue(worker_aws: Aws, deploy_stack: Callable[..., Stack]) -> Queue:
    """A queue that no other test reads."""
    stack = await asyncio.to_thread(deploy_stack, {})
    return await open_queue(await worker_aws.sqs(), stack.uploads_queue_url)


async def start_at_once(_messages: int, _handling: "asyncio.Task[None]") -> None:
    """Let the next messages come at once."""


def loop_of(queue: Queue, handler: Meeting, *, batches: int) -> Loop:
    """Return a loop whose poller takes one message at a time, and handles so many of them together."""
    gate = RestGate(rest=Rest(), limit=1)
    poller = Poller(queue=queue, handler=handler, gate=gate, batches=batches, started=start_at_once)
    return Loop(pollers=[poller], stop_grace_s=0.2, health_file=HealthFile(None, clock=time.time))


async def test_the_next_batch_comes_while_the_last_one_is_handled(sqs: "SQSClient", queue: Queue) -> None:
    """Three batches wait for each other, and are then done."""
    handler, stop = Meeting(batches=3), asyncio.Event()
    await send(sqs, queue, "a", "b", "c")
    running = asyncio.create_task(loop_of(queue, handler, batches=3).run(stop))
    async with asyncio.timeout(DEADLINE_S):
        await handler.met.wait()
        while await message_count(sqs, queue.url):  # noqa: ASYNC110 -- a state of the emulator, with a deadline
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, DEADLINE_S)
    assert sorted(message.body for message in handler.seen) == ["a", "b", "c"]


async def test_no_more_batches_are_handled_than_allowed_and_a_stop_releases_all(sqs: "SQSClient", queue: Queue) -> None:
    """Two of three messages are in hand; after the stop, all three can be received at once."""
    handler, stop = Meeting(batches=3), asyncio.Event()
    await send(sqs, queue, "a", "b", "c")
    running = asyncio.create_task(loop_of(queue, handler, batches=2).run(stop))
    async with asyncio.timeout(DEADLINE_S):
        while handler.together < 2:  # noqa: ASYNC110 -- with a deadline
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, DEADLINE_S)
    assert handler.together == 2
    assert len(handler.released) == 2
    received = await sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    assert sorted(each["Body"] for each in received["Messages"]) == ["a", "b", "c"]
