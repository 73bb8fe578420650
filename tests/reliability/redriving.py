"""A system to redrive, without a worker: its letters, and `python -m worker.redrive` with and without move tasks."""

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from local.embedded_aws import ROOT
from tests.move_task_endpoint import MoveTaskEndpoint, serve_move_tasks

from .worker_system import WorkerSystem

WAYS = ("paced batches", "move task")
HIDE_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """The command on one system. `move_tasks` is None if the command reaches the emulator itself, which has none."""

    system: WorkerSystem
    endpoint_url: str
    move_tasks: MoveTaskEndpoint | None

    def start(self, *arguments: str, output: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start `python -m worker.redrive`."""
        environment = {**os.environ, **self.system.environment(AWS_ENDPOINT_URL=self.endpoint_url)}
        command = [sys.executable, "-m", "worker.redrive", *arguments]
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
        )

    def run(self, *arguments: str, code: int = 0, deadline_s: float = 120) -> str:
        """Run the command; return its output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=deadline_s)
        assert process.returncode == code, output
        return output

    def bury(self, body: str, **attributes: str) -> str:
        """Put a message into the uploads' dead-letter queue; return its id."""
        wire: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        url = self.system.stack.uploads_dead_letter_queue_url
        return str(self.system.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=wire)["MessageId"])

    def bury_many(self, count: int) -> Counter[str]:
        """Put so many different messages, which a worker ignores, into the uploads' dead-letter queue."""
        bodies = [json.dumps({"Event": "s3:TestEvent", "Number": number}) for number in range(count)]
        url = self.system.stack.uploads_dead_letter_queue_url
        for start in range(0, count, 10):
            entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[start : start + 10])]
            assert not self.system.sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
        return Counter(bodies)

    def queued(self, url: str | None = None) -> Sequence[dict[str, Any]]:
        """Receive and hide all visible messages of the uploads queue, or of another queue."""
        found: list[dict[str, Any]] = []
        while received := self.system.sqs.receive_message(
            QueueUrl=url or self.system.stack.uploads_queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDE_S,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
            AttributeNames=["SentTimestamp"],
        ).get("Messages"):
            found += received
        return found


@contextmanager
def redrive_by(way: str, system: WorkerSystem) -> Iterator[Redrive]:
    """Yield the command, in one of the two ways."""
    if way == "paced batches":
        yield Redrive(system=system, endpoint_url=system.stack.endpoint_url, move_tasks=None)
        return
    with serve_move_tasks(system.stack.endpoint_url, *system.dead_letter_queues) as (url, tasks):
        yield Redrive(system=system, endpoint_url=url, move_tasks=tasks)


def empty(system: WorkerSystem) -> None:
    """Purge all queues."""
    for url in (*system.queues, *system.dead_letter_queues):
        system.sqs.purge_queue(QueueUrl=url)


def created(system: WorkerSystem) -> str:
    """Return S3's event of an object."""
    thing = {"key": f"uploads/{secrets.token_hex(4)}/a.mp4", "size": 5}
    detail = {"bucket": {"name": system.stack.input_bucket}, "object": thing}
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def per_second(messages: Sequence[dict[str, Any]]) -> float:
    """Return the rate at which the messages were sent."""
    sent_ms = sorted(int(each["Attributes"]["SentTimestamp"]) for each in messages)
    return (len(sent_ms) - 1) * 1000 / max(1, sent_ms[-1] - sent_ms[0])
