"""The poll loop on real queues: messages come, are settled, and a stop loses none."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from transcode.aws import Aws
from worker.health import Pulse
from worker.loop import Loop
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry
from worker.queue import Queue, QueueUnusableError, open_queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

DEADLINE_S = 20


@dataclass(slots=True)
class Recorder:
    """Stands where the handler stands: notes what comes, and decides as told."""

    decide: Callable[[Message], Outcome] = lambda _: Done()
    takes_s: float = 0
    seen: list[Message] = field(default_factory=list)
    lots: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Note the messages, take the time, decide."""
        self.seen.extend(messages)
        self.lots.append(len(messages))
        self.arrived.set()
        await asyncio.sleep(self.takes_s)
        return {message.message_id: self.decide(message) for message in messages}


@pytest.fixture
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """Queues that no other test reads, not even with a poll it left behind; messages return after two seconds."""
    return deploy_stack({"VisibilityTimeoutS": "2"})


@pytest.fixture
async def sqs(aws: Aws) -> "SQSClient":
    """A client of the emulator's SQS."""
    return await aws.sqs()


@pytest.fixture
async def worker_sqs(worker_aws: Aws) -> "SQSClient":
    """A worker's SQS client."""
    return await worker_aws.sqs()


@pytest.fixture
async def queue(worker_sqs: "SQSClient", own_stack: Stack) -> Queue:
    """The uploads queue."""
    return await open_queue(worker_sqs, own_stack.uploads_queue_url)


async def run_until(
    queue: Queue,
    recorder: Any,  # noqa: ANN401 -- stands in for the handler
    done: Callable[[], bool],
    *,
    grace_s: float = 5,
    pulse: Pulse | None = None,
) -> None:
    """Run the loop until the condition holds, then stop it."""
    stop = asyncio.Event()
    pulse = pulse or Pulse(None, clock=time.time)
    loop = Loop(queues=[queue], handler=recorder, pollers=1, stop_grace_s=grace_s, pulse=pulse)
    running = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(DEADLINE_S):
        while not done():  # noqa: ASYNC110 -- a condition of any kind, with a deadline
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, DEADLINE_S)


