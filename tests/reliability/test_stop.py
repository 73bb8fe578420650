"""SIGTERM to the real process: what is in hand is finished or given back, nothing is lost, and the exit code is 0."""

import json
import secrets
import signal
import time
from pathlib import Path

import pytest

from .faults import Weather, proxied
from .proof import Proof
from .truth import assert_nothing_lost_and_nothing_wrong
from .worker_system import FINAL, Plant, eventually, names

pytestmark = pytest.mark.serial  # the tests measure how long a worker takes to stop

GRACE_S = 5


def test_stops_in_the_middle_of_a_burst_lose_nothing(
    own_plant: Plant, clip: bytes, tmp_path: Path, proof: Proof
) -> None:
    """Every stop ends with 0 within its grace period, whatever was in hand; the last worker finishes the rest."""
    keys = names(proof.length("STOP_UPLOADS", 8), secrets.token_hex(4))
    stops = proof.length("STOPS", 3)
    took_s = []
    for number in range(stops):
        worker = own_plant.worker(f"worker-{number}")
        worker.until_said("worker.ready")
        for key in keys[number::stops]:
            own_plant.upload(key, clip)
        time.sleep(0.1 * number)
        began = time.monotonic()
        assert worker.end(signal.SIGTERM) == 0, worker.text()
        took_s.append(round(time.monotonic() - began, 1))
        assert "Traceback" not in worker.text()
    own_plant.worker("worker-last").until_said("worker.ready")
    eventually(lambda: unfinished(own_plant, len(keys)), lambda left: left == 0, deadline_s=60 + len(keys))
    assert_nothing_lost_and_nothing_wrong(own_plant, keys, tmp_path)
    assert max(took_s) < GRACE_S + 3
    proof.report(f"graceful stop: {stops} stops in a burst of {len(keys)} uploads, each took (s) {took_s}")


def unfinished(plant: Plant, count: int) -> int:
    """Jobs that are still to come or not over, and messages in the queues."""
    return count - sum(job["Status"] in FINAL for job in plant.jobs()) + plant.waiting(*plant.queues)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_at_once(own_plant: Plant, proof: Proof, number: signal.Signals) -> None:
    """Its long polls don't keep it; a message that one of them took with it returns."""
    if number is signal.SIGINT and not proof.is_long:
        pytest.skip("part of the soak")
    worker = own_plant.worker(POLLERS="4")
    worker.until_said("worker.ready")
    began = time.monotonic()
    assert worker.end(number) == 0
    assert time.monotonic() - began < 2
    body = json.dumps({"Event": "s3:TestEvent"})
    own_plant.sqs.send_message(QueueUrl=own_plant.stack.uploads_queue_url, MessageBody=body)
    eventually(lambda: own_plant.counts(own_plant.stack.uploads_queue_url), lambda c: c == (1, 0), deadline_s=15)


def test_what_takes_longer_than_the_grace_period_is_given_back(own_plant: Plant, clip: bytes) -> None:
    """MediaConvert doesn't answer: the worker ends all the same, with 0, and the upload's message is free at once."""
    key = names(1, secrets.token_hex(4))[0]
    with proxied(own_plant.mediaconvert_url, Weather(rate=1, kinds=("silence",))) as url:
        worker = own_plant.worker(MEDIACONVERT_ENDPOINT_URL=url, STOP_GRACE_S="1", POLLERS="1")
        worker.until_said("worker.ready")
        own_plant.upload(key, clip)
        queue = own_plant.stack.uploads_queue_url
        eventually(lambda: own_plant.counts(queue), lambda counts: counts == (0, 1), deadline_s=10, pause_s=0.05)
        assert worker.end(signal.SIGTERM, within_s=6) == 0
    assert "messages.released" in worker.text()
    assert own_plant.counts(queue) == (1, 0)
