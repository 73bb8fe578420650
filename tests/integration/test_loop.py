"""The poll loop on real queues: it receives and settles messages, and loses none when it stops."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from tests.integration.polled_queue import DEADLINE_S, Recorder, message_count, run_until, send, send_many
from transcode.aws import Aws
from worker.health import HealthFile
from worker.loop import Loop, Poller
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry
from worker.queue import Queue, QueueUnusableError, open_queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient


@pytest.fixture
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """Queues that no other test reads, not even with a leftover poll; messages are visible again after two seconds."""
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


async def test_handled_messages_are_deleted(sqs: "SQSClient", queue: Queue) -> None:
    """Twelve messages, in more than one batch, and an empty queue at the end."""
    recorder = Recorder()
    await send(sqs, queue, *(f"m{at}" for at in range(12)))
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 12)
    assert {message.body for message in recorder.seen} == {f"m{at}" for at in range(12)}
    assert await message_count(sqs, queue.url) == 0


async def test_a_given_up_message_goes_to_the_dead_letter_queue_with_its_reason(sqs: "SQSClient", queue: Queue) -> None:
    """One delivery is enough: the dead-letter queue gets the unchanged body, and the reason."""
    recorder = Recorder(decide=lambda _: GiveUp(reason="is not JSON"))
    await send(sqs, queue, "{nonsense")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1)
    response = await sqs.receive_message(
        QueueUrl=queue.dead_letter_url, WaitTimeSeconds=5, MessageAttributeNames=["All"]
    )
    (dead_letter,) = response["Messages"]
    assert dead_letter["Body"] == "{nonsense"
    assert dead_letter["MessageAttributes"]["Reason"]["StringValue"] == "is not JSON"
    assert await message_count(sqs, queue.url) == 0
    assert len(recorder.seen) == 1


async def test_a_message_to_retry_is_delivered_again(sqs: "SQSClient", queue: Queue) -> None:
    """The second delivery has the number of deliveries."""
    recorder = Recorder(decide=lambda each: Done() if each.deliveries > 1 else Retry(reason="busy", delay_s=1))
    await send(sqs, queue, "again")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 2)
    assert [message.deliveries for message in recorder.seen] == [1, 2]
    assert await message_count(sqs, queue.url) == 0


async def test_a_slow_handler_keeps_its_message(sqs: "SQSClient", queue: Queue) -> None:
    """Handling takes twice the visibility timeout, and no other worker receives the message."""
    recorder = Recorder(takes_s=4)
    await send(sqs, queue, "slow")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1, grace_s=8)
    assert len(recorder.seen) == 1
    assert await message_count(sqs, queue.url) == 0


async def test_a_stop_finishes_the_message_in_progress(sqs: "SQSClient", queue: Queue) -> None:
    """The loop finishes the message that it is handling when it has to stop."""
    recorder = Recorder(takes_s=1)
    await send(sqs, queue, "in hand")
    await run_until(queue, recorder, recorder.arrived.is_set)
    assert await message_count(sqs, queue.url) == 0


async def test_a_stop_releases_an_unfinished_message(sqs: "SQSClient", queue: Queue) -> None:
    """After the grace period, the message is visible at once for another worker."""
    recorder = Recorder(takes_s=3600)
    await send(sqs, queue, "too long")
    await run_until(queue, recorder, recorder.arrived.is_set, grace_s=0.2)
    response = await sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=1)
    assert [message["Body"] for message in response.get("Messages", [])] == ["too long"]


async def test_a_backlog_is_handled_in_large_batches(sqs: "SQSClient", queue: Queue) -> None:
    """The handler gets all waiting messages together, and the loop settles each as decided, in batches."""

    def decide(message: Message) -> Outcome:
        return GiveUp(reason="odd") if int(message.body) % 2 else Done()

    recorder = Recorder(decide=decide)
    await send_many(sqs, queue, 70)
    await run_until(replace(queue, backlog_batch_size=1_000), recorder, lambda: len(recorder.seen) >= 70)
    assert recorder.batch_sizes == [70]
    assert await message_count(sqs, queue.url) == 0
    assert await message_count(sqs, queue.dead_letter_url) == 35


async def test_a_large_batch_has_a_limit(sqs: "SQSClient", queue: Queue) -> None:
    """A worker takes about the limit of a large backlog, and leaves the rest to others."""
    recorder = Recorder()
    await send_many(sqs, queue, 200)
    await run_until(replace(queue, backlog_batch_size=60), recorder, lambda: len(recorder.seen) >= 200)
    assert 60 <= recorder.batch_sizes[0] < 200
    assert await message_count(sqs, queue.url) == 0


async def test_a_queue_without_large_batches_returns_at_most_ten_messages(sqs: "SQSClient", queue: Queue) -> None:
    """Uploads: each message creates a job, and none waits in a busy worker."""
    recorder = Recorder()
    await send_many(sqs, queue, 30)
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 30)
    assert max(recorder.batch_sizes) == 10


async def test_a_single_message_does_not_wait_for_a_batch(sqs: "SQSClient", queue: Queue) -> None:
    """A single message is handled at once, without another receive."""
    recorder = Recorder()
    receives: list[object] = []
    queue.client.meta.events.register("before-call.sqs.ReceiveMessage", lambda **_: receives.append(None))
    await send(sqs, queue, "alone")
    await run_until(replace(queue, backlog_batch_size=1_000), recorder, recorder.arrived.is_set)
    assert recorder.batch_sizes == [1]
    assert len(receives) <= 2  # the one that returned the message, and the next long poll


async def test_a_stop_releases_a_whole_batch(
    sqs: "SQSClient", worker_sqs: "SQSClient", deploy_stack: Callable[..., Stack]
) -> None:
    """All of them, not only the first ten, and at once: they would be visible again only after a minute."""
    queue = await open_queue(worker_sqs, deploy_stack().job_events_queue_url)
    recorder = Recorder(takes_s=3600)
    await send_many(sqs, queue, 40)
    await run_until(replace(queue, backlog_batch_size=1_000), recorder, recorder.arrived.is_set, grace_s=0.2)
    returned: set[str] = set()
    async with asyncio.timeout(DEADLINE_S):
        while len(returned) < 40:
            response = await sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, VisibilityTimeout=60)
            returned |= {message["MessageId"] for message in response.get("Messages", [])}
    assert returned == {message.message_id for message in recorder.seen}


async def test_a_queue_without_a_dead_letter_queue_is_refused(sqs: "SQSClient", worker_sqs: "SQSClient") -> None:
    """The worker reports it at its start, not when the first message must be given up."""
    url = (await sqs.create_queue(QueueName="lonely"))["QueueUrl"]
    with pytest.raises(QueueUnusableError, match="lonely has no dead-letter queue"):
        await open_queue(worker_sqs, url)


async def test_a_failed_poll_is_repeated(queue: Queue, sqs: "SQSClient") -> None:
    """A failed poll doesn't end the worker."""
    recorder = Recorder()
    failures = iter([True])

    def fail_once(**_: object) -> None:
        if next(failures, False):
            raise ConnectionError("no route")

    queue.client.meta.events.register("before-call.sqs.ReceiveMessage", fail_once)
    await send(sqs, queue, "after the failure")
    await run_until(queue, recorder, lambda: len(recorder.seen) >= 1)
    assert recorder.seen


