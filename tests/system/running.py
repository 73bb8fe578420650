"""A running system, and ways to look at it. Imports nothing of the program."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import imageio_ffmpeg  # type: ignore[import-untyped]
import pytest

Answer = TypeVar("Answer")


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
    process: subprocess.Popen[str] | None = None
    """Of a system that the tests started."""
    log: Path = Path(os.devnull)

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients at run time
        """A boto3 client of the system's AWS or MediaConvert."""
        return boto3.client(service, endpoint_url=self.mediaconvert_url if service == "mediaconvert" else self.aws_url)

    def stop(self, number: signal.Signals) -> int:
        """Send the supervisor a signal, and give its exit code."""
        assert self.process, "not started by these tests"
        self.process.send_signal(number)
        return self.process.wait(30)


def ffmpeg(*arguments: object) -> str:
    """Run ffmpeg and return what it says; fail with it if it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def eventually(ask: Callable[[], Answer], holds: Callable[[Answer], bool], *, deadline_s: float = 60) -> Answer:
    """Ask until the answer holds, and return it; fail with the last answer at the deadline."""
    until = time.monotonic() + deadline_s
    while not holds(answer := ask()):
        if time.monotonic() > until:
            pytest.fail(f"still {answer!r} after {deadline_s} s")
        time.sleep(0.1)
    return answer
