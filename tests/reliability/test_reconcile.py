"""Reconciliation, in a process of its own, repairs lost events and lost rows from MediaConvert's jobs."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack

from .final_state import assert_plays
from .worker_system import FINAL, WorkerSystem, eventually, worker_system


@pytest.fixture(scope="module")
def silent_system(deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    """A system in which no event of MediaConvert arrives, with a worker that creates jobs."""
    stack = deploy_stack({"VisibilityTimeoutS": "5"})
    with worker_system(stack, tmp_path_factory.mktemp("silent")) as system:
        system.chaos(drop_rate=1, drop_final=True)
        system.worker().wait_for_log("worker.ready")
        yield system


OPEN_JOBS = ("--overdue-s", "0")
LISTED_JOBS = ("--list",)


def reconcile(worker_system: WorkerSystem, options: Sequence[str] = OPEN_JOBS) -> tuple[int, dict[str, Any]]:
    """Run `python -m worker.reconcile`; return its exit code and its log line."""
    process = subprocess.run(
        [sys.executable, "-m", "worker.reconcile", "--quiet-s", "0", *options],
        env={**os.environ, **worker_system.environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    done = [line for line in lines if line["event"] == "reconcile.done"]
    assert done, process.stdout + process.stderr
    return process.returncode, done[0]


def job_after_mediaconvert(worker_system: WorkerSystem, key: str, body: bytes) -> dict[str, Any]:
    """Upload, and return the job once MediaConvert has ended it."""
    worker_system.upload(key, body)

    def job() -> dict[str, Any] | None:
        jobs = [each for each in worker_system.jobs() if each["Settings"]["Inputs"][0]["FileInput"].endswith(key)]
        return jobs[0] if jobs and jobs[0]["Status"] in FINAL else None

    found = eventually(job, bool, deadline_s=30)
    assert found
    eventually(lambda: worker_system.row(worker_system.stack.input_file_table, InputFile=key), bool, deadline_s=10)
    return found


@pytest.fixture
def key() -> str:
    """An input file of the test's own."""
    return f"uploads/{secrets.token_hex(8)}/clip.mp4"


def test_a_job_whose_events_were_all_lost_becomes_complete_and_plays(
    silent_system: WorkerSystem, clip: bytes, key: str, tmp_path: Path
) -> None:
    """SUBMITTED becomes COMPLETE, with existing playlists, key file and info.json."""
    job = job_after_mediaconvert(silent_system, key, clip)
    before = silent_system.row(silent_system.stack.status_table, JobId=job["Id"])
    assert before
    assert before["JobStatus"]["S"] == "SUBMITTED"
    code, done = reconcile(silent_system)
    assert (code, done["ended"], done["unmended"]) == (0, 1, 0)
    assert_plays(silent_system, job["Id"], tmp_path)


def test_a_failed_job_gets_the_error_that_its_event_would_have_given(silent_system: WorkerSystem, key: str) -> None:
    """The row has MediaConvert's code, and the file's name instead of its S3 URI."""
    job = job_after_mediaconvert(silent_system, key, b"this is no video")
    reconcile(silent_system)
    row = silent_system.row(silent_system.stack.status_table, JobId=job["Id"])
    assert row
    assert (row["JobStatus"]["S"], row["ErrorCode"]["N"]) == ("ERROR", "1010")
    assert "s3://" not in row["ErrorMessage"]["S"]


def test_a_job_whose_rows_were_never_written_is_adopted(
    silent_system: WorkerSystem, clip: bytes, key: str, tmp_path: Path
) -> None:
    """Only the claim and MediaConvert have the job: key row, status row and lookup row are written, and it plays."""
    job, stack = job_after_mediaconvert(silent_system, key, clip), silent_system.stack
    rows = ((stack.output_table, "JobId"), (stack.status_table, "JobId"), (stack.input_file_table, "InputFile"))
    for table, name in rows:
        wire = {name: {"S": key if name == "InputFile" else job["Id"]}}
        silent_system.dynamodb.delete_item(TableName=table, Key=wire)
    code, done = reconcile(silent_system, LISTED_JOBS)
    assert (code, done["adopted"], done["ended"]) == (0, 1, 1)
    lookup = silent_system.row(stack.input_file_table, InputFile=key)
    assert lookup
    assert lookup["JobId"]["S"] == job["Id"]
    assert_plays(silent_system, job["Id"], tmp_path)


def test_a_job_whose_output_is_missing_does_not_become_complete(
    silent_system: WorkerSystem, clip: bytes, key: str
) -> None:
    """The playlist is missing in S3: the job is unchanged, and the exit code and the log report it."""
    job, stack = job_after_mediaconvert(silent_system, key, clip), silent_system.stack
    destination = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]["Destination"]
    master = f"{destination.split('/', 3)[3]}.m3u8"
    silent_system.s3.delete_object(Bucket=stack.output_bucket, Key=master)
    code, done = reconcile(silent_system)
    row = silent_system.row(stack.status_table, JobId=job["Id"])
    assert row
    assert (code, done["unmended"], row["JobStatus"]["S"]) == (1, 1, "SUBMITTED")
    silent_system.s3.put_object(Bucket=stack.output_bucket, Key=master, Body=b"#EXTM3U\n")
    assert reconcile(silent_system)[0] == 0


def test_concurrent_passes_are_safe_and_the_next_pass_changes_nothing(
    silent_system: WorkerSystem, clip: bytes, key: str, tmp_path: Path
) -> None:
    """Two concurrent passes repair a job once; the next pass changes nothing."""
    job = job_after_mediaconvert(silent_system, key, clip)
    with ThreadPoolExecutor(2) as threads:
        codes = [code for code, _ in threads.map(reconcile, [silent_system] * 2, [LISTED_JOBS, OPEN_JOBS])]
    code, done = reconcile(silent_system, LISTED_JOBS)
    assert (*codes, code) == (0, 0, 0)
    assert (done["adopted"], done["ended"], done["canceled"]) == (0, 0, 0)
    assert_plays(silent_system, job["Id"], tmp_path)


def test_a_worker_repairs_a_lost_end_by_itself(
    silent_system: WorkerSystem, clip: bytes, key: str, tmp_path: Path
) -> None:
    """Its own clock starts the passes; no operator is needed."""
    worker = silent_system.worker("reconciling", RECONCILE_INTERVAL_S="2")
    job = job_after_mediaconvert(silent_system, key, clip)

    def status() -> str:
        row = silent_system.row(silent_system.stack.status_table, JobId=job["Id"])
        return str(row["JobStatus"]["S"]) if row else ""

    eventually(status, lambda each: each == "COMPLETE", deadline_s=60)
    assert worker.end(signal.SIGTERM) == 0
    assert_plays(silent_system, job["Id"], tmp_path)
