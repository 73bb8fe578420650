"""A redrive loses no letter, keeps its rate at any size, and completes after a kill, with and without move tasks."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.provision import Stack

from .proof import Proof
from .redriving import WAYS, Redrive, created, empty, per_second, redrive_by
from .worker_system import WorkerSystem, eventually, worker_system

MALFORMED = "{nonsense"
UPLOADS = ("--queue", "uploads")


@pytest.fixture(scope="module")
def quiet_system(
    deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerSystem]:
    """A system without a worker, so that messages stay in its queues."""
    with worker_system(deploy_stack(), tmp_path_factory.mktemp("quiet")) as made:
        yield made


@pytest.fixture
def redrive(request: pytest.FixtureRequest, quiet_system: WorkerSystem) -> Iterator[Redrive]:
    """Yield the command on empty queues, with move tasks unless the test is parametrised by `in_both_ways`."""
    empty(quiet_system)
    with redrive_by(getattr(request, "param", "move task"), quiet_system) as made:
        yield made


in_both_ways = pytest.mark.parametrize("redrive", WAYS, indirect=True)


@in_both_ways
def test_all_letters_are_sent_back_as_they_were(redrive: Redrive) -> None:
    """With their attributes; the malformed ones are counted before."""
    body = created(redrive.system)
    redrive.bury(body, RequestId="r-1", Reason="gave up")
    redrive.bury(MALFORMED, Reason="is not JSON")
    output = redrive.run(*UPLOADS, "--send")
    assert "read all 2 letters: no worker can parse 1 of them" in output
    assert "2 sent back, 0 left" in output
    queued = {each["Body"]: each["MessageAttributes"]["Reason"]["StringValue"] for each in redrive.queued()}
    assert queued == {body: "gave up", MALFORMED: "is not JSON"}


@in_both_ways
def test_every_letter_is_sent_back_at_the_rate(redrive: Redrive, proof: Proof) -> None:
    """None is lost, none is sent twice while nothing fails, and the rate isn't exceeded."""
    count, rate = proof.length("LETTERS", 2_000), 150 if proof.is_long else 400
    buried = redrive.bury_many(count)
    begun_s = time.monotonic()
    output = redrive.run(*UPLOADS, "--send", "--per-second", str(rate), deadline_s=60 + 20 * count / rate)
    took_s = time.monotonic() - begun_s
    messages = redrive.queued()
    assert Counter(each["Body"] for each in messages) == buried
    assert f"{count:,} sent back, 0 left" in output
    assert (f"read all {count:,}" if count <= 1_000 else f"read 1,000 of about {count:,} letters") in output
    assert per_second(messages) < 1.1 * rate
    way = "move task" if redrive.move_tasks else "paced batches"
    proof.report(f"redrive, {way}: {count:,} letters at {per_second(messages):.0f} of {rate} a second, {took_s:.0f} s")


@in_both_ways
def test_a_killed_redrive_completes_when_it_runs_again(redrive: Redrive, tmp_path: Path) -> None:
    """SIGKILL in the middle. A letter may be in both queues at that moment, and is then sent twice; none is lost."""
    buried = redrive.bury_many(200)
    with (tmp_path / "first").open("w") as output:
        first = redrive.start(*UPLOADS, "--send", "--per-second", "10", output=output)
        eventually(lambda: redrive.system.waiting(redrive.system.stack.uploads_queue_url), bool, deadline_s=60)
        first.kill()
        first.wait(10)
    assert redrive.system.waiting(redrive.system.stack.uploads_dead_letter_queue_url) > 0
    text = redrive.run(*UPLOADS, "--send", "--per-second", "100")
    assert "0 left" in text
    assert ("following the move task" in text) == (redrive.move_tasks is not None)
    counts = Counter(each["Body"] for each in redrive.queued())
    assert counts.keys() == buried.keys()
    assert counts.total() <= 210


def test_an_interrupted_command_says_that_the_task_goes_on(redrive: Redrive) -> None:
    """Ctrl-C ends the command with status 130; the move task moves the rest."""
    redrive.bury_many(150)  # for 15 s, so that the command is interrupted before the task ends
    sending = redrive.start(*UPLOADS, "--send", "--per-second", "10")
    eventually(lambda: redrive.system.waiting(redrive.system.stack.uploads_queue_url), bool, deadline_s=60)
    os.kill(sending.pid, signal.SIGINT)
    output, _ = sending.communicate(timeout=30)
    assert (sending.returncode, "--cancel cancels it" in output) == (130, True), output
    eventually(
        lambda: redrive.system.waiting(redrive.system.stack.uploads_queue_url), lambda n: n == 150, deadline_s=60
    )


@pytest.mark.parametrize("way", WAYS)
def test_malformed_letters_return_to_the_dead_letter_queue_once(way: str, own_system: WorkerSystem) -> None:
    """The worker sends each of them there again, and the redrive that is under way doesn't move them again."""
    with redrive_by(way, own_system) as redrive:
        for number in range(20):
            redrive.bury(json.dumps({"Event": "s3:TestEvent", "Number": number}))
        for number in range(3):
            redrive.bury(f"{MALFORMED} {number}")
        stack = redrive.system.stack
        worker = redrive.system.worker()
        try:
            worker.wait_for_log("worker.ready")
            redrive.run(*UPLOADS, "--send", "--per-second", "500")
            eventually(lambda: redrive.system.waiting(stack.uploads_queue_url), lambda count: count == 0, deadline_s=60)
        finally:
            worker.end(signal.SIGTERM)
        assert worker.text().count("message.buried") == 3
        letters = redrive.queued(stack.uploads_dead_letter_queue_url)
        assert sorted(each["Body"] for each in letters) == [f"{MALFORMED} {number}" for number in range(3)]
        assert all(each["MessageAttributes"]["Reason"]["StringValue"] for each in letters)
