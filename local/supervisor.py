"""Starts processes, knows when they are ready, notices when one ends, and leaves none behind.

Knows nothing of what they are: see parts.py. Every process is a session of its own, so that Ctrl-C in a terminal
reaches only the supervisor, which then stops them in order; and each is tied to the supervisor's life (tether.py).
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from local.parts import Part
from mediaconvert_emulator.child_process import bound_to_parent

OnLine = Callable[[str, str], None]
"""Takes a part's name and a line of its log."""

_POLL_S = 0.05
_LONGEST_LINE_BYTES = 1024 * 1024


class PartError(Exception):
    """A part didn't start, or ended; the message is one line that says which and how."""


@dataclass(slots=True, kw_only=True)
class _Running:
    part: Part
    process: asyncio.subprocess.Process
    ended: asyncio.Task[int]
    said_ready: asyncio.Event = field(default_factory=asyncio.Event)
    last_line: str = ""
    log: asyncio.Task[None] | None = None

    def death(self) -> PartError:
        code = self.process.returncode or 0
        if code < 0:
            return PartError(f"{self.part.name} was killed by signal {-code}")
        return PartError(f"{self.part.name} ended with exit code {code}{self.last_words()}")

    def last_words(self) -> str:
        return f"; its last line: {self.last_line}" if self.last_line else ""


class Supervisor:
    """The processes of one `async with` block."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._running: list[_Running] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *parts: Part, deadline_s: float = 60) -> None:
        """Start the parts beside each other, and return when all are ready.

        Raises:
            PartError: one of them ended, or wasn't ready within the deadline.
        """
        started = [await self._start(part) for part in parts]
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            waits = [asyncio.create_task(_until_ready(one, client, deadline_s=deadline_s)) for one in started]
            try:
                await asyncio.gather(*waits)
            finally:
                for wait in waits:
                    wait.cancel()

    async def death(self) -> PartError:
        """Wait until any part ends, and say which and how."""
        await asyncio.wait([one.ended for one in self._running], return_when=asyncio.FIRST_COMPLETED)
        dead = next(one for one in self._running if one.ended.done())
        await _drain(dead)
        return dead.death()

    async def stop(self) -> None:
        """Stop the parts, last started first, each after the other: what is used outlives what uses it."""
        while self._running:
            await _stop(self._running[-1])
            self._running.pop()

    def kill(self) -> None:
        """End all of them at once, without asking."""
        for one in self._running:
            _signal_group(one, signal.SIGKILL)

    async def _start(self, part: Part) -> _Running:
        log, write_end = await _open_log()
        try:
            process = await asyncio.create_subprocess_exec(
                *bound_to_parent(part.command),
                env=dict(part.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
            )
        finally:
            os.close(write_end)
        running = _Running(part=part, process=process, ended=asyncio.create_task(process.wait()))
        running.log = asyncio.create_task(_follow(running, log, self._on_line))
        self._running.append(running)
        return running


async def _open_log() -> tuple[asyncio.StreamReader, int]:
    """The two ends of a pipe that is ours.

    With one of asyncio's, a process is not seen to end as long as something that it started holds the other end.
    """
    read_end, write_end = os.pipe()
    stream = asyncio.StreamReader(limit=_LONGEST_LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(stream)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))
    return stream, write_end


async def _follow(running: _Running, log: asyncio.StreamReader, on_line: OnLine) -> None:
    """Hand on the process's lines until it and all that it started are gone."""
    while True:
        try:
            raw = await log.readline()
        except ValueError:  # longer than the limit; what was read of it is dropped
            continue
        if not raw:
            return
        line = raw.decode(errors="backslashreplace").rstrip()
        if not line:
            continue
        running.last_line = line
        if running.part.ready_line and running.part.ready_line in line:
            running.said_ready.set()
        on_line(running.part.name, line)


async def _until_ready(running: _Running, client: httpx.AsyncClient, *, deadline_s: float) -> None:
    try:
        async with asyncio.timeout(deadline_s):
            while not await _is_ready(running, client):
                if running.ended.done():
                    await _drain(running)
                    raise running.death()
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        where = running.part.health_url or "its log"
        raise PartError(
            f"{running.part.name} was not ready within {deadline_s:g} s (see {where}){running.last_words()}"
        ) from error


async def _is_ready(running: _Running, client: httpx.AsyncClient) -> bool:
    if running.ended.done():
        return False  # whoever answers at its address is somebody else
    if running.part.ready_line and not running.said_ready.is_set():
        return False
    if running.part.health_url is None:
        return True
    with suppress(httpx.TransportError):
        return (await client.get(running.part.health_url)).status_code == httpx.codes.OK
    return False


async def _stop(running: _Running) -> None:
    try:
        if running.process.returncode is None:
            running.process.send_signal(running.part.stop_signal)
        async with asyncio.timeout(running.part.stop_grace_s):
            await asyncio.shield(running.ended)
    except (TimeoutError, ProcessLookupError):
        pass
    finally:
        _signal_group(running, signal.SIGKILL)  # it, or what it left behind
    await running.ended
    await _drain(running)


async def _drain(running: _Running) -> None:
    """Read what the ended process still wrote; what it started and left may hold the pipe open, so not for ever."""
    if running.log is not None:
        await asyncio.wait([running.log], timeout=1)


def _signal_group(running: _Running, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, number)
