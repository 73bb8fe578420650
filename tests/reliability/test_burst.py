"""A burst of uploads meets MediaConvert's limit of CreateJob: it costs time only, and other callers don't wait for it.

The worker is a real process with its real delays. The files aren't videos, so each job ends at once with an error:
these tests are about the creation of jobs.
"""

import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.provision import Stack
from tests.fair_queue_endpoint import serve_fair_queue

from .proof import Proof
from .worker_system import WorkerSystem, eventually, worker_system

CREATE_JOB_PER_S = 5
CALLS_PER_UPLOAD = 1.2
NO_VIDEO = b"not a video"
UPLOADERS = 8
OTHERS_BEFORE = 60
"""Jobs of the other caller that may be created between one upload's arrival and its job: some seconds at the rate."""


@pytest.fixture
def limited_system(deploy_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[WorkerSystem]:
    """Yield a system whose MediaConvert accepts five CreateJob requests a second."""
    stack = deploy_stack()
    with worker_system(stack, tmp_path, create_job_per_s=CREATE_JOB_PER_S, create_job_burst=CREATE_JOB_PER_S) as system:
        yield system


def test_a_burst_of_uploads_waits_for_mediaconverts_rate_and_nothing_else_happens(
    limited_system: WorkerSystem, proof: Proof
) -> None:
    """Every upload gets exactly one job, few calls are throttled, and no dead-letter queue has a message.

    The worker doesn't hold back, because the emulator ends jobs more slowly than it accepts them.
    """
    keys = keys_of(proof.length("BURST_UPLOADS", 200), f"burst-{secrets.token_hex(4)}")
    worker = limited_system.worker(LOG_LEVEL="INFO", MEDIACONVERT_BACKLOG="0")
    worker.wait_for_log("worker.ready")
    began = time.monotonic()
    upload_all(limited_system, keys)
    allowed_s = len(keys) / CREATE_JOB_PER_S
    eventually(lambda: created(limited_system), lambda jobs: jobs == len(keys), deadline_s=120 + 3 * allowed_s)
    created_s = time.monotonic() - began
    eventually(lambda: unfinished(limited_system, keys), lambda left: left == 0, deadline_s=120 + 3 * allowed_s)
    took_s = time.monotonic() - began
    assert worker.end(signal.SIGTERM) == 0
    assert_one_job_each(limited_system, keys)
    calls = limited_system.submission_calls()
    assert calls <= CALLS_PER_UPLOAD * len(keys)
    proof.report(
        f"burst of {len(keys)} uploads at {CREATE_JOB_PER_S} CreateJob a second: {calls / len(keys):.3f} calls per "
        f"upload; all jobs were created after {created_s:.0f} s, {created_s / allowed_s:.2f} times what the rate "
        f"allows, and over after {took_s:.0f} s; {dict(limited_system.requests())}"
    )


def test_one_upload_does_not_wait_for_another_callers_thousand(limited_system: WorkerSystem, proof: Proof) -> None:
    """Files of one folder are one caller's; SQS's fair queue is a stand-in by its documented rule."""
    many = keys_of(proof.length("FAIR_UPLOADS", 160), f"many-{secrets.token_hex(4)}")
    (one,) = keys_of(1, f"one-{secrets.token_hex(4)}")
    with serve_fair_queue(limited_system.stack.endpoint_url, limited_system.stack.submission_queue_url) as (url, queue):
        worker = limited_system.worker(LOG_LEVEL="INFO", AWS_ENDPOINT_URL=url)
        worker.wait_for_log("worker.ready")
        upload_all(limited_system, many)
        eventually(lambda: queue.sent, lambda sent: sent == len(many), deadline_s=60 + len(many) / 5)
        before = len(limited_system.jobs())
        limited_system.upload(one, NO_VIDEO)
        deadline_s = 120 + 3 * len(many) / CREATE_JOB_PER_S
        eventually(lambda: unfinished(limited_system, [*many, one]), lambda left: left == 0, deadline_s=deadline_s)
        assert worker.end(signal.SIGTERM) == 0
    assert_one_job_each(limited_system, [*many, one])
    order = [key_of(job) for job in reversed(limited_system.jobs())]
    between = order.index(one) - before
    assert between <= OTHERS_BEFORE < len(many) - before
    proof.report(f"one upload beside {len(many)} of another caller: {between} of them got their job in between")


def keys_of(count: int, folder: str) -> Sequence[str]:
    """Return so many input files of one folder."""
    return [f"uploads/{folder}/{number:05d}.mp4" for number in range(count)]


def upload_all(system: WorkerSystem, keys: Sequence[str]) -> None:
    """Upload the files as fast as the emulator accepts them."""
    _ = system.s3  # made here, because threads must not make a client at the same time
    with ThreadPoolExecutor(UPLOADERS) as threads:
        list(threads.map(lambda key: system.upload(key, NO_VIDEO), keys))


def unfinished(system: WorkerSystem, keys: Sequence[str]) -> int:
    """Return the jobs that are still to come or not over, and the messages in the queues."""
    return len(keys) - system.ended_jobs() + system.waiting(*system.queues)


def created(system: WorkerSystem) -> int:
    """Return the number of jobs that MediaConvert has created."""
    return system.requests()["CreateJob ok"]


def assert_one_job_each(system: WorkerSystem, keys: Sequence[str]) -> None:
    """Check that each upload has one job in MediaConvert, which its row names, and that there is no dead letter."""
    jobs = system.jobs()
    assert Counter(map(key_of, jobs)) == Counter(keys)
    for job in jobs:
        row = system.row(system.stack.input_file_table, InputFile=key_of(job))
        assert row is not None
        assert row["JobId"]["S"] == job["Id"]
    assert system.waiting(*system.dead_letter_queues) == 0


def key_of(job: dict[str, object]) -> str:
    """Return the input file of a job of MediaConvert."""
    settings: dict[str, list[dict[str, str]]] = job["Settings"]  # type: ignore[assignment]
    return settings["Inputs"][0]["FileInput"].split("/", 3)[3]
