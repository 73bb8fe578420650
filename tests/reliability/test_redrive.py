"""`python -m worker.redrive` lists, sends back or deletes dead letters, on real queues."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack

from .worker_system import WorkerSystem, worker_system


@pytest.fixture(scope="module")
def quiet_system(
    deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerSystem]:
    """A system without a worker, so that messages stay in its queues."""
    with worker_system(deploy_stack(), tmp_path_factory.mktemp("quiet")) as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(quiet_system: WorkerSystem) -> None:
    for url in (*quiet_system.queues, *quiet_system.dead_letter_queues):
        quiet_system.sqs.purge_queue(QueueUrl=url)


def redrive(worker_system: WorkerSystem, *arguments: str) -> str:
    """Run `python -m worker.redrive` and return its output."""
    output = subprocess.run(
        [sys.executable, "-m", "worker.redrive", *arguments],
        env={**os.environ, **worker_system.environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert output.returncode == 0, output.stdout + output.stderr
    return output.stdout


def send_dead_letter(worker_system: WorkerSystem, body: str, reason: str | None = None) -> str:
    """Send a message to the dead-letter queue of uploads, and return its id."""
    attributes: Any = {"Reason": {"DataType": "String", "StringValue": reason}} if reason else {}
    url = worker_system.stack.uploads_dead_letter_queue_url
    sent: str = worker_system.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)[
        "MessageId"
    ]
    return sent


def created(worker_system: WorkerSystem) -> str:
    """Return S3's event of an object."""
    thing = {"key": f"uploads/{secrets.token_hex(4)}/a.mp4", "size": 5}
    detail = {"bucket": {"name": worker_system.stack.input_bucket}, "object": thing}
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def test_the_dry_run_lists_everything_and_changes_nothing(quiet_system: WorkerSystem) -> None:
    """It prints each message with its reason; all of them are still in the queue, and visible."""
    ids = {
        send_dead_letter(quiet_system, "{nonsense", "is not JSON"),
        *(send_dead_letter(quiet_system, created(quiet_system)) for _ in range(12)),
    }
    output = redrive(quiet_system)
    assert all(message_id in output for message_id in ids)
    assert "because: is not JSON" in output
    assert "nothing was sent back" in output
    url = quiet_system.stack.uploads_dead_letter_queue_url
    count = quiet_system.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert count["Attributes"]["ApproximateNumberOfMessages"] == "13"


def test_a_valid_message_is_sent_back_unchanged(quiet_system: WorkerSystem) -> None:
    """A malformed message stays, because it would only come back."""
    body = created(quiet_system)
    send_dead_letter(quiet_system, body)
    send_dead_letter(quiet_system, "{nonsense", "is not JSON")
    assert "1 sent back, 0 deleted, 1 stays" in redrive(quiet_system, "--queue", "uploads", "--send")
    received = quiet_system.sqs.receive_message(QueueUrl=quiet_system.stack.uploads_queue_url, MaxNumberOfMessages=10)
    assert [message["Body"] for message in received["Messages"]] == [body]
    assert quiet_system.waiting(quiet_system.stack.uploads_dead_letter_queue_url) == 1


def test_only_the_chosen_message_is_deleted(quiet_system: WorkerSystem) -> None:
    """The message with the given id."""
    deleted = send_dead_letter(quiet_system, "{nonsense 1")
    send_dead_letter(quiet_system, "{nonsense 2")
    assert "0 sent back, 1 deleted, 1 stays" in redrive(quiet_system, "--queue", "uploads", "--delete", deleted)
    left = quiet_system.sqs.receive_message(
        QueueUrl=quiet_system.stack.uploads_dead_letter_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    assert [message["Body"] for message in left["Messages"]] == ["{nonsense 2"]


def test_no_more_than_the_limit_is_sent(quiet_system: WorkerSystem) -> None:
    """For example one message, to try it."""
    for _ in range(3):
        send_dead_letter(quiet_system, created(quiet_system))
    redrive(quiet_system, "--queue", "uploads", "--send", "--limit", "1")
    assert quiet_system.waiting(quiet_system.stack.uploads_queue_url) == 1
    assert quiet_system.waiting(quiet_system.stack.uploads_dead_letter_queue_url) == 2
