"""The whole system on one machine, from one command or one `async with`: `make dev`, the demo, and the system tests."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local import parts
from local.embedded import EmbeddedAwsError
from local.parts import HOST, Ports, url
from local.playback_key import new_key_pair
from local.supervisor import PartError, Supervisor
from mediaconvert_emulator.child_process import bound_to_parent


class StartError(Exception):
    """The system could not start, or lost a part; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSystem:
    """A running system: its addresses, and the settings that its processes were given."""

    api_url: str
    playback_url: str
    mediaconvert_url: str
    aws_url: str
    settings: dict[str, str]


@asynccontextmanager
async def local_system(*, ports: Ports, supervisor: Supervisor) -> AsyncIterator[LocalSystem]:
    """Run the system for the length of an `async with` block, which begins when every part is ready.

    Where access is on (AUTH_ISSUER), key files are the owners' alone, as they are on AWS.

    Args:
        ports: where the parts listen.
        supervisor: runs the parts, and stops them at the end.

    Raises:
        StartError: a port is taken, or a part didn't start; nothing is left running.
    """
    check_ports(ports)
    shared = parts.environment(os.environ, ports)
    with tempfile.TemporaryDirectory(prefix="mediaconvert-status-") as scratch:
        async with supervisor:
            try:
                await supervisor.start(*parts.foundation(ports, shared, scratch=Path(scratch)))
                provisioned = await _provision(shared, ports)
                keys = new_key_pair() if shared.get("AUTH_ISSUER") else None
                await supervisor.start(*parts.application(ports, shared, provisioned, playback_keys=keys))
            except (PartError, EmbeddedAwsError) as error:
                raise StartError(str(error)) from error
            yield LocalSystem(
                api_url=url(ports.api),
                playback_url=url(ports.playback),
                mediaconvert_url=url(ports.mediaconvert),
                aws_url=url(ports.aws),
                settings=parts.settings(ports, provisioned),
            )


def check_ports(ports: Ports) -> None:
    """See that every port is free, before anything is started.

    Raises:
        StartError: one is taken; the message says which, for what, and how to take another.
    """
    for name, port in ports.named().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just let go is free
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise StartError(
                    f"port {port}, for {name}, is taken by another program; choose another with DEV_{name.upper()}_PORT"
                ) from error


async def _provision(shared: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Deploy into the emulators, and give the settings that come of it.

    A process of its own, because botocore takes credentials and profiles from its process's environment, and ours may
    name the user's AWS account.
    """
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent([sys.executable, "-m", "local", "provision"]),
        env={**shared, "MEDIACONVERT_ENDPOINT_URL": url(ports.mediaconvert)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        told, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StartError((complaints.decode().strip().splitlines() or ["provision failed"])[-1])
    return dict(line.split("=", 1) for line in told.decode().splitlines())
