"""`python -m client upload`, as its users and their scripts meet it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from .running import System


def _upload(system: System, cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "client", "upload", "--api", system.api_url, *map(str, arguments)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _lines(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(each["file"]).name: each for each in told}


def test_several_files_end_well_together(system: System, tmp_path: Path, clip: bytes) -> None:
    """One at once, one in parts, side by side: exit code 0, and addresses that play."""
    for name in ("one.mp4", "Zwei Stücke.mp4"):
        (tmp_path / name).write_bytes(clip)
    at_once = _upload(system, tmp_path, "--json", tmp_path / "one.mp4")
    in_parts = _upload(system, tmp_path, "--json", "--in-parts-from-mb", 0, *sorted(tmp_path.glob("*.mp4")))
    told = [*_lines(at_once).values(), *_lines(in_parts).values()]
    assert (at_once.returncode, in_parts.returncode) == (0, 0), in_parts.stderr
    assert [each["status"] for each in told] == ["COMPLETE"] * 3
    assert all(httpx.get(each["playback_url"]).status_code == 200 for each in told)


def test_one_bad_file_fails_the_command_and_no_other_file(system: System, tmp_path: Path, clip: bytes) -> None:
    """For scripts: exit code 1, and for each file what became of it."""
    (tmp_path / "good.mp4").write_bytes(clip)
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "notes.txt").write_text("just text")
    done = _upload(system, tmp_path, "--json", *sorted(tmp_path.iterdir()))
    told = _lines(done)
    assert done.returncode == 1
    assert (told["good.mp4"]["status"], told["good.mp4"]["problem"]) == ("COMPLETE", None)
    assert (told["bad.mp4"]["status"], told["notes.txt"]["status"]) == ("ERROR", None)
    assert "1010" in told["bad.mp4"]["problem"]
    assert "415" in told["notes.txt"]["problem"]


def test_nobody_has_to_wait(system: System, tmp_path: Path, clip: bytes) -> None:
    """--no-wait ends when the file is there, in words."""
    (tmp_path / "one.mp4").write_bytes(clip)
    done = _upload(system, tmp_path, "--no-wait", tmp_path / "one.mp4")
    assert done.returncode == 0, done.stderr
    assert "uploaded as uploads/" in done.stdout


def test_what_can_not_begin_says_so_in_one_line(
    system: System, tmp_path: Path, clip: bytes, free_port: Callable[[], int]
) -> None:
    """A file that isn't there is an error of usage; an API that isn't there is told."""
    (tmp_path / "one.mp4").write_bytes(clip)
    missing = _upload(system, tmp_path, tmp_path / "none.mp4")
    nobody = _upload(system, tmp_path, "--api", f"http://127.0.0.1:{free_port()}", tmp_path / "one.mp4")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (1, 1)
