"""SIGTERM to the worker process: it finishes or releases its messages, loses none, and exits with code 0."""

import json
import secrets
import signal
import time
from pathlib import Path

import pytest

from .faults import FaultSettings, proxied
from .final_state import assert_nothing_lost_and_nothing_wrong
from .proof import Proof
from .worker_system import FINAL, WorkerSystem, eventually, names

pytestmark = pytest.mark.serial  # the tests measure how long a worker takes to stop

GRACE_S = 5


def test_stops_during_a_burst_lose_nothing(own_system: WorkerSystem, clip: bytes, tmp_path: Path, proof: Proof) -> None:
    """Every stop has exit code 0 within the grace period; the last worker finishes all uploads."""
    keys = names(proof.length("STOP_UPLOADS", 8), secrets.token_hex(4))
    stops = proof.length("STOPS", 3)
    durations_s = []
    for number in range(stops):
        worker = own_system.worker(f"worker-{number}")
        worker.wait_for_log("worker.ready")
        for key in keys[number::stops]:
            own_system.upload(key, clip)
        time.sleep(0.1 * number)
        began = time.monotonic()
        assert worker.end(signal.SIGTERM) == 0, worker.text()
        durations_s.append(round(time.monotonic() - began, 1))
        assert "Traceback" not in worker.text()
    own_system.worker("worker-last").wait_for_log("worker.ready")
    eventually(lambda: unfinished(own_system, len(keys)), lambda remaining: remaining == 0, deadline_s=60 + len(keys))
    assert_nothing_lost_and_nothing_wrong(own_system, keys, tmp_path)
    assert max(durations_s) < GRACE_S + 3
    proof.report(f"graceful stop: {stops} stops in a burst of {len(keys)} uploads, each took (s) {durations_s}")


def unfinished(plant: WorkerSystem, count: int) -> int:
    """Return the number of missing and unfinished jobs, and of messages in the queues."""
    return count - sum(job["Status"] in FINAL for job in plant.jobs()) + plant.waiting(*plant.queues)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_at_once(own_system: WorkerSystem, proof: Proof, number: signal.Signals) -> None:
    """It doesn't wait for its long polls; a message that one of them received becomes visible again."""
    if number is signal.SIGINT and not proof.is_long:
        pytest.skip("part of the soak")
    worker = own_system.worker(POLLERS="4")
    worker.wait_for_log("worker.ready")
    began = time.monotonic()
    assert worker.end(number) == 0
    assert time.monotonic() - began < 2
    body = json.dumps({"Event": "s3:TestEvent"})
    own_system.sqs.send_message(QueueUrl=own_system.stack.uploads_queue_url, MessageBody=body)
    eventually(lambda: own_system.counts(own_system.stack.uploads_queue_url), lambda c: c == (1, 0), deadline_s=15)


def test_a_message_that_takes_longer_than_the_grace_period_is_released(own_system: WorkerSystem, clip: bytes) -> None:
    """MediaConvert doesn't respond: the worker exits with code 0, and the message is visible at once."""
    key = names(1, secrets.token_hex(4))[0]
    with proxied(own_system.mediaconvert_url, FaultSettings(rate=1, kinds=("silence",))) as url:
        worker = own_system.worker(MEDIACONVERT_ENDPOINT_URL=url, STOP_GRACE_S="1", POLLERS="1", SUBMITTERS="1")
        worker.wait_for_log("worker.ready")
        own_system.upload(key, clip)
        queue = own_system.stack.submission_queue_url
        eventually(lambda: own_system.counts(queue), lambda counts: counts == (0, 1), deadline_s=10, pause_s=0.05)
        assert worker.end(signal.SIGTERM, within_s=6) == 0
    assert "messages.released" in worker.text()
    assert own_system.counts(queue) == (1, 0)
