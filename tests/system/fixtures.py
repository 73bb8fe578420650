"""Fixtures that start the whole system as its users do. Imports nothing from the program.

The variable TEST_SYSTEM describes a system that already runs, as JSON: the fields of `System` that are addresses and
settings, and in `connect_to` the targets of the ports in those addresses, if they aren't on this machine.
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

from .port_relay import relayed_ports
from .running_system import System, ffmpeg

READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def start_system(
    free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., System]]:
    """Yield a function that starts a system on ports of its own, with more variables.

    Each system is stopped at the end of the run.
    """
    started: list[subprocess.Popen[str]] = []

    def _start_system(**variables: str) -> System:
        if "TEST_SYSTEM" in os.environ:
            pytest.skip("starts a system on the embedded AWS, but TEST_SYSTEM names one that already runs")
        folder = tmp_path_factory.mktemp("system")
        ports = {f"DEV_{name}_PORT": str(free_port()) for name in ("API", "PLAYBACK", "MEDIACONVERT", "AWS")}
        own = {"MEDIACONVERT_TIME_FACTOR": "50", "MEDIACONVERT_DATA_DIR": str(folder / "mediaconvert")}
        environment = {**os.environ, **own, **ports, **variables}
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
        described = json.loads(ready.read_text(encoding="utf-8"))
        return System(**described, environment=environment, process=process, log=log)

    yield _start_system
    for process in started:
        process.terminate()
    for process in started:
        process.wait(30)


@pytest.fixture(scope="session")
def system(start_system: Callable[[], System]) -> Iterator[System]:
    """Yield the system that all tests share; each test makes its own uploads."""
    if description := os.environ.get("TEST_SYSTEM"):
        described = json.loads(description)
        with relayed_ports(described.pop("connect_to", {})):
            ports = {"DEV_API_PORT": str(urlsplit(described["api_url"]).port)}
            yield System(**described, environment={**os.environ, **ports})
    else:
        yield start_system()


@pytest.fixture(scope="session")
def api(system: System) -> Iterator[httpx.Client]:
    """Yield an HTTP client of the system's API."""
    with httpx.Client(base_url=system.api_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an MP4 of two seconds, with a moving picture and a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
    tone = ("-f", "lavfi", "-i", "sine=duration=2")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path))
    return path.read_bytes()
