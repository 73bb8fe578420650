"""The emulator as a process: it starts alone, and never leaves an ffmpeg or a file behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.emulator_laboratory import ROOT, TEMPLATE_FILE, Laboratory, ffmpeg, film, until


@contextmanager
def _process(aws_endpoint: str, port: int, temp_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "MEDIACONVERT_PORT": str(port),
        "MEDIACONVERT_TEMP_DIR": str(temp_dir),
        "MEDIACONVERT_TEMPLATES": str(TEMPLATE_FILE),
        "MEDIACONVERT_FFMPEG_PRESET": "veryslow",  # long enough to be interrupted
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mediaconvert_emulator"], cwd=ROOT, env={**os.environ, **settings}
    )
    try:
        until(lambda: _is_healthy(port), "the emulator answers")
        yield process
    finally:
        process.kill()
        process.wait()


def _is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_emulator/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _ffmpegs_in(folder: Path) -> list[str]:
    """The processes whose working directory is under `folder`."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink().is_relative_to(folder):
                found.append(link.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_ffmpeg_outlives_the_emulator(
    aws_endpoint: str, free_port: Callable[[], int], tmp_path: Path, ending: signal.Signals
) -> None:
    """However the emulator ends, its ffmpeg ends with it; told to stop, it also clears its files."""
    port, temp_dir = free_port(), tmp_path / "temp"
    reel, source = film(tmp_path / "reel.mp4", size="640x360", duration_s=20), tmp_path / "f.mp4"
    ffmpeg("-stream_loop", "60", "-i", str(reel), "-c", "copy", str(source))  # 20 minutes: it can't end by itself
    with _process(aws_endpoint, port, temp_dir) as process:
        lab = Laboratory(
            aws_url=aws_endpoint, mediaconvert_url=f"http://127.0.0.1:{port}", event_source="local.mediaconvert"
        )
        job_id = lab.create(lab.upload(source, "f.mp4"), "f/")
        until(lambda: lab.job(job_id).get("CurrentPhase") == "TRANSCODING" and _ffmpegs_in(temp_dir), "ffmpeg runs")
        process.send_signal(ending)
        process.wait(timeout=10)
        until(lambda: not _ffmpegs_in(temp_dir), "ffmpeg is gone")
        if ending is not signal.SIGKILL:
            assert list(temp_dir.iterdir()) == []
            assert lab.events_to_the_end(job_id)[-1]["detail"]["errorCode"] == 1999


def test_a_new_process_removes_what_a_killed_one_left(
    aws_endpoint: str, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """Folders of processes that are gone are removed at start, others are left alone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (tmp_path / f"mediaconvert-{gone.pid}-abc" / "job-1").mkdir(parents=True)
    (tmp_path / f"mediaconvert-{os.getpid()}-abc").mkdir()
    with _process(aws_endpoint, free_port(), tmp_path):
        left = [path.name.split("-")[1] for path in tmp_path.iterdir()]

    assert str(gone.pid) not in left
    assert str(os.getpid()) in left


def test_a_wrong_setting_stops_it_with_one_line() -> None:
    """The line names the variable."""
    environment = {**os.environ, "MEDIACONVERT_CONCURRENCY": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "mediaconvert_emulator"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("MEDIACONVERT_CONCURRENCY: ")
