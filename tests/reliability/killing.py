"""The kill harness: uploads go in, everything is said twice, and workers are killed at random moments."""

import itertools
import json
import random
import secrets
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .worker_system import FINAL, Plant, Process, eventually

WORKERS = 2
LONGEST_LIFE_S = 4.0
"""Of a worker that is ready, at random."""
STARTING_EVERY = 7
"""One kill in so many doesn't wait for that."""
CHAOS = {"duplicate_rate": 0.3, "reorder_rate": 0.3, "reorder_window_s": 1, "delay_max_s": 0.5}
LOSSES = {"drop_rate": 0.1, "drop_final": True}
SETTLED_WITHIN_S = 1_200
"""Longer than the longest wait of a message that failed often (900 s): with few kills it takes seconds."""
BROKEN_EVERY = 10
"""One upload in so many is no video, and its job must end as ERROR."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was done to the system."""

    uploads: int
    kills: int
    kills_at_work: int
    """Kills at a moment when messages were in a worker's hands."""
    redelivered: int
    seconds: float


class Notifications:
    """S3's events, caught on their way by a rule of ours, to be sent once more."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        name = f"catch-{secrets.token_hex(4)}"
        self._queue_url = plant.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = plant.sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])
        events = plant.client("events", plant.stack.endpoint_url)
        bucket = {"bucket": {"name": [plant.stack.input_bucket]}}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": bucket}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "catch", "Arn": attributes["Attributes"]["QueueArn"]}])
        self._bodies: list[str] = []

    def send_some_again(self, dice: random.Random, *, share: float) -> int:
        """Send each event that has come since the last call once more, by chance; and now and then an old one."""
        answer = self._plant.sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
        fresh = [message["Body"] for message in answer.get("Messages", [])]
        for message in answer.get("Messages", []):
            self._plant.sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        chosen = [body for body in fresh if dice.random() < share]
        if self._bodies and dice.random() < share:
            chosen.append(dice.choice(self._bodies))
        self._bodies.extend(fresh)
        for body in chosen:
            self._plant.sqs.send_message(QueueUrl=self._plant.stack.uploads_queue_url, MessageBody=body)
        return len(chosen)


def torment(plant: Plant, keys: Sequence[str], clip: bytes, *, kills: int, seed: int) -> Tally:
    """Feed the uploads and kill workers until both are done; return once every job is over and settled."""
    dice = random.Random(seed)  # noqa: S311 -- not for secrets
    began = time.monotonic()
    plant.chaos(**CHAOS, **LOSSES, seed=seed)
    notifications = Notifications(plant)
    feeding = threading.Thread(target=_feed, args=(plant, keys, clip, kills))
    feeding.start()
    workers = [_start(plant, number) for number in range(WORKERS)]
    redelivered = at_work = 0
    for killed in range(kills):
        victim = killed % WORKERS
        if killed % STARTING_EVERY:  # the others die while they start
            workers[victim].until_said("worker.ready")
        time.sleep(dice.uniform(0, LONGEST_LIFE_S) / WORKERS)
        if killed % 2:
            _until_at_work(plant)
            time.sleep(dice.uniform(0, 0.2))
        at_work += _is_at_work(plant)
        workers[victim].end(signal.SIGKILL)
        workers[victim] = _start(plant, victim)
        redelivered += notifications.send_some_again(dice, share=0.3)
    feeding.join()
    plant.chaos(**CHAOS, **LOSSES, seed=seed + 1)
    _until_settled(plant, keys)
    for worker in workers:
        worker.end(signal.SIGTERM)
    return Tally(
        uploads=len(keys),
        kills=kills,
        kills_at_work=at_work,
        redelivered=redelivered,
        seconds=time.monotonic() - began,
    )


def _start(plant: Plant, number: int) -> Process:
    return plant.worker(f"worker-{number}", RECONCILE_INTERVAL_S="3")


def _feed(plant: Plant, keys: Sequence[str], clip: bytes, kills: int) -> None:
    """Upload at a pace that lasts for about as long as the kills."""
    pause_s = kills * LONGEST_LIFE_S / WORKERS / 2 / len(keys)
    for number, key in zip(itertools.count(1), keys, strict=False):
        plant.upload(key, b"this is no video" if number % BROKEN_EVERY == 0 else clip)
        time.sleep(pause_s)


def _is_at_work(plant: Plant) -> bool:
    names = ["ApproximateNumberOfMessagesNotVisible"]
    return any(
        plant.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] != "0"
        for url in plant.queues
    )


def _until_at_work(plant: Plant, *, longest_s: float = 3) -> None:
    """Wait until somebody has messages in hand, or the time is over."""
    until = time.monotonic() + longest_s
    while not _is_at_work(plant) and time.monotonic() < until:
        time.sleep(0.01)


def _until_settled(plant: Plant, keys: Sequence[str]) -> None:
    """Wait until MediaConvert has finished, every row says so, and nothing waits in a queue."""

    def unsettled() -> list[str]:
        jobs = plant.jobs()
        found = {job["Settings"]["Inputs"][0]["FileInput"].split("/", 3)[3] for job in jobs}
        missing = [key for key in keys if key not in found]
        running = [job["Id"] for job in jobs if job["Status"] not in FINAL]
        behind = [job["Id"] for job in jobs if not running and _status(plant, job["Id"]) not in FINAL]
        queued = [f"{plant.waiting(*plant.queues)} messages"] if plant.waiting(*plant.queues) else []
        return [*missing, *running, *behind, *queued]

    eventually(unsettled, lambda left: not left, deadline_s=SETTLED_WITHIN_S, pause_s=1)


def _status(plant: Plant, job_id: str) -> str | None:
    row = plant.row(plant.stack.status_table, JobId=job_id)
    return row["JobStatus"]["S"] if row else None
