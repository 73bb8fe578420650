"""A running system, and the tools to use it. Imports nothing from the program."""

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

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A running system, with the addresses that `python -m local up` writes to its ready file."""

    api_url: str
    playback_url: str
    mediaconvert_url: str
    aws_url: str
    settings: dict[str, str]
    environment: dict[str, str]
    """The environment in which the project's other commands find this system."""
    process: subprocess.Popen[str] | None = None
    """The supervisor, if the tests started the system."""
    log: Path = Path(os.devnull)

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients at run time
        """Return a boto3 client of the system's AWS or MediaConvert."""
        return boto3.client(service, endpoint_url=self.mediaconvert_url if service == "mediaconvert" else self.aws_url)

    def stop(self, number: signal.Signals) -> int:
        """Send the supervisor a signal, and return its exit code."""
        assert self.process, "these tests did not start the system"
        self.process.send_signal(number)
        return self.process.wait(30)


def ffmpeg(*arguments: object) -> str:
    """Run ffmpeg and return its stderr; fail with its stderr if ffmpeg fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def poll_until(read: Callable[[], ValueT], is_expected: Callable[[ValueT], bool], *, deadline_s: float = 60) -> ValueT:
    """Read until the value is as expected, and return it; fail with the last value at the deadline."""
    end_s = time.monotonic() + deadline_s
    while not is_expected(value := read()):
        if time.monotonic() > end_s:
            pytest.fail(f"still {value!r} after {deadline_s} s")
        time.sleep(0.1)
    return value
