"""Fills a queue with job events and measures how fast a new worker empties it, on the stub."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from bench.bench_aws import BenchAws
from bench.harness import wait_for
from bench.measured_processes import MeasuredProcess, running_module
from transcode.aws import Aws

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

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.took_s


def _result(worker: MeasuredProcess, *, events: int, took_s: float, cpu_s: float) -> DrainResult:
    calls = worker.calls()
    return DrainResult(
        events=events,
        took_s=took_s,
        cpu_us=1e6 * (worker.cpu_s() - cpu_s) / events,
        writes=(calls["dynamodb:UpdateItem"] + calls["dynamodb:PutItem"]) / events,
        sqs_calls=sum(calls[name] for name in SQS_CALLS) / events,
    )


async def new_queue(aws: Aws, bench_aws: BenchAws) -> str:
    """Create a queue with the attributes of the job events' queue, and return its URL."""
    sqs = await aws.sqs()
    names: Any = ["RedrivePolicy", "VisibilityTimeout"]
    template = await sqs.get_queue_attributes(QueueUrl=bench_aws.stack.job_events_queue_url, AttributeNames=names)
    attributes: Any = {name: template["Attributes"][name] for name in names}
    return (await sqs.create_queue(QueueName=f"bench-{secrets.token_hex(6)}", Attributes=attributes))["QueueUrl"]


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
