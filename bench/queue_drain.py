"""Fills a queue with job events and measures how fast a new worker empties it, on the emulator and on the stub."""

import secrets
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx

from bench.bench_aws import BenchAws
from bench.harness import wait_for
from bench.job_events import backlog
from bench.measured_processes import BenchError, MeasuredProcess, running_module
from transcode.aws import Aws
from worker.queue import BATCH_SIZE

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

JOBS = 500
SQS_CALLS = ("sqs:ReceiveMessage", "sqs:DeleteMessageBatch", "sqs:SendMessage", "sqs:SendMessageBatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainResult:
    """The measured time and calls of a worker that emptied a queue."""

    events: int
    took_s: float
    cpu_us: float
    """The worker's processor time per event."""
    writes: float
    """UpdateItem and PutItem calls per event."""
    sqs_calls: float
    """SQS calls per event that receive, delete or send messages."""
    emulator: float = 0.0
    """The emulator's processor use, in cores."""

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.took_s


def drain(bench_aws: BenchAws, *, messages: int) -> DrainResult:
    """Fill a new queue on the emulator, start a worker, and measure from its first receive until the queue is empty.

    Each measurement needs a new queue, because the emulator continues the long polls of a worker that has stopped.
    """
    return bench_aws.with_aws(lambda aws: _drain(aws, bench_aws, messages))


async def _drain(aws: Aws, bench_aws: BenchAws, messages: int) -> DrainResult:
    url = await _filled_queue(aws, bench_aws, messages)
    sqs = await aws.sqs()
    with running_module(
        "bench.counted_process", "worker", settings={**bench_aws.settings, "JOB_EVENTS_QUEUE_URL": url}
    ) as worker:
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0, every_s=0.002)
        began_s, cpu_s, emulator_s = time.monotonic(), worker.cpu_s(), bench_aws.emulator_cpu_s()
        # Don't load the emulator with GetQueueAttributes calls before the queue can be empty.
        min_deletes = messages / BATCH_SIZE
        wait_for("the worker deletes", lambda: worker.calls()["sqs:DeleteMessageBatch"] >= min_deletes, deadline_s=300)
        await _wait_until_empty(sqs, url)
        took_s = time.monotonic() - began_s
        result = _result(worker, events=messages, took_s=took_s, cpu_s=cpu_s)
        return replace(result, emulator=(bench_aws.emulator_cpu_s() - emulator_s) / took_s)


def _result(worker: MeasuredProcess, *, events: int, took_s: float, cpu_s: float) -> DrainResult:
    calls = worker.calls()
    return DrainResult(
        events=events,
        took_s=took_s,
        cpu_us=1e6 * (worker.cpu_s() - cpu_s) / events,
        writes=(calls["dynamodb:UpdateItem"] + calls["dynamodb:PutItem"]) / events,
        sqs_calls=sum(calls[name] for name in SQS_CALLS) / events,
    )


async def _filled_queue(aws: Aws, bench_aws: BenchAws, messages: int) -> str:
    sqs = await aws.sqs()
    url = await new_queue(aws, bench_aws)
    bodies = list(islice(backlog(jobs=JOBS, input_bucket=bench_aws.stack.input_bucket), messages))
    for at in range(0, messages, 10):
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[at : at + 10])]
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


async def new_queue(aws: Aws, bench_aws: BenchAws) -> str:
    """Create a queue with the attributes of the job events' queue, and return its URL."""
    sqs = await aws.sqs()
    names: Any = ["RedrivePolicy", "VisibilityTimeout"]
    template = await sqs.get_queue_attributes(QueueUrl=bench_aws.stack.job_events_queue_url, AttributeNames=names)
    attributes: Any = {name: template["Attributes"][name] for name in names}
    return (await sqs.create_queue(QueueName=f"bench-{secrets.token_hex(6)}", Attributes=attributes))["QueueUrl"]


async def _wait_until_empty(sqs: "SQSClient", url: str) -> None:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline_s = time.monotonic() + 300
    while time.monotonic() < deadline_s:
        attributes: Any = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
        if not any(int(attributes[name]) for name in names):
            return
        time.sleep(0.02)  # noqa: ASYNC251 -- nothing else runs in this loop
    raise BenchError("the worker did not empty the queue within 300 s")


def drain_stub(
    bench_aws: BenchAws, *, messages: int, batch: int, jobs: int = JOBS, queue: str = "job_events"
) -> DrainResult:
    """Let a new worker empty a queue of the stub repeatedly, with `batch` messages each time."""
    with stub_client(bench_aws) as stub:

        def load() -> None:
            bucket = bench_aws.stack.input_bucket
            stub.post("/load", params={"queue": queue, "messages": batch, "jobs": jobs, "bucket": bucket})

        def progress() -> Any:  # noqa: ANN401 -- JSON
            return stub.get("/progress", params={"queue": queue}).json()

        with running_module("bench.counted_process", "worker", settings=bench_aws.settings) as worker:
            wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0)
            cpu_s, took_s = worker.cpu_s(), 0.0
            for _ in range(messages // batch):
                load()
                wait_for("the worker empties the stub's queue", lambda: progress()["deleted"] >= batch)
                took_s += progress()["took_s"]
            return _result(worker, events=messages, took_s=took_s, cpu_s=cpu_s)


def stub_client(bench_aws: BenchAws) -> httpx.Client:
    """Return a client for the stub's control routes."""
    return httpx.Client(base_url=bench_aws.settings["AWS_ENDPOINT_URL"], timeout=60, trust_env=False)
