"""The emulator as a process: it starts alone, and leaves no ffmpeg process and no file."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.emulator_environment import ROOT, TEMPLATE_FILE, EmulatorEnvironment, ffmpeg, make_video, wait_until


@contextmanager
def _process(aws_endpoint: str, port: int, temp_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "MEDIACONVERT_PORT": str(port),
        "MEDIACONVERT_TEMP_DIR": str(temp_dir),
        "MEDIACONVERT_TEMPLATES": str(TEMPLATE_FILE),
        "MEDIACONVERT_FFMPEG_PRESET": "veryslow",  # slow, so that the test can interrupt it
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mediaconvert_emulator"], cwd=ROOT, env={**os.environ, **settings}
    )
    try:
        wait_until(lambda: _is_healthy(port), "the emulator responds")
        yield process
    finally:
        process.kill()
        process.wait()


def _is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_emulator/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _process_ids_in(folder: Path) -> list[str]:
    """Return the ids of processes whose working directory is below `folder`."""
    process_ids = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink().is_relative_to(folder):
                process_ids.append(link.parent.name)
        except OSError:
            continue
    return process_ids


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video that no job of a slow encoder ends within a test: five minutes, at a low bitrate."""
    folder = tmp_path_factory.mktemp("video")
    clip = make_video(folder / "clip.mp4", "-crf", "45", "-b:a", "16k", size="640x360", duration_s=20)
    ffmpeg("-stream_loop", "14", "-i", str(clip), "-c", "copy", str(folder / "f.mp4"))
    return folder / "f.mp4"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_ffmpeg_outlives_the_emulator(
    aws_endpoint: str, free_port: Callable[[], int], tmp_path: Path, long_video: Path, ending: signal.Signals
) -> None:
    """Each signal also ends ffmpeg; SIGTERM and SIGINT also remove the files and send the final event."""
    port, temp_dir = free_port(), tmp_path / "temp"
    with _process(aws_endpoint, port, temp_dir) as process:
        environment = EmulatorEnvironment(
            aws_url=aws_endpoint, mediaconvert_url=f"http://127.0.0.1:{port}", event_source="local.mediaconvert"
        )
        job_id = environment.create_job(environment.upload(long_video, "f.mp4"), "f/")
        wait_until(
            lambda: environment.job(job_id).get("CurrentPhase") == "TRANSCODING" and _process_ids_in(temp_dir),
            "ffmpeg runs",
        )
        process.send_signal(ending)
        process.wait(timeout=10)
        wait_until(lambda: not _process_ids_in(temp_dir), "ffmpeg has ended")
        if ending is not signal.SIGKILL:
            assert list(temp_dir.iterdir()) == []
            assert environment.wait_for_final_event(job_id)[-1]["detail"]["errorCode"] == 1999


def test_a_new_process_removes_the_folders_of_killed_processes(
    aws_endpoint: str, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """Folders of running processes are kept."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (tmp_path / f"mediaconvert-{ended.pid}-abc" / "job-1").mkdir(parents=True)
    (tmp_path / f"mediaconvert-{os.getpid()}-abc").mkdir()
    with _process(aws_endpoint, free_port(), tmp_path):
        kept = [path.name.split("-")[1] for path in tmp_path.iterdir()]

    assert str(ended.pid) not in kept
    assert str(os.getpid()) in kept


def test_an_invalid_setting_ends_the_process_with_one_line() -> None:
    """The line names the variable."""
    environment = {**os.environ, "MEDIACONVERT_CONCURRENCY": "0"}
    completed = subprocess.run(
        [sys.executable, "-m", "mediaconvert_emulator"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.returncode == 2
    assert completed.stderr.count("\n") == 1
    assert completed.stderr.startswith("MEDIACONVERT_CONCURRENCY: ")