async def test_a_running_loop_updates_the_health_file(sqs: "SQSClient", queue: Queue, tmp_path: Path) -> None:
    """The health file is as new as the last handled message."""
    clock, health_file = iter(range(100, 1000, 100)), tmp_path / "health"
    pulse = HealthFile(health_file, clock=lambda: next(clock))
    await send(sqs, queue, "one")
    await run_until(
        queue, Recorder(), lambda: health_file.exists() and _health_file_time_s(health_file) >= 200, health_file=pulse
    )
    assert await message_count(sqs, queue.url) == 0


async def test_a_stuck_loop_does_not_update_the_health_file(sqs: "SQSClient", queue: Queue, tmp_path: Path) -> None:
    """While a handler never returns, the file is as old as the start of the loop."""
    clock, health_file, recorder = iter(range(100, 1000, 100)), tmp_path / "health", Recorder(takes_s=3600)
    pulse = HealthFile(health_file, clock=lambda: next(clock))
    await send(sqs, queue, "stuck")
    await run_until(queue, recorder, recorder.arrived.is_set, grace_s=0.2, health_file=pulse)
    assert _health_file_time_s(health_file) == 100


def _health_file_time_s(health_file: Path) -> float:
    return health_file.stat().st_mtime


async def test_pollers_rest_while_aws_fails_every_message(sqs: "SQSClient", queue: Queue) -> None:
    """Three batches take the first two rests at least, and the other messages stay visible instead of in flight."""
    await send_many(sqs, queue, 50)
    recorder = Recorder(decide=lambda _: Retry(reason="500", delay_s=600, is_outage=True))
    began_s = time.monotonic()
    await run_until(queue, recorder, lambda: len(recorder.batch_sizes) >= 3)
    assert time.monotonic() - began_s >= 3
    names: Any = ["ApproximateNumberOfMessagesNotVisible"]
    hidden = await sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)
    assert int(hidden["Attributes"][names[0]]) == sum(recorder.batch_sizes) <= 40


async def test_a_closed_gate_receives_nothing(sqs: "SQSClient", queue: Queue) -> None:
    """A worker without a submitter's slot lives, polls nothing, and stops at once."""
    opened = asyncio.Event()

    class Closed:
        async def open(self, stop: asyncio.Event) -> int:
            del stop
            opened.set()
            await asyncio.sleep(0)
            return 0

        def record(self, outcomes: object) -> None:
            raise AssertionError(outcomes)

    await send(sqs, queue, "1")
    recorder: Any = Recorder()
    stop = asyncio.Event()
    poller = Poller(queue=queue, handler=recorder, gate=Closed())
    loop = Loop(pollers=[poller], stop_grace_s=5, health_file=HealthFile(None, clock=time.time))
    running = asyncio.create_task(loop.run(stop))
    await asyncio.wait_for(opened.wait(), DEADLINE_S)
    stop.set()
    await asyncio.wait_for(running, DEADLINE_S)
    assert recorder.seen == []
    assert await message_count(sqs, queue.url) == 1
