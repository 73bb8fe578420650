"""Lost events and lost rows are mended from MediaConvert's own record, by a process of its own."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack

from .truth import assert_plays
from .worker_system import FINAL, Plant, eventually, plant


@pytest.fixture(scope="module")
def silent_plant(deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    """A system in which not one event of MediaConvert's arrives, and a worker that makes jobs."""
    stack = deploy_stack({"VisibilityTimeoutS": "5"})
    with plant(stack, tmp_path_factory.mktemp("silent")) as made:
        made.chaos(drop_rate=1, drop_final=True)
        made.worker().until_said("worker.ready")
        yield made


def reconcile(plant: Plant) -> tuple[int, dict[str, Any]]:
    """Run `python -m worker.reconcile`; give its exit code and what it says it did."""
    told = subprocess.run(
        [sys.executable, "-m", "worker.reconcile", "--quiet-s", "0"],
        env={**os.environ, **plant.environment()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    done = [line for line in lines if line["event"] == "reconcile.done"]
    assert done, told.stdout + told.stderr
    return told.returncode, done[0]


def finished(plant: Plant, key: str, body: bytes) -> dict[str, Any]:
    """Upload, and give the job once MediaConvert has done with it."""
    plant.upload(key, body)

    def job() -> dict[str, Any] | None:
        mine = [each for each in plant.jobs() if each["Settings"]["Inputs"][0]["FileInput"].endswith(key)]
        return mine[0] if mine and mine[0]["Status"] in FINAL else None

    found = eventually(job, bool, deadline_s=30)
    assert found
    eventually(lambda: plant.row(plant.stack.input_file_table, InputFile=key), bool, deadline_s=10)
    return found


@pytest.fixture
def key() -> str:
    """An input file of the test's own."""
    return f"uploads/{secrets.token_hex(8)}/clip.mp4"


def test_a_job_whose_every_event_was_lost_is_told_and_plays(
    silent_plant: Plant, clip: bytes, key: str, tmp_path: Path
) -> None:
    """SUBMITTED becomes COMPLETE, with playlists that are there, key file and info.json."""
    job = finished(silent_plant, key, clip)
    before = silent_plant.row(silent_plant.stack.status_table, JobId=job["Id"])
    assert before
    assert before["JobStatus"]["S"] == "SUBMITTED"
    code, done = reconcile(silent_plant)
    assert (code, done["ended"], done["unmended"]) == (0, 1, 0)
    assert_plays(silent_plant, job["Id"], tmp_path)


def test_a_failed_job_is_told_as_its_event_would_have_told_it(silent_plant: Plant, key: str) -> None:
    """MediaConvert's code, and the file's name in place of its address."""
    job = finished(silent_plant, key, b"this is no video")
    reconcile(silent_plant)
    row = silent_plant.row(silent_plant.stack.status_table, JobId=job["Id"])
    assert row
    assert (row["JobStatus"]["S"], row["ErrorCode"]["N"]) == ("ERROR", "1010")
    assert "s3://" not in row["ErrorMessage"]["S"]


def test_a_job_whose_rows_were_never_written_is_adopted(
    silent_plant: Plant, clip: bytes, key: str, tmp_path: Path
) -> None:
    """Only the claim and MediaConvert know of it: key row, status row and lookup row are written, and it plays."""
    job, stack = finished(silent_plant, key, clip), silent_plant.stack
    rows = ((stack.output_table, "JobId"), (stack.status_table, "JobId"), (stack.input_file_table, "InputFile"))
    for table, name in rows:
        wire = {name: {"S": key if name == "InputFile" else job["Id"]}}
        silent_plant.dynamodb.delete_item(TableName=table, Key=wire)
    code, done = reconcile(silent_plant)
    assert (code, done["adopted"], done["ended"]) == (0, 1, 1)
    lookup = silent_plant.row(stack.input_file_table, InputFile=key)
    assert lookup
    assert lookup["JobId"]["S"] == job["Id"]
    assert_plays(silent_plant, job["Id"], tmp_path)


def test_complete_is_not_told_of_a_video_that_is_not_there(silent_plant: Plant, clip: bytes, key: str) -> None:
    """The playlist is gone from S3: the job stays as it was, and the exit code and the log say so."""
    job, stack = finished(silent_plant, key, clip), silent_plant.stack
    destination = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]["Destination"]
    master = f"{destination.split('/', 3)[3]}.m3u8"
    silent_plant.s3.delete_object(Bucket=stack.output_bucket, Key=master)
    code, done = reconcile(silent_plant)
    row = silent_plant.row(stack.status_table, JobId=job["Id"])
    assert row
    assert (code, done["unmended"], row["JobStatus"]["S"]) == (1, 1, "SUBMITTED")
    silent_plant.s3.put_object(Bucket=stack.output_bucket, Key=master, Body=b"#EXTM3U\n")
    assert reconcile(silent_plant)[0] == 0


def test_copies_beside_each_other_do_no_harm_and_a_second_pass_finds_nothing_to_do(
    silent_plant: Plant, clip: bytes, key: str, tmp_path: Path
) -> None:
    """What two mend at the same time is mended once, and stays as it is."""
    job = finished(silent_plant, key, clip)
    with ThreadPoolExecutor(2) as threads:
        codes = [code for code, _ in threads.map(reconcile, [silent_plant] * 2)]
    code, done = reconcile(silent_plant)
    assert (*codes, code) == (0, 0, 0)
    assert (done["adopted"], done["ended"], done["canceled"]) == (0, 0, 0)
    assert_plays(silent_plant, job["Id"], tmp_path)
