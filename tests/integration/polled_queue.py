"""A queue that a worker polls, and a handler that records what it gets."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker.deliveries import Screening
from worker.gates import RestGate
from worker.health import HealthFile
from worker.loop import Loop, Poller
from worker.outcomes import Done, Message, Outcome
from worker.queue import Queue
from worker.rest import Rest

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient


DEADLINE_S = 20


@dataclass(slots=True)
class Recorder:
    """Takes the place of the message handler: records the messages, and returns the outcome that the test decides."""

    decide: Callable[[Message], Outcome] = lambda _: Done()
    takes_s: float = 0
    suspects: frozenset[str] = frozenset()
    """Bodies of the messages that must be handled alone."""
    seen: list[Message] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def screen(self, messages: Sequence[Message]) -> Screening:
        """Return the messages, and the suspects apart."""
        return Screening(
            ready=[message for message in messages if message.body not in self.suspects],
            suspects=[message for message in messages if message.body in self.suspects],
        )

    async def handle_alone(self, message: Message) -> Mapping[str, Outcome]:
        """Handle the message, and record that it was alone."""
        self.alone.append(message.body)
        return await self.handle([message])

    async def release(self, messages: Sequence[Message]) -> None:
        """Record the messages that the loop gave back."""
        self.released.extend(message.body for message in messages)

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Record the messages, wait, and decide."""
        self.seen.extend(messages)
        self.batch_sizes.append(len(messages))
        self.arrived.set()
        await asyncio.sleep(self.takes_s)
        return {message.message_id: self.decide(message) for message in messages}


async def run_until(
    queue: Queue,
    recorder: Any,  # noqa: ANN401 -- takes the place of the handler
    done: Callable[[], bool],
    *,
    grace_s: float = 5,
    health_file: HealthFile | None = None,
) -> None:
    """Run the loop until the condition holds, then stop it."""
    stop = asyncio.Event()
    health_file = health_file or HealthFile(None, clock=time.time)
    gate = RestGate(rest=Rest(), limit=queue.backlog_batch_size)
    poller = Poller(queue=queue, handler=recorder, gate=gate)
    loop = Loop(pollers=[poller], stop_grace_s=grace_s, health_file=health_file)
    running = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(DEADLINE_S):
        while not done():  # noqa: ASYNC110 -- a condition of any kind, with a deadline
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, DEADLINE_S)


async def message_count(sqs: "SQSClient", url: str) -> int:
    """Return the number of messages in the queue, including hidden ones."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(response["Attributes"][name]) for name in names)


async def send(sqs: "SQSClient", queue: Queue, *bodies: str) -> None:
    """Send messages to the queue."""
    for body in bodies:
        await sqs.send_message(QueueUrl=queue.url, MessageBody=body)


async def send_many(sqs: "SQSClient", queue: Queue, count: int) -> None:
    """Send this many numbered messages to the queue."""
    for at in range(0, count, 10):
        entries: Any = [{"Id": str(number), "MessageBody": str(number)} for number in range(at, min(at + 10, count))]
        await sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
