"""A system with queues of its own, a MediaConvert emulator, and workers as processes that can be killed.

Its jobs have one small rendition and clips of one second, because the tests are not about encoding.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
from botocore.config import Config

from local.demo_clip import make_clip
from local.embedded_aws import ROOT
from local.provision import Stack, job_template
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.process_environment import environment_of

Value = TypeVar("Value")

START_WITHIN_S = 30
FINAL = frozenset({"COMPLETE", "ERROR", "CANCELED"})


def eventually(
    read: Callable[[], Value], holds: Callable[[Value], bool], *, deadline_s: float, pause_s: float = 0.2
) -> Value:
    """Read the value until it holds, and return it; fail with the last value at the deadline."""
    deadline = time.monotonic() + deadline_s
    while not holds(value := read()):
        assert time.monotonic() < deadline, f"still {value!r} after {deadline_s} s"
        time.sleep(pause_s)
    return value


@dataclass(slots=True)
class Process:
    """A process of the system under test, and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    offset_bytes: int = 0
    """The length of the log file before this process, in bytes."""

    @classmethod
    def start(cls, command: Sequence[str], environment: Mapping[str, str], log: Path) -> "Process":
        """Start `python -m <command>`, and append its log to the file."""
        with log.open("ab") as output:
            offset_bytes = output.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, **environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(process, log, offset_bytes)

    def wait_for_log(self, words: str, *, deadline_s: float = START_WITHIN_S) -> None:
        """Wait until the process's log has the words."""
        eventually(lambda: words in self.text(), bool, deadline_s=deadline_s, pause_s=0.05)

    def text(self) -> str:
        """Return the process's log so far."""
        return self.log.read_bytes()[self.offset_bytes :].decode(errors="replace")

    def end(self, number: signal.Signals, *, within_s: float = 40) -> int:
        """Send the signal to the process, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(within_s)

    def open_files(self) -> int:
        """Return the number of the process's file descriptors."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def memory_kib(self) -> int:
        """Return the process's memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found, status
        return int(found[1])


@dataclass(frozen=True, kw_only=True)
class WorkerSystem:
    """The workers' AWS, and the tests' own clients of it."""

    stack: Stack
    mediaconvert_url: str
    folder: Path
    started: list[Process] = field(default_factory=list)

    @cached_property
    def s3(self) -> Any:  # noqa: ANN401 -- boto3 makes its clients at run time
        """A client of S3."""
        return self.client("s3", self.stack.endpoint_url)

    @cached_property
    def sqs(self) -> Any:  # noqa: ANN401
        """A client of SQS."""
        return self.client("sqs", self.stack.endpoint_url)

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401
        """A client of DynamoDB."""
        return self.client("dynamodb", self.stack.endpoint_url)

    @cached_property
    def mediaconvert(self) -> Any:  # noqa: ANN401
        """A client of the MediaConvert emulator."""
        return self.client("mediaconvert", self.mediaconvert_url)

    def client(self, service: str, url: str) -> Any:  # noqa: ANN401
        """A client of a service."""
        return boto3.client(service, endpoint_url=url, config=Config(max_pool_connections=50))

    def environment(self, **more: str) -> dict[str, str]:
        """Return the settings of a worker or a service, with short times, so that tests see recoveries soon."""
        return {
            **environment_of(self.stack),
            "MEDIACONVERT_ENDPOINT_URL": self.mediaconvert_url,
            "MEDIACONVERT_JOB_TEMPLATE": "reliability",
            "CLAIM_LEASE_S": "10",
            "STOP_GRACE_S": "5",
            "RECONCILE_INTERVAL_S": "0",
            "RECONCILE_OVERDUE_S": "2",
            "RECONCILE_CALLS_PER_S": "20",
            "LOG_LEVEL": "DEBUG",
            **more,
        }

    def worker(self, name: str = "worker", **more: str) -> Process:
        """Start a worker; its log is appended to that of an earlier worker with the same name."""
        return self.process("worker", name, **more)

    def process(self, module: str, name: str, *arguments: str, **more: str) -> Process:
        """Start `python -m <module>` with the system's settings; it is killed at the end if it still runs."""
        process = Process.start([module, *arguments], self.environment(**more), self.folder / f"{name}.log")
        self.started.append(process)
        return process

    def upload(self, key: str, body: bytes) -> None:
        """Put an object into the input bucket."""
        self.s3.put_object(Bucket=self.stack.input_bucket, Key=key, Body=body)

    def chaos(self, **chaos: object) -> None:
        """Set how MediaConvert disturbs its events."""
        httpx.put(f"{self.mediaconvert_url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()

    def requests(self) -> Counter[str]:
        """Return the number of requests that reached MediaConvert: `CreateJob ok`, `SearchJobs 429` and so on."""
        return Counter(self._counted()["requests"])

    def ended_jobs(self) -> int:
        """Return the number of MediaConvert's jobs that are over."""
        return sum(count for status, count in self._counted()["jobs"].items() if status in FINAL)

    def _counted(self) -> dict[str, dict[str, int]]:
        response = httpx.get(f"{self.mediaconvert_url}/_emulator/health", trust_env=False).raise_for_status()
        counted: dict[str, dict[str, int]] = response.json()
        return counted

    def submission_calls(self) -> int:
        """Return the number of CreateJob and SearchJobs requests that reached MediaConvert, with any result."""
        counted = ("CreateJob ", "SearchJobs ")
        return sum(count for name, count in self.requests().items() if name.startswith(counted))

    def jobs(self) -> list[dict[str, Any]]:
        """Return all of MediaConvert's jobs of this system."""
        pages = self.mediaconvert.get_paginator("list_jobs").paginate(PaginationConfig={"PageSize": 20})
        return [
            job
            for page in pages
            for job in page["Jobs"]
            if job.get("UserMetadata", {}).get("InputBucket") == self.stack.input_bucket
        ]

    def row(self, table: str, **key: str) -> dict[str, Any] | None:
        """Return a row of a table in DynamoDB's wire format, or None."""
        wire = {name: {"S": value} for name, value in key.items()}
        response: dict[str, Any] = self.dynamodb.get_item(TableName=table, Key=wire, ConsistentRead=True)
        return response.get("Item")

    def waiting(self, *urls: str) -> int:
        """Return the number of messages in the queues, including hidden ones."""
        return sum(sum(self.counts(url)) for url in urls)

    def counts(self, url: str) -> tuple[int, int]:
        """Return the numbers of visible and of hidden messages in a queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        response = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(response[names[0]]), int(response[names[1]])

    @property
    def queues(self) -> tuple[str, str, str]:
        """The URLs of the queues."""
        return self.stack.uploads_queue_url, self.stack.submission_queue_url, self.stack.job_events_queue_url

    @property
    def dead_letter_queues(self) -> tuple[str, str, str]:
        """The URLs of the dead-letter queues."""
        return (
            self.stack.uploads_dead_letter_queue_url,
            self.stack.submission_dead_letter_queue_url,
            self.stack.job_events_dead_letter_queue_url,
        )


@contextmanager
def worker_system(stack: Stack, folder: Path, **emulator: object) -> Iterator[WorkerSystem]:
    """Yield a system on the pipeline; at the end, all its processes are killed."""
    settings: dict[str, Any] = {
        "port": 0,
        "aws_endpoint_url": stack.endpoint_url,
        "time_factor": 100,
        "concurrency": 2,
        "ffmpeg_preset": "ultrafast",
        "ffmpeg_threads": 1,
        "finished_jobs_kept": 100_000,
    }
    with serving(EmulatorSettings.model_validate({**settings, **emulator})) as url:
        system = WorkerSystem(stack=stack, mediaconvert_url=url, folder=folder)
        system.mediaconvert.create_job_template(**small_template())
        try:
            yield system
        finally:
            for process in system.started:
                process.end(signal.SIGKILL)


def small_template() -> dict[str, Any]:
    """Return the project's job template with one rendition of 128 by 72 pixels."""
    request = json.loads(json.dumps(job_template()))
    group = request["Settings"]["OutputGroups"][0]
    group["Outputs"] = group["Outputs"][-1:]
    group["Outputs"][0]["VideoDescription"].update(Width=128, Height=72)
    request["Name"] = "reliability"
    return dict(request)


def small_clip(folder: Path) -> bytes:
    """Return a video of one second."""
    path = folder / "clip.mp4"
    make_clip(path, duration_s=1, size="128x72")
    return path.read_bytes()


def names(count: int, prefix: str) -> Sequence[str]:
    """Return this many input files with a prefix of the test's own."""
    return [f"uploads/{prefix}-{number:04d}/clip.mp4" for number in range(count)]
