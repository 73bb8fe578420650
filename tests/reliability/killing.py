"""Uploads go through a system whose messages are repeated, and whose workers are killed at random moments.

Some of the uploads are deleted meanwhile, and a back end receives webhooks.
"""

import itertools
import json
import random
import secrets
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .deleting import request_deletion, until_deleted
from .redriving import Redrive
from .worker_system import FINAL, Process, WorkerSystem, eventually

WORKERS = 2
MAX_LIFE_S = 4.0
"""A ready worker is killed after a random time up to this one."""
KILL_AT_START_EVERY = 7
"""One of this many kills comes before the worker is ready."""
CHAOS = {"duplicate_rate": 0.3, "reorder_rate": 0.3, "reorder_window_s": 1, "delay_max_s": 0.5}
LOSSES = {"drop_rate": 0.1, "drop_final": True}
LATEST_EVENT_S = CHAOS["reorder_window_s"] + CHAOS["delay_max_s"]
"""The emulator may send a job's event, or its copy, this long after the job's end."""
SETTLED_WITHIN_S = 1_200
"""Longer than the longest delay of a message that failed often (900 s). After few kills it takes seconds."""
BROKEN_EVERY = 10
"""One of this many uploads is not a video; its job must end as ERROR."""


@dataclass(frozen=True, kw_only=True)
class KillSummary:
    """The numbers of the run."""

    uploads: int
    kills: int
    kills_at_work: int
    """Kills while workers had received messages."""
    redelivered: int
    deleted: int
    sent_back: int
    """Dead letters, each of which a killed worker held alone."""
    seconds: float


class Notifications:
    """S3's events, copied to a queue by a rule, to be sent again."""

    def __init__(self, system: WorkerSystem) -> None:
        self._system = system
        name = f"catch-{secrets.token_hex(4)}"
        self._queue_url = system.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = system.sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])
        events = system.client("events", system.stack.endpoint_url)
        bucket = {"bucket": {"name": [system.stack.input_bucket]}}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": bucket}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "catch", "Arn": attributes["Attributes"]["QueueArn"]}])
        self._bodies: list[str] = []

    def send_some_again(self, rng: random.Random, *, share: float) -> int:
        """Send each new event again with this probability, and sometimes an old one; return the number of events."""
        response = self._system.sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
        fresh = [message["Body"] for message in response.get("Messages", [])]
        for message in response.get("Messages", []):
            self._system.sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        chosen = [body for body in fresh if rng.random() < share]
        if self._bodies and rng.random() < share:
            chosen.append(rng.choice(self._bodies))
        self._bodies.extend(fresh)
        for body in chosen:
            self._system.sqs.send_message(QueueUrl=self._system.stack.uploads_queue_url, MessageBody=body)
        return len(chosen)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The uploads of a run, those of them that are deleted during it, and the workers' settings."""

    keys: Sequence[str]
    deleted: Sequence[str]
    kills: int
    seed: int
    settings: Mapping[str, str]

    @property
    def kept(self) -> Sequence[str]:
        """The uploads that stay."""
        return [key for key in self.keys if key not in self.deleted]


