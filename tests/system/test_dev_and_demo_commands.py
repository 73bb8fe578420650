"""`make dev` and `make demo`, as users call them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .running_system import System, poll_until


def _local(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


@pytest.fixture
def video(tmp_path: Path, clip: bytes) -> Path:
    """Return the path of the clip, under a name with characters that need encoding."""
    path = tmp_path / "Zwei Sekünden + 100%.mp4"
    path.write_bytes(clip)
    return path


def test_the_demo_uploads_transcodes_and_plays_a_video(system: System, video: Path) -> None:
    """The demo succeeds only if it fetched, decrypted and decoded the segments."""
    demo = _local("demo", str(video), environment=system.environment)
    assert demo.returncode == 0, demo.stderr
    assert "COMPLETE after" in demo.stdout
    assert "decrypted and decoded to" in demo.stdout
    assert f"plays at {system.playback_url}/uploads/" in demo.stdout


def test_the_demo_reports_an_unreadable_file_in_one_line(system: System, tmp_path: Path) -> None:
    """The line has MediaConvert's code, and a message without bucket names."""
    (tmp_path / "no video.mp4").write_text("just text", encoding="utf-8")
    demo = _local("demo", str(tmp_path / "no video.mp4"), environment=system.environment)
    assert demo.returncode == 1
    assert demo.stderr.startswith("make demo: the job ended as ERROR (code 1010): ")
    assert demo.stderr.count("\n") == 1
    assert system.settings["INPUT_BUCKET"] not in demo.stderr


def test_the_demo_reports_a_refused_file_type_in_one_line(system: System, tmp_path: Path) -> None:
    """The line has the API's status and message."""
    (tmp_path / "notes.txt").write_text("just text", encoding="utf-8")
    demo = _local("demo", str(tmp_path / "notes.txt"), environment=system.environment)
    assert (demo.returncode, demo.stderr.count("\n")) == (1, 1)
    assert "responded 415" in demo.stderr


def test_a_missing_file_is_a_usage_error() -> None:
    """The demo checks the file before it calls the API."""
    demo = _local("demo", "/nowhere/video.mp4", environment={**os.environ})
    assert (demo.returncode, demo.stderr) == (2, "make demo: /nowhere/video.mp4 is not a file, or is empty\n")


def test_the_demo_reports_an_unreachable_api(free_port: Callable[[], int], video: Path) -> None:
    """It doesn't start another system in place of the named one."""
    address = f"http://127.0.0.1:{free_port()}"
    demo = _local("demo", "--api", address, str(video), environment={**os.environ})
    assert demo.returncode == 1
    assert demo.stderr.startswith(f"make demo: {address} can't be reached")


def test_a_second_system_on_the_same_ports_names_the_port_in_use(system: System) -> None:
    """It exits with one line, and the first system keeps running."""
    second = _local("up", environment=system.environment)
    assert second.returncode == 1
    assert "for api, is taken by another program; choose another with DEV_API_PORT" in second.stderr
    assert second.stderr.count("\n") == 1
    assert _listens(system.api_url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process_with_exit_code_0(
    start_system: Callable[[], System], number: signal.Signals
) -> None:
    """No port of the system is open afterwards."""
    system = start_system()
    assert system.stop(number) == 0, system.log.read_text(encoding="utf-8")
    addresses = (system.api_url, system.playback_url, system.mediaconvert_url, system.aws_url)
    assert not any(_listens(address) for address in addresses)
    assert "Traceback" not in system.log.read_text(encoding="utf-8")


def test_the_receiver_prints_the_webhooks_of_a_job(
    start_system: Callable[..., System], free_port: Callable[[], int], video: Path
) -> None:
    """It verified the signature of each with the secret of this run."""
    system = start_system(DEV_WEBHOOKS="1", DEV_WEBHOOKS_PORT=str(free_port()))
    demo = _local("demo", str(video), environment=system.environment)
    assert demo.returncode == 0, demo.stderr

    def lines() -> list[str]:
        return [each for each in system.log.read_text(encoding="utf-8").splitlines() if "signature verified" in each]

    printed = poll_until(lines, lambda found: any("job.complete" in each for each in found))
    assert any("webhooks job.submitted evt_" in each for each in printed)
    assert "refused a request" not in system.log.read_text(encoding="utf-8")
    assert system.stop(signal.SIGTERM) == 0
