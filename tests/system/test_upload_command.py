"""`mediaconvert-status upload`, as users and their scripts call it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from .running_system import System


def _upload(system: System, cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mediaconvert_status_client",
        "upload",
        "--api",
        system.api_url,
        *map(str, arguments),
    ]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _results(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """Return the printed JSON result of each file, by the file's name."""
    return {Path(each["file"]).name: each for each in map(json.loads, done.stdout.splitlines())}


def test_several_files_are_uploaded_together(system: System, tmp_path: Path, clip: bytes) -> None:
    """One file is sent with a single PUT and two in parts; the exit code is 0 and all playback URLs work."""
    for name in ("one.mp4", "Zwei Stücke.mp4"):
        (tmp_path / name).write_bytes(clip)
    single_put = _upload(system, tmp_path, "--json", tmp_path / "one.mp4")
    in_parts = _upload(system, tmp_path, "--json", "--in-parts-from-mb", 0, *sorted(tmp_path.glob("*.mp4")))
    results = [*_results(single_put).values(), *_results(in_parts).values()]
    assert (single_put.returncode, in_parts.returncode) == (0, 0), in_parts.stderr
    assert [each["status"] for each in results] == ["COMPLETE"] * 3
    assert all(httpx.get(each["playback_url"]).status_code == 200 for each in results)


def test_one_failed_file_sets_the_exit_code_but_does_not_stop_the_others(
    system: System, tmp_path: Path, clip: bytes
) -> None:
    """Scripts get exit code 1 and one result per file."""
    (tmp_path / "good.mp4").write_bytes(clip)
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "notes.txt").write_text("just text")
    done = _upload(system, tmp_path, "--json", *sorted(tmp_path.iterdir()))
    results = _results(done)
    assert done.returncode == 1
    assert (results["good.mp4"]["status"], results["good.mp4"]["problem"]) == ("COMPLETE", None)
    assert (results["bad.mp4"]["status"], results["notes.txt"]["status"]) == ("ERROR", None)
    assert "1010" in results["bad.mp4"]["problem"]
    assert "415" in results["notes.txt"]["problem"]


def test_no_wait_returns_after_the_upload(system: System, tmp_path: Path, clip: bytes) -> None:
    """The command prints the key of the uploaded file, and doesn't wait for the job."""
    (tmp_path / "one.mp4").write_bytes(clip)
    done = _upload(system, tmp_path, "--no-wait", tmp_path / "one.mp4")
    assert done.returncode == 0, done.stderr
    assert "uploaded as uploads/" in done.stdout


def test_a_missing_file_or_an_unreachable_api_is_reported_in_one_line(
    system: System, tmp_path: Path, clip: bytes, free_port: Callable[[], int]
) -> None:
    """A missing file is a usage error with exit code 2, and an unreachable API has exit code 1."""
    (tmp_path / "one.mp4").write_bytes(clip)
    missing = _upload(system, tmp_path, tmp_path / "none.mp4")
    unreachable = _upload(system, tmp_path, "--api", f"http://127.0.0.1:{free_port()}", tmp_path / "one.mp4")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert (unreachable.returncode, unreachable.stderr.count("\n")) == (1, 1)
