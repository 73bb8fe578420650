"""The AWS that runs inside the checkout: MiniStack, a server in an environment of its own (`make setup`).

Knows how the emulator is started and told its port, and nothing of what is deployed in it.
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
"""What every local process signs with: the emulator's root account, known to nobody else."""

_POLL_S = 0.05


class EmbeddedAwsError(Exception):
    """The embedded AWS is not installed, didn't start, or died."""


def command() -> list[str]:
    """The command that runs the emulator in the foreground.

    Raises:
        EmbeddedAwsError: its environment is not there; the message says which command makes it.
    """
    python = ROOT / ".venv-aws" / "bin" / "python"
    if not python.exists():
        raise EmbeddedAwsError("the embedded AWS is not installed; `make setup` installs it")
    return [str(python), "-m", "ministack"]


def environment(*, port: int, scratch: Path) -> dict[str, str]:
    """The variables that put the emulator on a port of this machine only, its state in memory.

    Args:
        port: what it listens on, and what its queue URLs name.
        scratch: a folder for its pid file and scratch files.
    """
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",  # the host in queue URLs: "localhost" may resolve to ::1 first
        "AUTH": "true",  # signatures, expiry and policies are checked, as AWS checks them
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "ERROR",  # it warns of optional parts that are not installed
        **CREDENTIALS,
    }


def is_healthy(endpoint_url: str) -> bool:
    """Whether an emulator answers there."""
    with suppress(httpx.TransportError):
        return httpx.get(endpoint_url + HEALTH_PATH, timeout=2, trust_env=False).status_code == httpx.codes.OK
    return False


@contextmanager
def embedded_aws(*, port: int, log: IO[bytes] | None = None, deadline_s: float = 30) -> Iterator[str]:
    """Run the emulator for the length of a `with` block, and give its endpoint's URL once it answers.

    Raises:
        EmbeddedAwsError: it is not installed, ended early, or did not answer within the deadline.
    """
    endpoint_url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="embedded-aws-") as scratch:
        server = subprocess.Popen(
            bound_to_parent(command()),
            env={**os.environ, **environment(port=port, scratch=Path(scratch))},
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal is for us; we stop it when our own work is done
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
            raise EmbeddedAwsError(f"the embedded AWS did not answer at {endpoint_url} within {deadline_s:g} s")
        time.sleep(_POLL_S)


def _stop(server: subprocess.Popen[bytes], *, grace_s: float = 3) -> None:
    server.terminate()
    try:
        server.wait(grace_s)
    except subprocess.TimeoutExpired:
        server.kill()  # it keeps nothing, so there is nothing to lose
        server.wait()
