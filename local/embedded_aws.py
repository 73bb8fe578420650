"""Starts the embedded AWS: MiniStack, an emulator in a virtual environment of its own (`make setup`).

Knows the emulator's command line and environment variables, and nothing of what is deployed in it.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import httpx

from mediaconvert_emulator.child_process import bound_to_parent

ROOT = Path(__file__).resolve().parent.parent
HEALTH_PATH = "/_ministack/health"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Credentials of every local process: the emulator's root account. They are valid nowhere else."""

_POLL_S = 0.05


class EmbeddedAwsError(Exception):
    """The embedded AWS is not installed, or ended, or did not become healthy in time."""


def command() -> list[str]:
    """Return the command that runs the emulator in the foreground.

    Raises:
        EmbeddedAwsError: its virtual environment is missing; the message names the command that creates it.
    """
    python = ROOT / ".venv-aws" / "bin" / "python"
    if not python.exists():
        raise EmbeddedAwsError("the embedded AWS is not installed; `make setup` installs it")
    return [str(python), "-m", "ministack"]


def environment(*, port: int, scratch: Path) -> dict[str, str]:
    """Return environment variables for an emulator on a port of this machine only, with its state in memory.

    Args:
        port: the port that it listens on, and that its queue URLs contain.
        scratch: a folder for its pid file and scratch files.
    """
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",  # the host in queue URLs: "localhost" may resolve to ::1 first
        "AUTH": "true",  # check signatures, expiry and policies, as AWS does
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "ERROR",  # it logs warnings about optional packages that are not installed
        **CREDENTIALS,
    }


def is_healthy(endpoint_url: str) -> bool:
    """Return whether an emulator at this URL responds to a health check."""
    with suppress(httpx.TransportError):
        return httpx.get(endpoint_url + HEALTH_PATH, timeout=2, trust_env=False).status_code == httpx.codes.OK
    return False


@contextmanager
def embedded_aws(*, port: int, log: IO[bytes] | None = None, deadline_s: float = 30) -> Iterator[str]:
    """Run the emulator inside a `with` block, and yield its endpoint's URL once it is healthy.

    Raises:
        EmbeddedAwsError: it is not installed, ended early, or was not healthy within the deadline.
    """
    endpoint_url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="embedded-aws-") as scratch:
        server = subprocess.Popen(
            bound_to_parent(command()),
            env={**os.environ, **environment(port=port, scratch=Path(scratch))},
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal reaches only this process, which stops the emulator
        )
        try:
            _wait_until_healthy(server, endpoint_url, deadline_s=deadline_s)
            yield endpoint_url
        finally:
            _stop(server)


def _wait_until_healthy(server: subprocess.Popen[bytes], endpoint_url: str, *, deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    while not is_healthy(endpoint_url):
        if (code := server.poll()) is not None:
            raise EmbeddedAwsError(f"the embedded AWS ended with code {code} while starting at {endpoint_url}")
        if time.monotonic() > deadline:
            raise EmbeddedAwsError(f"the embedded AWS did not become healthy at {endpoint_url} within {deadline_s:g} s")
        time.sleep(_POLL_S)


def _stop(server: subprocess.Popen[bytes], *, grace_s: float = 3) -> None:
    server.terminate()
    try:
        server.wait(grace_s)
    except subprocess.TimeoutExpired:
        server.kill()  # safe: its state is only in memory
        server.wait()
