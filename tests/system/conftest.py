"""The whole system, started as its users start it; these tests import nothing of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A running system, as `python -m local up` tells of it."""

    api_url: str
    playback_url: str
    mediaconvert_url: str
    aws_url: str
    settings: dict[str, str]
    environment: dict[str, str]
    """With which other commands of the project find it."""
    process: subprocess.Popen[str]
    log: Path

    def stop(self, number: signal.Signals) -> int:
        """Send the supervisor a signal, and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def start_system(
    free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], System]]:
    """Starts a system on ports of its own; it is stopped at the end of the run if not before."""
    started: list[subprocess.Popen[str]] = []

    def _start_system() -> System:
        folder = tmp_path_factory.mktemp("system")
        ports = {f"DEV_{name}_PORT": str(free_port()) for name in ("API", "PLAYBACK", "MEDIACONVERT", "AWS")}
        environment = {**os.environ, **ports}
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
def system(start_system: Callable[[], System]) -> System:
    """The system that tests with uploads of their own share."""
    return start_system()
