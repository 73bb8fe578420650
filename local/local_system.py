"""Runs the whole system on one machine inside one `async with` block: for `make dev`, the demo and the system tests."""

import asyncio
import base64
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local import system_processes
from local.embedded_aws import EmbeddedAwsError
from local.playback_key import new_key_pair
from local.supervisor import ProcessError, Supervisor
from local.system_processes import HOST, Ports, url
from mediaconvert_emulator.child_process import bound_to_parent


class StartError(Exception):
    """The system could not start, or one of its processes ended; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSystem:
    """A running system: its URLs, and the settings of its processes."""

    api_url: str
    playback_url: str
    mediaconvert_url: str
    aws_url: str
    settings: dict[str, str]


@asynccontextmanager
async def local_system(
    *, ports: Ports, supervisor: Supervisor, data_dir: Path | None = None
) -> AsyncIterator[LocalSystem]:
    """Run the system inside an `async with` block, which begins when every process is ready.

    With access control (AUTH_ISSUER), only owners get their videos' key files, as on AWS.

    Args:
        ports: the ports that the processes listen on.
        supervisor: runs the processes, and stops them at the end.
        data_dir: the folder for the records of MediaConvert's jobs; without it, they are lost at the end.

    Raises:
        StartError: a port is taken, or a process didn't start; no process is left running.
    """
    check_ports(ports)
    shared = system_processes.environment(os.environ, ports)
    with tempfile.TemporaryDirectory(prefix="mediaconvert-status-") as scratch:
        async with supervisor:
            try:
                foundation = system_processes.foundation(
                    ports, shared, scratch=Path(scratch), data_dir=data_dir or Path(scratch, "mediaconvert")
                )
                await supervisor.start(*foundation)
                provisioned = await _provision(shared, ports)
                keys = new_key_pair() if shared.get("AUTH_ISSUER") else None
                application = system_processes.application(
                    ports, shared, provisioned, playback_keys=keys, webhook_secret=_new_webhook_secret()
                )
                await supervisor.start(*application)
            except (ProcessError, EmbeddedAwsError) as error:
                raise StartError(str(error)) from error
            yield LocalSystem(
                api_url=url(ports.api),
                playback_url=url(ports.playback),
                mediaconvert_url=url(ports.mediaconvert),
                aws_url=url(ports.aws),
                settings=system_processes.settings(ports, provisioned),
            )


def _new_webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def check_ports(ports: Ports) -> None:
    """Check that every port is free, before any process starts.

    Raises:
        StartError: a port is taken; the message names the port, its process, and the variable that sets another.
    """
    for name, port in ports.named().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a just closed port counts as free
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise StartError(
                    f"port {port}, for {name}, is taken by another program; choose another with DEV_{name.upper()}_PORT"
                ) from error


async def _provision(shared: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Deploy into the emulators, and return the resulting settings.

    This runs in a process of its own, because botocore reads credentials and profiles from its process's environment,
    and this process's environment may name the user's AWS account.
    """
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent([sys.executable, "-m", "local", "provision", *system_processes.parameters(shared)]),
        env={**shared, "MEDIACONVERT_ENDPOINT_URL": url(ports.mediaconvert)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StartError((errors.decode().strip().splitlines() or ["provision failed"])[-1])
    return dict(line.split("=", 1) for line in output.decode().splitlines())