def kill_workers(system: WorkerSystem, plan: Plan, clip: bytes) -> KillSummary:
    """Upload the files and kill workers; return once every job has ended and every queue is empty."""
    rng, kills, doomed = random.Random(plan.seed), plan.kills, list(plan.deleted)  # noqa: S311 -- not for secrets
    began = time.monotonic()
    system.chaos(**CHAOS, **LOSSES, seed=plan.seed)
    notifications = Notifications(system)
    feeding = threading.Thread(target=_feed, args=(system, plan.keys, clip, kills))
    feeding.start()
    workers = [_start(system, number, plan) for number in range(WORKERS)]
    redelivered = at_work = 0
    for killed in range(kills):
        victim = killed % WORKERS
        if killed % KILL_AT_START_EVERY:  # the others die while they start
            workers[victim].wait_for_log("worker.ready")
        time.sleep(rng.uniform(0, MAX_LIFE_S) / WORKERS)
        if killed % 2:
            _until_at_work(system)
            time.sleep(rng.uniform(0, 0.2))
        at_work += _is_at_work(system)
        for _ in range(-(-len(doomed) // (kills - killed))):
            request_deletion(system, doomed.pop(rng.randrange(len(doomed))))
        workers[victim].end(signal.SIGKILL)
        workers[victim] = _start(system, victim, plan)
        redelivered += notifications.send_some_again(rng, share=0.3)
    feeding.join()
    system.chaos(**CHAOS, **LOSSES, seed=plan.seed + 1)
    until_deleted(system, plan.deleted)
    _until_settled(system, plan.kept)
    if sent_back := _send_suspects_back(system):
        _until_settled(system, plan.kept)
    for worker in workers:
        worker.end(signal.SIGTERM)
    return KillSummary(
        uploads=len(plan.keys),
        kills=kills,
        kills_at_work=at_work,
        redelivered=redelivered,
        deleted=len(plan.deleted),
        sent_back=sent_back,
        seconds=time.monotonic() - began,
    )


def _start(system: WorkerSystem, number: int, plan: Plan) -> Process:
    return system.worker(f"worker-{number}", RECONCILE_INTERVAL_S="3", **plan.settings)


def _feed(system: WorkerSystem, keys: Sequence[str], clip: bytes, kills: int) -> None:
    """Upload the files over about the time of the kills."""
    pause_s = kills * MAX_LIFE_S / WORKERS / 2 / len(keys)
    for number, key in zip(itertools.count(1), keys, strict=False):
        system.upload(key, b"this is no video" if number % BROKEN_EVERY == 0 else clip)
        time.sleep(pause_s)


def _is_at_work(system: WorkerSystem) -> bool:
    names = ["ApproximateNumberOfMessagesNotVisible"]
    return any(
        system.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] != "0"
        for url in system.queues
    )


def _until_at_work(system: WorkerSystem, *, max_wait_s: float = 3) -> None:
    """Wait until a worker has received messages, at most for this time."""
    deadline_s = time.monotonic() + max_wait_s
    while not _is_at_work(system) and time.monotonic() < deadline_s:
        time.sleep(0.01)


def _until_settled(system: WorkerSystem, keys: Sequence[str]) -> None:
    """Wait until MediaConvert has finished, every row has its job's end, and no message is in a queue or delayed."""
    settled_s: list[float] = []

    def unsettled() -> list[str]:
        jobs = system.jobs()
        found = {job["Settings"]["Inputs"][0]["FileInput"].split("/", 3)[3] for job in jobs}
        missing = [key for key in keys if key not in found]
        running = [job["Id"] for job in jobs if job["Status"] not in FINAL]
        behind = [job["Id"] for job in jobs if not running and not _is_over(system, job["Id"])]
        queued = [f"{system.waiting(*system.queues)} messages"] if system.waiting(*system.queues) else []
        left = [*missing, *running, *behind, *queued]
        if left:
            settled_s.clear()
            return left
        settled_s.append(time.monotonic())
        return [] if settled_s[-1] - settled_s[0] > LATEST_EVENT_S else ["events that are delayed"]

    eventually(unsettled, lambda left: not left, deadline_s=SETTLED_WITHIN_S, pause_s=1)


def _send_suspects_back(system: WorkerSystem) -> int:
    """Send the dead letters back, as an operator would, and return their number.

    After five deaths, a worker handles a message alone. If a random kill meets that worker, the message becomes a dead
    letter, because it seems to be the cause. There is no other letter.
    """
    letters = system.waiting(*system.dead_letter_queues)
    if letters:
        redrive = Redrive(system=system, endpoint_url=system.stack.endpoint_url, move_tasks=None)
        shown = redrive.run()
        assert shown.count("workers die of it") == letters, shown
        redrive.run("--send")
    return letters


def _is_over(system: WorkerSystem, job_id: str) -> bool:
    """Return whether the job's row has its end, and the end is announced."""
    row = system.row(system.stack.status_table, JobId=job_id)
    return row is not None and row["JobStatus"]["S"] in FINAL and "Unannounced" not in row
