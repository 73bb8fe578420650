"""Checks of the final state, read from AWS alone: nothing is lost, and every row is correct."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from .worker_system import WorkerSystem


def assert_nothing_lost_and_nothing_wrong(system: WorkerSystem, keys: Sequence[str], folder: Path) -> dict[str, int]:
    """Check every upload, every job, every file and every queue; return the number of jobs of each status."""
    jobs_of: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for job in system.jobs():
        key = job["Settings"]["Inputs"][0]["FileInput"].split("/", 3)[3]
        if key in keys:
            jobs_of[key].append(job)
    statuses: defaultdict[str, int] = defaultdict(int)
    assert sorted(jobs_of) == sorted(keys)
    for key, jobs in jobs_of.items():
        (job,) = [job for job in jobs if job["Status"] != "CANCELED"]
        assert all(_has_correct_row(system, each) for each in jobs), jobs
        lookup = system.row(system.stack.input_file_table, InputFile=key)
        assert lookup, key
        assert lookup["JobId"]["S"] == job["Id"]
        if job["Status"] == "COMPLETE":
            assert_plays(system, job["Id"], folder)
        statuses[job["Status"]] += 1
        statuses["CANCELED duplicates"] += len(jobs) - 1
    assert system.waiting(*system.queues) == 0
    assert system.waiting(*system.dead_letter_queues) == 0
    return dict(statuses)


def _has_correct_row(system: WorkerSystem, job: dict[str, Any]) -> bool:
    """Return whether the job's row agrees with MediaConvert; a canceled duplicate needs no row."""
    row = system.row(system.stack.status_table, JobId=job["Id"])
    if row is None:
        return bool(job["Status"] == "CANCELED")
    if job["Status"] == "COMPLETE" and row["ProgressRate"]["N"] != "100":
        return False
    return bool(row["JobStatus"]["S"] == job["Status"])


def assert_plays(system: WorkerSystem, job_id: str, folder: Path) -> None:
    """Check that key file, info.json and playlists fit together, and that ffmpeg decrypts and decodes the video."""
    row, keys = (system.row(table, JobId=job_id) for table in (system.stack.status_table, system.stack.output_table))
    assert row, job_id
    assert keys, job_id
    path = keys["OutputPath"]["S"]
    assert row["OutputPath"]["S"] == path
    files = _fetch(system, path)
    assert files[keys["KeyFile"]["S"]] == bytes.fromhex(keys["KeyValue"]["S"])
    info = json.loads(files["info.json"])
    playlists = {suffix: name["S"] for suffix, name in row["Playlists"]["M"].items()}
    assert (info["job_id"], info["input_file"], info["playlists"]) == (job_id, keys["InputFile"]["S"], playlists)
    assert int(row["DurationMs"]["N"]) == info["duration_ms"] > 0
    place = folder / job_id
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    assert _frames(place / playlists[".m3u8"]) > 0


def _fetch(system: WorkerSystem, path: str) -> dict[str, bytes]:
    bucket = system.stack.output_bucket
    listed = system.s3.list_objects_v2(Bucket=bucket, Prefix=path).get("Contents", [])
    return {
        item["Key"].removeprefix(path): system.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        for item in listed
    }


def _frames(playlist: Path) -> int:
    strict = ["-v", "error", "-xerror", "-protocol_whitelist", "file,crypto", "-allowed_extensions", "ALL"]
    command = [get_ffmpeg_exe(), "-nostdin", *strict, "-extension_picky", "0", "-i", playlist.name]
    decoded = subprocess.run(
        [*command, "-map", "0:v:0", "-progress", "pipe:1", "-f", "null", "-"],
        cwd=playlist.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert decoded.returncode == 0, decoded.stderr
    return int(re.findall(r"frame=(\d+)", decoded.stdout)[-1])
