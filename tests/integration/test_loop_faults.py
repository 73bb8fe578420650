"""The poll loop while calls of SQS fail, and with messages that must be handled alone, on real queues."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from local.provision import Stack
from tests.integration.polled_queue import Recorder, message_count, run_until, send, send_many
from transcode.aws import Aws
from worker.outcomes import Done, GiveUp, Message, Outcome
from worker.queue import Queue, open_queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient


@pytest.fixture
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """Queues that no other test reads; messages are visible again after two seconds."""
    return deploy_stack({"VisibilityTimeoutS": "2"})


@pytest.fixture
async def sqs(aws: Aws) -> "SQSClient":
    """A client of the emulator's SQS."""
    return await aws.sqs()


@pytest.fixture
async def queue(worker_aws: Aws, own_stack: Stack) -> Queue:
    """The uploads queue."""
    return await open_queue(await worker_aws.sqs(), own_stack.uploads_queue_url)


@pytest.fixture
async def flawed_queue(worker_aws: Aws, own_stack: Stack) -> Queue:
    """The uploads queue, on a client whose calls a test makes fail."""
    return await open_queue(await worker_aws.sqs(), own_stack.uploads_queue_url)


def fail(queue: Queue, call: str, *, times: int = 1_000) -> list[None]:
    """Make the call fail so many times; return a list with one entry for each failure so far."""
    failures: list[None] = []

    def _fail(**_: object) -> None:
        if len(failures) < times:
            failures.append(None)
            raise ConnectionError("no route")

    queue.client.meta.events.register(f"before-call.sqs.{call}", _fail)
    return failures


async def test_messages_are_deleted_although_a_heartbeat_failed(sqs: "SQSClient", flawed_queue: Queue) -> None:
    """The worker logs the failure and repeats the call, so that the messages stay hidden."""
    recorder = Recorder(takes_s=4)
    failures = fail(flawed_queue, "ChangeMessageVisibilityBatch", times=1)
    await send_many(sqs, flawed_queue, 12)
    with capture_logs() as lines:
        await run_until(flawed_queue, recorder, lambda: len(recorder.seen) >= 12, grace_s=10)
    assert len(failures) == 1
    assert [line["event"] for line in lines] == ["messages.heartbeat_failed"]
    assert len(recorder.seen) == 12
    assert await message_count(sqs, flawed_queue.url) == 0


async def test_messages_are_deleted_although_every_heartbeat_fails(sqs: "SQSClient", flawed_queue: Queue) -> None:
    """At worst another worker handles them too, which is safe."""
    recorder = Recorder(takes_s=1.5)
    fail(flawed_queue, "ChangeMessageVisibilityBatch")
    await send(sqs, flawed_queue, "one")
    await run_until(flawed_queue, recorder, lambda: len(recorder.seen) >= 1, grace_s=10)
    assert await message_count(sqs, flawed_queue.url) == 0


async def test_handled_messages_are_deleted_although_another_can_not_be_buried(
    sqs: "SQSClient", flawed_queue: Queue
) -> None:
    """The message that can't be sent to the dead-letter queue is delivered again."""
    recorder = Recorder(decide=lambda each: GiveUp(reason="odd") if each.body == "odd" else Done())
    failures = fail(flawed_queue, "SendMessage", times=1)
    await send(sqs, replace(flawed_queue, client=sqs), "odd", "even")
    await run_until(flawed_queue, recorder, lambda: [each.body for each in recorder.seen].count("odd") == 2)
    assert len(failures) == 1
    assert [each.body for each in recorder.seen].count("even") == 1
    assert await message_count(sqs, flawed_queue.url) == 0
    assert await message_count(sqs, flawed_queue.dead_letter_url) == 1


async def test_a_suspect_is_handled_alone_after_the_others_are_deleted(sqs: "SQSClient", queue: Queue) -> None:
    """If it kills the worker, the others of its batch aren't delivered again."""
    left_at: list[int] = []

    class Killer(Recorder):
        async def handle_alone(self, message: Message) -> Mapping[str, Outcome]:
            """Count the messages that are left, and handle this one."""
            left_at.append(await message_count(sqs, queue.url))
            return await Recorder.handle_alone(self, message)

    recorder = Killer(suspects=frozenset({"killer"}))
    await send(sqs, queue, "a", "killer", "b")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 3)
    assert recorder.alone == ["killer"]
    assert await message_count(sqs, queue.url) == 0
    if len(recorder.batch_sizes) == 2:  # SQS delivered all three in one batch
        assert left_at == [1]


async def test_a_stop_records_that_the_worker_did_not_die(sqs: "SQSClient", queue: Queue) -> None:
    """Messages that a stopping worker gives back aren't suspected of killing it."""
    recorder = Recorder(takes_s=3600)
    await send(sqs, queue, "too long")
    await run_until(queue, recorder, recorder.arrived.is_set, grace_s=0.2)
    assert recorder.released == ["too long"]


async def test_a_dead_letter_says_why_and_since_when(sqs: "SQSClient", queue: Queue) -> None:
    """Its age survives the sending, which begins 14 new days for SQS."""
    recorder = Recorder(decide=lambda _: GiveUp(reason="it waited 12 days"))
    before_ms = round(time.time() * 1000)
    await send(sqs, queue, "old")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1)
    answer = await sqs.receive_message(QueueUrl=queue.dead_letter_url, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    (buried,) = answer["Messages"]
    first_seen_ms = int(buried["MessageAttributes"]["FirstSeen"]["StringValue"])
    assert buried["MessageAttributes"]["Reason"]["StringValue"] == "it waited 12 days"
    assert before_ms - 1_000 <= first_seen_ms == recorder.seen[0].sent_ms


@pytest.mark.parametrize(("count", "warnings"), [("5", ["queue.gives_up_early"]), ("1000", [])])
async def test_a_queue_that_gives_up_before_the_worker_is_logged(
    worker_aws: Aws, deploy_stack: Callable[..., Stack], count: str, warnings: list[str]
) -> None:
    """A deployment keeps its parameters, so the redrive policy of an older one may still count deliveries."""
    stack = deploy_stack({"MaxReceiveCount": count})
    with capture_logs() as lines:
        await open_queue(await worker_aws.sqs(), stack.uploads_queue_url)
    assert [line["event"] for line in lines] == warnings
