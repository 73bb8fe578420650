"""Dead letters are shown, sent back or deleted as told, on real queues."""

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

from .worker_system import Plant, plant


@pytest.fixture(scope="module")
def quiet_plant(deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A system without a worker: what is in its queues stays there."""
    with plant(deploy_stack(), tmp_path_factory.mktemp("quiet")) as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(quiet_plant: Plant) -> None:
    for url in (*quiet_plant.queues, *quiet_plant.dead_letter_queues):
        quiet_plant.sqs.purge_queue(QueueUrl=url)


def redrive(plant: Plant, *arguments: str) -> str:
    """Run `python -m worker.redrive` and return what it prints."""
    told = subprocess.run(
        [sys.executable, "-m", "worker.redrive", *arguments],
        env={**os.environ, **plant.environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def bury(plant: Plant, body: str, reason: str | None = None) -> str:
    """Put a message into the uploads' dead-letter queue; gives its id."""
    attributes: Any = {"Reason": {"DataType": "String", "StringValue": reason}} if reason else {}
    url = plant.stack.uploads_dead_letter_queue_url
    sent: str = plant.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)["MessageId"]
    return sent


def created(plant: Plant) -> str:
    """S3's event of an object."""
    thing = {"key": f"uploads/{secrets.token_hex(4)}/a.mp4", "size": 5}
    detail = {"bucket": {"name": plant.stack.input_bucket}, "object": thing}
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def test_the_dry_run_shows_everything_and_changes_nothing(quiet_plant: Plant) -> None:
    """Each letter with its reason; all of them are there and visible afterwards."""
    ids = {bury(quiet_plant, "{nonsense", "is not JSON"), *(bury(quiet_plant, created(quiet_plant)) for _ in range(12))}
    told = redrive(quiet_plant)
    assert all(message_id in told for message_id in ids)
    assert "because: is not JSON" in told
    assert "nothing was sent back" in told
    url = quiet_plant.stack.uploads_dead_letter_queue_url
    count = quiet_plant.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert count["Attributes"]["ApproximateNumberOfMessages"] == "13"


def test_what_can_be_read_is_sent_back_as_it_was(quiet_plant: Plant) -> None:
    """And what can't be stays: it would only return."""
    body = created(quiet_plant)
    bury(quiet_plant, body)
    bury(quiet_plant, "{nonsense", "is not JSON")
    assert "1 sent back, 0 deleted, 1 stays" in redrive(quiet_plant, "--queue", "uploads", "--send")
    received = quiet_plant.sqs.receive_message(QueueUrl=quiet_plant.stack.uploads_queue_url, MaxNumberOfMessages=10)
    assert [message["Body"] for message in received["Messages"]] == [body]
    assert quiet_plant.waiting(quiet_plant.stack.uploads_dead_letter_queue_url) == 1


def test_only_the_chosen_message_is_deleted(quiet_plant: Plant) -> None:
    """By its id, and never otherwise."""
    doomed = bury(quiet_plant, "{nonsense 1")
    bury(quiet_plant, "{nonsense 2")
    assert "0 sent back, 1 deleted, 1 stays" in redrive(quiet_plant, "--queue", "uploads", "--delete", doomed)
    left = quiet_plant.sqs.receive_message(
        QueueUrl=quiet_plant.stack.uploads_dead_letter_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    assert [message["Body"] for message in left["Messages"]] == ["{nonsense 2"]


def test_no_more_than_the_limit_is_sent(quiet_plant: Plant) -> None:
    """One for a trial, before the rest."""
    for _ in range(3):
        bury(quiet_plant, created(quiet_plant))
    redrive(quiet_plant, "--queue", "uploads", "--send", "--limit", "1")
    assert quiet_plant.waiting(quiet_plant.stack.uploads_queue_url) == 1
    assert quiet_plant.waiting(quiet_plant.stack.uploads_dead_letter_queue_url) == 2
