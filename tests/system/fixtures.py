"""The whole system, started as its users start it; these tests import nothing of it.

TEST_SYSTEM describes one that runs already, for the same tests, as JSON: the fields of `System` that are addresses and
settings, and in `connect_to` where the ports in those addresses lead, if not to this machine.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from .relay import relayed
from .running import System, ffmpeg

READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def start_system(
    free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], System]]:
    """Starts a system on ports of its own; it is stopped at the end of the run if not before."""
    started: list[subprocess.Popen[str]] = []

    def _start_system() -> System:
        if "TEST_SYSTEM" in os.environ:
            pytest.skip("starts and stops a system on the embedded AWS, and these tests are to use the one that runs")
        folder = tmp_path_factory.mktemp("system")
        ports = {f"DEV_{name}_PORT": str(free_port()) for name in ("API", "PLAYBACK", "MEDIACONVERT", "AWS")}
        environment = {**os.environ, "MEDIACONVERT_TIME_FACTOR": "50", **ports}
        ready, log = folder / "ready.json", folder / "system.log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "local", "up", "--ready-file", str(ready)],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        started.append(process)
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not ready.exists():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline_s, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        told = json.loads(ready.read_text(encoding="utf-8"))
        return System(**told, environment=environment, process=process, log=log)

    yield _start_system
    for process in started:
        process.terminate()
    for process in started:
        process.wait(30)


@pytest.fixture(scope="session")
def system(start_system: Callable[[], System]) -> Iterator[System]:
    """The system that tests with uploads of their own share."""
    if given := os.environ.get("TEST_SYSTEM"):
        told = json.loads(given)
        with relayed(told.pop("connect_to", {})):
            ports = {"DEV_API_PORT": str(urlsplit(told["api_url"]).port)}
            yield System(**told, environment={**os.environ, **ports})
    else:
        yield start_system()


@pytest.fixture(scope="session")
def api(system: System) -> Iterator[httpx.Client]:
    """An HTTP client of the system's API."""
    with httpx.Client(base_url=system.api_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP4 of two seconds, with a moving picture and a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
    tone = ("-f", "lavfi", "-i", "sine=duration=2")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path))
    return path.read_bytes()
