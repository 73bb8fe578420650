"""A backfill is killed again and again, while workers run and S3's own notifications come: each object has one job."""

import os
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from .proof import Proof
from .worker_system import FINAL, Process, WorkerSystem, eventually, names

PER_SECOND = 10
KILL_WITHIN_S = 2.0
"""A backfill that has begun to send is killed after a random time up to this one."""
SETTLED_WITHIN_S = 600
NOTIFIED = 0.3
"""The share of the objects whose notification comes too: before, while or after the backfill sends its message."""


def test_a_killed_backfill_makes_one_job_for_each_object(own_system: WorkerSystem, clip: bytes, proof: Proof) -> None:
    """SIGKILL at random moments; the same command goes on. Notifications of the same objects come in between."""
    count, kills = proof.length("BACKFILL_OBJECTS", 24), proof.length("BACKFILL_KILLS", 3)
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    proof.report(f"backfill: SEED={seed} repeats the random numbers")
    rng = random.Random(seed)  # noqa: S311 -- not for secrets
    keys, prefix = names(count, secrets.token_hex(4)), "uploads/"
    for key in keys:
        own_system.upload(key, clip)
    notifications = take_notifications(own_system, count)
    late = rng.sample(notifications, round(count * NOTIFIED))
    own_system.worker("worker", RECONCILE_INTERVAL_S="3").wait_for_log("worker.ready")
    for killed in range(kills):
        backfill = start_backfill(own_system, prefix, number=killed)
        eventually(partial(has_begun, backfill), bool, deadline_s=60, pause_s=0.02)
        for _ in range(-(-len(late) // (kills - killed + 1))):
            notify(own_system, late.pop())
        time.sleep(rng.uniform(0, KILL_WITHIN_S))
        backfill.end(signal.SIGKILL)
    for body in late:
        notify(own_system, body)
    last = start_backfill(own_system, prefix, number=kills)
    assert last.process.wait(60 + count) == 0, last.text()
    began_s = time.monotonic()
    eventually(lambda: unfinished(own_system, keys), lambda left: not left, deadline_s=SETTLED_WITHIN_S, pause_s=1)
    jobs = jobs_by_key(own_system)
    assert jobs == Counter(dict.fromkeys(keys, 1)), jobs - Counter(keys)
    assert own_system.waiting(*own_system.dead_letter_queues) == 0
    proof.report(
        f"backfill: {count} objects, {kills} kills, {round(count * NOTIFIED)} notifications; one job for each, "
        f"the last one {time.monotonic() - began_s:.0f} s after the end"
    )


def take_notifications(system: WorkerSystem, count: int) -> list[str]:
    """Take S3's events from the uploads queue, as if they were lost; return their bodies."""
    bodies: list[str] = []

    def taken() -> int:
        response = system.sqs.receive_message(
            QueueUrl=system.stack.uploads_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for each in response.get("Messages", []):
            bodies.append(each["Body"])
            system.sqs.delete_message(QueueUrl=system.stack.uploads_queue_url, ReceiptHandle=each["ReceiptHandle"])
        return len(bodies)

    eventually(taken, lambda number: number >= count, deadline_s=60, pause_s=0)
    return bodies


def start_backfill(system: WorkerSystem, prefix: str, *, number: int) -> Process:
    """Start the command, in a process that can be killed."""
    arguments = (f"s3://{system.stack.input_bucket}/{prefix}", "--per-second", str(PER_SECOND))
    return system.process("worker.backfill", f"backfill-{number}", *arguments, PROBE="false")


def has_begun(process: Process) -> bool:
    """Return whether the command has printed its estimate, and sends, or has ended."""
    return "to create" in process.text() or process.process.poll() is not None


def notify(system: WorkerSystem, body: str) -> None:
    """Deliver one of S3's events late."""
    system.sqs.send_message(QueueUrl=system.stack.uploads_queue_url, MessageBody=body)


def unfinished(system: WorkerSystem, keys: Sequence[str]) -> list[str]:
    """Return the objects without a finished job, and a word if a queue has a message."""
    jobs = {key_of(job): job["Status"] for job in system.jobs()}
    left = [key for key in keys if jobs.get(key) not in FINAL]
    return left or (["messages"] if system.waiting(*system.queues) else [])


def jobs_by_key(system: WorkerSystem) -> Counter[str]:
    """Return the number of jobs of each object."""
    return Counter(key_of(job) for job in system.jobs() if job["Status"] != "CANCELED")


def key_of(job: Mapping[str, Any]) -> str:
    """Return the input file of a job."""
    uri: str = job["Settings"]["Inputs"][0]["FileInput"]
    return uri.split("/", 3)[3]
