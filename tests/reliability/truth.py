"""What must be true at the end, read from AWS alone: nothing lost, nothing wrong."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from .worker_system import Plant


def assert_nothing_lost_and_nothing_wrong(plant: Plant, keys: Sequence[str], folder: Path) -> dict[str, int]:
    """Check every upload, every job, every file and every queue; return the number of jobs of each status."""
    jobs_of: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for job in plant.jobs():
        key = job["Settings"]["Inputs"][0]["FileInput"].split("/", 3)[3]
        if key in keys:
            jobs_of[key].append(job)
    statuses: defaultdict[str, int] = defaultdict(int)
    assert sorted(jobs_of) == sorted(keys)
    for key, jobs in jobs_of.items():
        (job,) = [job for job in jobs if job["Status"] != "CANCELED"]
        assert all(_is_told(plant, each) for each in jobs), jobs
        lookup = plant.row(plant.stack.input_file_table, InputFile=key)
        assert lookup, key
        assert lookup["JobId"]["S"] == job["Id"]
        if job["Status"] == "COMPLETE":
            assert_plays(plant, job["Id"], folder)
        statuses[job["Status"]] += 1
        statuses["CANCELED duplicates"] += len(jobs) - 1
    assert plant.waiting(*plant.queues) == 0
    assert plant.waiting(*plant.dead_letter_queues) == 0
    return dict(statuses)


def _is_told(plant: Plant, job: dict[str, Any]) -> bool:
    """Whether our row says of the job what MediaConvert says; a duplicate that was canceled needs no row."""
    row = plant.row(plant.stack.status_table, JobId=job["Id"])
    if row is None:
        return bool(job["Status"] == "CANCELED")
    if job["Status"] == "COMPLETE" and row["ProgressRate"]["N"] != "100":
        return False
    return bool(row["JobStatus"]["S"] == job["Status"])


def assert_plays(plant: Plant, job_id: str, folder: Path) -> None:
    """Key file, info.json and playlists are there and fit each other, and ffmpeg decrypts and decodes the video."""
    row, keys = (plant.row(table, JobId=job_id) for table in (plant.stack.status_table, plant.stack.output_table))
    assert row, job_id
    assert keys, job_id
    path = keys["OutputPath"]["S"]
    assert row["OutputPath"]["S"] == path
    files = _fetch(plant, path)
    assert files[keys["KeyFile"]["S"]] == bytes.fromhex(keys["KeyValue"]["S"])
    info = json.loads(files["info.json"])
    playlists = {suffix: name["S"] for suffix, name in row["Playlists"]["M"].items()}
    assert (info["job_id"], info["input_file"], info["playlists"]) == (job_id, keys["InputFile"]["S"], playlists)
    assert int(row["DurationMs"]["N"]) == info["duration_ms"] > 0
    place = folder / job_id
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    assert _frames(place / playlists[".m3u8"]) > 0


def _fetch(plant: Plant, path: str) -> dict[str, bytes]:
    bucket = plant.stack.output_bucket
    listed = plant.s3.list_objects_v2(Bucket=bucket, Prefix=path).get("Contents", [])
    return {
        item["Key"].removeprefix(path): plant.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        for item in listed
    }


def _frames(playlist: Path) -> int:
    strict = ["-v", "error", "-xerror", "-protocol_whitelist", "file,crypto", "-allowed_extensions", "ALL"]
    command = [get_ffmpeg_exe(), "-nostdin", *strict, "-extension_picky", "0", "-i", playlist.name]
    told = subprocess.run(
        [*command, "-map", "0:v:0", "-progress", "pipe:1", "-f", "null", "-"],
        cwd=playlist.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return int(re.findall(r"frame=(\d+)", told.stdout)[-1])
