"""The AWS that measurements use: the embedded AWS with a deployed pipeline, or the stub; and rows to write to it."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from local.embedded_aws import embedded_aws
from local.provision import LOCAL_PARAMETERS, Stack, deploy, pipeline_template
from transcode.aws import Aws, open_aws

T = TypeVar("T")

STUB_QUEUES = tuple(each.name for each in fields(Stack) if each.name.endswith("_queue_url"))
ROLE = "arn:aws:iam::000000000000:role/MediaConvert"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchAws:
    """An AWS of this run; `settings` are the environment variables of the measured processes."""

    stack: Stack
    settings: Mapping[str, str]

    def with_aws(self, work: Callable[[Aws], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine with AWS clients of its own, outside the measured processes."""

        async def _work() -> T:
            async with open_aws(region="us-east-1", endpoint_url=self.stack.endpoint_url) as aws:
                return await work(aws)

        return asyncio.run(_work())

    def put_jobs(
        self, job_ids: Sequence[str], *, percent: int = 1, event_times_s: Sequence[float] | None = None
    ) -> None:
        """Write a status row for each job, with this percentage, and with the time of its last event (Unix seconds)."""
        times_s = event_times_s or [time.time()] * len(job_ids)
        rows = [row(job_id, now_s=time_s, percent=percent) for job_id, time_s in zip(job_ids, times_s, strict=True)]
        self.with_aws(lambda aws: _put_rows(aws, self.stack.status_table, rows))


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def emulated_aws() -> Iterator[BenchAws]:
    """Yield a new embedded AWS with the deployed pipeline, inside a `with` block."""
    with embedded_aws(port=free_port()) as endpoint_url:
        deployed = asyncio.run(
            deploy(pipeline_template(), endpoint_url=endpoint_url, stack_name="bench", parameters=LOCAL_PARAMETERS)
        )
        yield bench_aws_at(endpoint_url, deployed)


def bench_aws_at(endpoint_url: str, deployed: Mapping[str, str]) -> BenchAws:
    """Return the AWS at an endpoint, with the settings of its deployment."""
    settings = {
        **deployed,
        "AWS_ENDPOINT_URL": endpoint_url,
        "MEDIACONVERT_ROLE": ROLE,
        "MEDIACONVERT_ENDPOINT_URL": endpoint_url,
        "RECONCILE_INTERVAL_S": "0",  # a reconcile pass would disturb the measurement
        "LOG_LEVEL": "WARNING",
        "PLAYBACK_BASE_URL": "https://play.example",
        # All streams of a measurement have one address, and so one caller.
        **dict.fromkeys(("MAX_STREAMS", "MAX_STREAMS_PER_CALLER", "MAX_CONNECTIONS"), "100000"),
    }
    return BenchAws(stack=Stack.of(endpoint_url=endpoint_url, environment=deployed), settings=settings)


def stub_aws(endpoint_url: str) -> BenchAws:
    """Return the AWS stub at an endpoint, where every row exists."""
    names = {"INPUT_BUCKET": "bench-in", "OUTPUT_BUCKET": "bench-out", "UPLOAD_PREFIX": "uploads/"}
    tables = {"INPUT_FILE_TABLE": "bench-files", "OUTPUT_TABLE": "bench-outputs", "STATUS_TABLE": "bench-statuses"}
    queues = {name.upper(): f"{endpoint_url}/000000000000/{name.removesuffix('_queue_url')}" for name in STUB_QUEUES}
    return bench_aws_at(endpoint_url, {**names, **tables, **queues})


async def _put_rows(aws: Aws, table: str, rows: Sequence[dict[str, dict[str, str]]]) -> None:
    client = await aws.dynamodb()
    for at in range(0, len(rows), 25):
        requests: list[Any] = [{"PutRequest": {"Item": each}} for each in rows[at : at + 25]]
        await client.batch_write_item(RequestItems={table: requests})


def row(job_id: str, *, now_s: float, percent: int = 50) -> dict[str, dict[str, str]]:
    """Return the row of a transcoding job, in DynamoDB's format."""
    now_ms, now_s = int(now_s * 1000), int(now_s)
    return {
        "JobId": {"S": job_id},
        "JobStatus": {"S": "PROGRESSING"},
        "EventTime": {"N": str(now_ms + percent)},
        "StartedTime": {"N": str(now_ms - 30_000)},
        "StartedRate": {"N": "0"},
        "ProgressRate": {"N": str(percent)},
        "Phase": {"S": "TRANSCODING"},
        "InputFile": {"S": f"uploads/{job_id}/clip.mp4"},
        "FileName": {"S": "clip.mp4"},
        "CreationTime": {"N": str(now_s - 60)},
        "UpdatedTime": {"N": str(now_s)},
        "ExpirationTime": {"N": str(now_s + 86_400)},
    }
