"""What measurements happen in: an embedded AWS with the pipeline deployed, and rows and messages to work on."""

import asyncio
import json
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.measured_processes import BenchError, cpu_s
from local.embedded_aws import embedded_aws
from local.provision import LOCAL_PARAMETERS, Stack, deploy, pipeline_template
from transcode.aws import Aws, open_aws

T = TypeVar("T")

STUB_QUEUES = ("uploads", "uploads_dead_letter", "job_events", "job_events_dead_letter")
ROLE = "arn:aws:iam::000000000000:role/MediaConvert"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An AWS of this run's own; `settings` are what the measured processes take from their environment."""

    stack: Stack
    settings: Mapping[str, str]

    def emulator_cpu_s(self) -> float:
        """Return the processor time that the emulator has used so far.

        Raises:
            BenchError: It is not a process of this machine's.
        """
        port = self.stack.endpoint_url.rsplit(":", 1)[-1]
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"GATEWAY_PORT={port}\0".encode() in (process / "environ").read_bytes():
                    return cpu_s(process)
        raise BenchError(f"no emulator at {self.stack.endpoint_url}")

    def with_aws(self, work: Callable[[Aws], Coroutine[Any, Any, T]]) -> T:
        """Do something in this AWS, from outside of what is measured."""

        async def _work() -> T:
            async with open_aws(region="us-east-1", endpoint_url=self.stack.endpoint_url) as aws:
                return await work(aws)

        return asyncio.run(_work())

    def put_jobs(self, job_ids: Sequence[str], *, percent: int = 1) -> None:
        """Write a status row for each job, as it stands at so many percent."""
        self.with_aws(lambda aws: _put_jobs(aws, self.stack.status_table, job_ids, percent))


def free_port() -> int:
    """Return a port of this machine that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def embedded_world() -> Iterator[World]:
    """Give a new AWS with the pipeline in it, for the length of a `with` block."""
    with embedded_aws(port=free_port()) as endpoint_url:
        deployed = asyncio.run(
            deploy(pipeline_template(), endpoint_url=endpoint_url, stack_name="bench", parameters=LOCAL_PARAMETERS)
        )
        yield world_of(endpoint_url, deployed)


def world_of(endpoint_url: str, deployed: Mapping[str, str]) -> World:
    """Return the world at an endpoint, from the settings that its deployment gave."""
    settings = {
        **deployed,
        "AWS_ENDPOINT_URL": endpoint_url,
        "MEDIACONVERT_ROLE": ROLE,
        "MEDIACONVERT_ENDPOINT_URL": endpoint_url,
        "RECONCILE_INTERVAL_S": "0",  # a pass in the middle of a measurement is somebody else's work
        "LOG_LEVEL": "WARNING",
        "PLAYBACK_BASE_URL": "https://play.example",
    }
    return World(stack=Stack.of(endpoint_url=endpoint_url, environment=deployed), settings=settings)


def stub_world(endpoint_url: str) -> World:
    """Return the world of the stub, in which everything that is asked for is there."""
    names = {"INPUT_BUCKET": "bench-in", "OUTPUT_BUCKET": "bench-out", "UPLOAD_PREFIX": "uploads/"}
    tables = {"INPUT_FILE_TABLE": "bench-files", "OUTPUT_TABLE": "bench-outputs", "STATUS_TABLE": "bench-statuses"}
    queues = {f"{name.upper()}_QUEUE_URL": f"{endpoint_url}/000000000000/{name}" for name in STUB_QUEUES}
    return world_of(endpoint_url, {**names, **tables, **queues})


async def _put_jobs(aws: Aws, table: str, job_ids: Sequence[str], percent: int) -> None:
    client = await aws.dynamodb()
    now_s = int(time.time())
    for at in range(0, len(job_ids), 25):
        rows: list[Any] = [
            {"PutRequest": {"Item": row(job_id, now_s=now_s, percent=percent)}} for job_id in job_ids[at : at + 25]
        ]
        await client.batch_write_item(RequestItems={table: rows})


def raw_update(world: World) -> str:
    """Return one signed UpdateItem as it goes over the wire, in Base64, good for as often as it is sent."""
    body = json.dumps(
        {
            "TableName": world.stack.status_table,
            "Key": {"JobId": {"S": "1763798400123-limit00000"}},
            "UpdateExpression": "SET EventTime = :t, JobStatus = :s",
            "ExpressionAttributeValues": {":t": {"N": "1"}, ":s": {"S": "PROGRESSING"}},
        }
    )
    headers = {"X-Amz-Target": "DynamoDB_20120810.UpdateItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest(method="POST", url=world.stack.endpoint_url + "/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
    host = urlsplit(world.stack.endpoint_url).netloc
    lines = [f"{name}: {value}" for name, value in {**request.headers, "Host": host}.items()]
    head = "\r\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", body])
    return b64encode(head.encode()).decode()


def row(job_id: str, *, now_s: int, percent: int = 50) -> dict[str, dict[str, str]]:
    """Return a job's row as DynamoDB gives it, in the middle of its transcoding."""
    return {
        "JobId": {"S": job_id},
        "JobStatus": {"S": "PROGRESSING"},
        "EventTime": {"N": str(now_s * 1000 + percent)},
        "StartedTime": {"N": str(now_s * 1000 - 30_000)},
        "StartedRate": {"N": "0"},
        "ProgressRate": {"N": str(percent)},
        "Phase": {"S": "TRANSCODING"},
        "InputFile": {"S": f"uploads/{job_id}/clip.mp4"},
        "FileName": {"S": "clip.mp4"},
        "CreationTime": {"N": str(now_s - 60)},
        "UpdatedTime": {"N": str(now_s)},
        "ExpirationTime": {"N": str(now_s + 86_400)},
    }
