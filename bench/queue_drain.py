"""A queue of job events, filled, and emptied by a new worker: on the emulator, and on the stub."""

import secrets
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx

from bench.bench_aws import World
from bench.harness import wait_for
from bench.job_events import backlog
from bench.measured_processes import Measured, running
from transcode.aws import Aws
from worker.queue import BATCH_SIZE

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

JOBS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What it took to empty a queue."""

    events: int
    took_s: float
    cpu_us: float
    """The worker's processor time for one event."""
    writes: float
    """UpdateItems for one event."""
    sqs_calls: float
    """Receives and deletes for one event."""
    emulator: float = 0.0
    """The emulator's processor time, in cores."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.took_s


def drain(world: World, *, messages: int) -> Drained:
    """Fill a queue of the emulator's, start a worker, and time it from its first receive until the queue is empty.

    A new queue each time: the emulator goes on with the long polls of a worker that has stopped.
    """
    return world.with_aws(lambda aws: _drain(aws, world, messages))


async def _drain(aws: Aws, world: World, messages: int) -> Drained:
    url = await _filled_queue(aws, world, messages)
    sqs = await aws.sqs()
    with running("bench.counted_process", "worker", settings={**world.settings, "JOB_EVENTS_QUEUE_URL": url}) as worker:
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0, every_s=0.002)
        began_s, cpu_s, emulator_s = time.monotonic(), worker.cpu_s(), world.emulator_cpu_s()
        # Until it can be empty, the emulator is not asked: it has enough to do.
        fewest = messages / BATCH_SIZE
        wait_for("the worker deletes", lambda: worker.calls()["sqs:DeleteMessageBatch"] >= fewest, deadline_s=300)
        await _empty(sqs, url)
        took_s = time.monotonic() - began_s
        drained = _drained(worker, events=messages, took_s=took_s, cpu_s=cpu_s)
        return replace(drained, emulator=(world.emulator_cpu_s() - emulator_s) / took_s)


def _drained(worker: Measured, *, events: int, took_s: float, cpu_s: float) -> Drained:
    calls = worker.calls()
    return Drained(
        events=events,
        took_s=took_s,
        cpu_us=1e6 * (worker.cpu_s() - cpu_s) / events,
        writes=calls["dynamodb:UpdateItem"] / events,
        sqs_calls=(calls["sqs:ReceiveMessage"] + calls["sqs:DeleteMessageBatch"]) / events,
    )


async def _filled_queue(aws: Aws, world: World, messages: int) -> str:
    sqs = await aws.sqs()
    url = await new_queue(aws, world)
    bodies = list(islice(backlog(jobs=JOBS, input_bucket=world.stack.input_bucket), messages))
    for at in range(0, messages, 10):
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[at : at + 10])]
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


async def new_queue(aws: Aws, world: World) -> str:
    """Make a queue like that of the job events, and return its address."""
    sqs = await aws.sqs()
    names: Any = ["RedrivePolicy", "VisibilityTimeout"]
    like = await sqs.get_queue_attributes(QueueUrl=world.stack.job_events_queue_url, AttributeNames=names)
    attributes: Any = {name: like["Attributes"][name] for name in names}
    return (await sqs.create_queue(QueueName=f"bench-{secrets.token_hex(6)}", Attributes=attributes))["QueueUrl"]


async def _empty(sqs: "SQSClient", url: str) -> None:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline_s = time.monotonic() + 300
    while time.monotonic() < deadline_s:
        attributes: Any = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
        if not any(int(attributes[name]) for name in names):
            return
        time.sleep(0.02)  # noqa: ASYNC251 -- nothing else runs in this loop


def drain_stub(world: World, *, messages: int, turn: int, jobs: int = JOBS) -> Drained:
    """Let a new worker empty the stub's queue, `turn` messages at a time."""
    with stub_client(world) as stub:

        def load() -> None:
            stub.post("/load", params={"messages": turn, "jobs": jobs, "bucket": world.stack.input_bucket})

        with running("bench.counted_process", "worker", settings=world.settings) as worker:
            wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0)
            cpu_s, took_s = worker.cpu_s(), 0.0
            for _ in range(messages // turn):
                load()
                wait_for("the worker empties the stub's queue", lambda: stub.get("/progress").json()["deleted"] >= turn)
                took_s += stub.get("/progress").json()["took_s"]
            return _drained(worker, events=messages, took_s=took_s, cpu_s=cpu_s)


def stub_client(world: World) -> httpx.Client:
    """Return a client of the stub's own commands."""
    return httpx.Client(base_url=world.settings["AWS_ENDPOINT_URL"], timeout=60, trust_env=False)
