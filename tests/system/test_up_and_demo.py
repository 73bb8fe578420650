"""`make dev` and `make demo`, as their users meet them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .running import System


def _local(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


@pytest.fixture
def video(tmp_path: Path, clip: bytes) -> Path:
    """The clip under a name that needs care."""
    path = tmp_path / "Zwei Sekünden + 100%.mp4"
    path.write_bytes(clip)
    return path


def test_a_video_goes_all_the_way_from_upload_to_playback(system: System, video: Path) -> None:
    """The demo ends well only if the segments were fetched, decrypted and decoded."""
    demo = _local("demo", str(video), environment=system.environment)
    assert demo.returncode == 0, demo.stderr
    assert "COMPLETE after" in demo.stdout
    assert "decrypted and decoded to" in demo.stdout
    assert f"plays at {system.playback_url}/uploads/" in demo.stdout


def test_a_file_that_is_no_video_ends_in_one_clear_line(system: System, tmp_path: Path) -> None:
    """MediaConvert's code, and a message without bucket names."""
    (tmp_path / "no video.mp4").write_text("just text", encoding="utf-8")
    demo = _local("demo", str(tmp_path / "no video.mp4"), environment=system.environment)
    assert demo.returncode == 1
    assert demo.stderr.startswith("make demo: the job ended as ERROR (code 1010): ")
    assert demo.stderr.count("\n") == 1
    assert system.settings["INPUT_BUCKET"] not in demo.stderr


def test_a_file_of_a_type_that_is_not_accepted_ends_in_one_clear_line(system: System, tmp_path: Path) -> None:
    """The API's own words."""
    (tmp_path / "notes.txt").write_text("just text", encoding="utf-8")
    demo = _local("demo", str(tmp_path / "notes.txt"), environment=system.environment)
    assert (demo.returncode, demo.stderr.count("\n")) == (1, 1)
    assert "responded 415" in demo.stderr


def test_a_missing_file_is_an_error_of_usage() -> None:
    """Found before anything is asked of anybody."""
    demo = _local("demo", "/nowhere/video.mp4", environment={**os.environ})
    assert (demo.returncode, demo.stderr) == (2, "make demo: /nowhere/video.mp4 is not a file, or is empty\n")


def test_an_api_that_is_named_and_not_there_is_told(free_port: Callable[[], int], video: Path) -> None:
    """No system is started in place of the one that was asked for."""
    address = f"http://127.0.0.1:{free_port()}"
    demo = _local("demo", "--api", address, str(video), environment={**os.environ})
    assert demo.returncode == 1
    assert demo.stderr.startswith(f"make demo: {address} can't be reached")


def test_a_second_system_on_the_same_ports_says_which_is_taken(system: System) -> None:
    """One line, and the first system goes on."""
    second = _local("up", environment=system.environment)
    assert second.returncode == 1
    assert "for api, is taken by another program; choose another with DEV_API_PORT" in second.stderr
    assert second.stderr.count("\n") == 1
    assert _listens(system.api_url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_and_is_no_failure(
    start_system: Callable[[], System], number: signal.Signals
) -> None:
    """Exit code 0, and nothing listens any more."""
    system = start_system()
    assert system.stop(number) == 0, system.log.read_text(encoding="utf-8")
    addresses = (system.api_url, system.playback_url, system.mediaconvert_url, system.aws_url)
    assert not any(_listens(address) for address in addresses)
    assert "Traceback" not in system.log.read_text(encoding="utf-8")