async def left(sqs: "SQSClient", url: str) -> int:
    """Messages in the queue, hidden ones too."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


async def send(sqs: "SQSClient", queue: Queue, *bodies: str) -> None:
    """Put messages into the queue."""
    for body in bodies:
        await sqs.send_message(QueueUrl=queue.url, MessageBody=body)


async def send_many(sqs: "SQSClient", queue: Queue, count: int) -> None:
    """Put so many numbered messages into the queue."""
    for at in range(0, count, 10):
        entries: Any = [{"Id": str(number), "MessageBody": str(number)} for number in range(at, min(at + 10, count))]
        await sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)


async def test_what_is_done_is_deleted(sqs: "SQSClient", queue: Queue) -> None:
    """Twelve messages, in more than one batch, and an empty queue at the end."""
    recorder = Recorder()
    await send(sqs, queue, *(f"m{at}" for at in range(12)))
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 12)
    assert {message.body for message in recorder.seen} == {f"m{at}" for at in range(12)}
    assert await left(sqs, queue.url) == 0


async def test_what_can_never_be_handled_is_buried_with_its_reason(sqs: "SQSClient", queue: Queue) -> None:
    """One look is enough: the dead-letter queue gets the body as it was, and why."""
    recorder = Recorder(decide=lambda _: GiveUp(reason="is not JSON"))
    await send(sqs, queue, "{nonsense")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1)
    answer = await sqs.receive_message(QueueUrl=queue.dead_letter_url, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    (buried,) = answer["Messages"]
    assert buried["Body"] == "{nonsense"
    assert buried["MessageAttributes"]["Reason"]["StringValue"] == "is not JSON"
    assert await left(sqs, queue.url) == 0
    assert len(recorder.seen) == 1


async def test_what_must_wait_comes_again(sqs: "SQSClient", queue: Queue) -> None:
    """The second delivery knows that it is one."""
    recorder = Recorder(decide=lambda each: Done() if each.deliveries > 1 else Retry(reason="busy", delay_s=1))
    await send(sqs, queue, "again")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 2)
    assert [message.deliveries for message in recorder.seen] == [1, 2]
    assert await left(sqs, queue.url) == 0


async def test_a_slow_handler_keeps_its_message(sqs: "SQSClient", queue: Queue) -> None:
    """Handling takes twice the visibility timeout, and nobody else sees the message meanwhile."""
    recorder = Recorder(takes_s=4)
    await send(sqs, queue, "slow")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1, grace_s=8)
    assert len(recorder.seen) == 1
    assert await left(sqs, queue.url) == 0


async def test_a_stop_finishes_what_is_in_hand(sqs: "SQSClient", queue: Queue) -> None:
    """Told to stop in the middle of a message, the loop finishes it first."""
    recorder = Recorder(takes_s=1)
    await send(sqs, queue, "in hand")
    await run_until(queue, recorder, recorder.arrived.is_set)
    assert await left(sqs, queue.url) == 0


async def test_a_stop_gives_back_what_it_can_not_finish(sqs: "SQSClient", queue: Queue) -> None:
    """Past the grace period the message is free at once for another worker."""
    recorder = Recorder(takes_s=3600)
    await send(sqs, queue, "too long")
    await run_until(queue, recorder, recorder.arrived.is_set, grace_s=0.2)
    answer = await sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=1)
    assert [message["Body"] for message in answer.get("Messages", [])] == ["too long"]


async def test_of_a_backlog_a_lot_is_taken_together(sqs: "SQSClient", queue: Queue) -> None:
    """Everything that waits comes at once, and all of it is settled as decided, in batches."""

    def decide(message: Message) -> Outcome:
        return GiveUp(reason="odd") if int(message.body) % 2 else Done()

    recorder = Recorder(decide=decide)
    await send_many(sqs, queue, 70)
    await run_until(replace(queue, lot=1_000), recorder, lambda: len(recorder.seen) >= 70)
    assert recorder.lots == [70]
    assert await left(sqs, queue.url) == 0
    assert await left(sqs, queue.dead_letter_url) == 35


async def test_a_lot_has_an_end(sqs: "SQSClient", queue: Queue) -> None:
    """However long the backlog, a worker takes about so many, and leaves the rest to others meanwhile."""
    recorder = Recorder()
    await send_many(sqs, queue, 200)
    await run_until(replace(queue, lot=60), recorder, lambda: len(recorder.seen) >= 200)
    assert 60 <= recorder.lots[0] < 200
    assert await left(sqs, queue.url) == 0


async def test_a_queue_without_lots_gives_ten_at_most(sqs: "SQSClient", queue: Queue) -> None:
    """Uploads: each is a job to be made, and none waits in the hands of a busy worker."""
    recorder = Recorder()
    await send_many(sqs, queue, 30)
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 30)
    assert max(recorder.lots) == 10


async def test_nothing_waits_for_a_lot(sqs: "SQSClient", queue: Queue) -> None:
    """A message that comes alone is handled alone, without another look at the queue."""
    recorder = Recorder()
    receives: list[object] = []
    queue.client.meta.events.register("before-call.sqs.ReceiveMessage", lambda **_: receives.append(None))
    await send(sqs, queue, "alone")
    await run_until(replace(queue, lot=1_000), recorder, recorder.arrived.is_set)
    assert recorder.lots == [1]
    assert len(receives) <= 2  # the one that brought it, and the next long poll


async def test_a_lot_that_a_stop_cuts_short_is_given_back(
    sqs: "SQSClient", worker_sqs: "SQSClient", deploy_stack: Callable[..., Stack]
) -> None:
    """All of it, not only the first ten, and at once: by itself it would come back after a minute."""
    queue = await open_queue(worker_sqs, deploy_stack().job_events_queue_url)
    recorder = Recorder(takes_s=3600)
    await send_many(sqs, queue, 40)
    await run_until(replace(queue, lot=1_000), recorder, recorder.arrived.is_set, grace_s=0.2)
    returned: set[str] = set()
    async with asyncio.timeout(DEADLINE_S):
        while len(returned) < 40:
            answer = await sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, VisibilityTimeout=60)
            returned |= {message["MessageId"] for message in answer.get("Messages", [])}
    assert returned == {message.message_id for message in recorder.seen}


async def test_a_queue_without_a_dead_letter_queue_is_refused(sqs: "SQSClient", worker_sqs: "SQSClient") -> None:
    """The worker says so at its start, not when the first message must be buried."""
    url = (await sqs.create_queue(QueueName="lonely"))["QueueUrl"]
    with pytest.raises(QueueUnusableError, match="lonely has no dead-letter queue"):
        await open_queue(worker_sqs, url)


async def test_a_queue_that_does_not_answer_is_asked_again(queue: Queue, sqs: "SQSClient") -> None:
    """A poll that fails doesn't end the worker."""
    recorder = Recorder()
    failures = iter([True])

    def fail_once(**_: object) -> None:
        if next(failures, False):
            raise ConnectionError("no route")

    queue.client.meta.events.register("before-call.sqs.ReceiveMessage", fail_once)
    await send(sqs, queue, "after the failure")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1)
    assert recorder.seen


async def test_a_loop_that_goes_round_beats(sqs: "SQSClient", queue: Queue, tmp_path: Path) -> None:
    """The health file is as new as the last message that was handled."""
    clock, health_file = iter(range(100, 1000, 100)), tmp_path / "health"
    pulse = Pulse(health_file, clock=lambda: next(clock))
    await send(sqs, queue, "one")
    await run_until(queue, Recorder(), lambda: health_file.exists() and _beat_s(health_file) >= 200, pulse=pulse)
    assert await left(sqs, queue.url) == 0


async def test_a_loop_that_is_stuck_does_not_beat(sqs: "SQSClient", queue: Queue, tmp_path: Path) -> None:
    """A handler that never returns leaves the file as old as the loop's beginning."""
    clock, health_file, recorder = iter(range(100, 1000, 100)), tmp_path / "health", Recorder(takes_s=3600)
    pulse = Pulse(health_file, clock=lambda: next(clock))
    await send(sqs, queue, "stuck")
    await run_until(queue, recorder, recorder.arrived.is_set, grace_s=0.2, pulse=pulse)
    assert _beat_s(health_file) == 100


def _beat_s(health_file: Path) -> float:
    return health_file.stat().st_mtime
