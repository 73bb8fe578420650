"""Starts processes, waits until they are ready, notices when one ends, and stops all of them.

Knows nothing of the programs: see system_processes.py. Every process has a session of its own, so that Ctrl-C in a
terminal reaches only the supervisor, which then stops the processes in order. The kernel also ends each process if the
supervisor dies (`bound_to_parent`).
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

from local.system_processes import ProcessSpec
from mediaconvert_emulator.child_process import bound_to_parent

OnLine = Callable[[str, str], None]
"""Called with a process's name and a line of its log."""

_POLL_S = 0.05
_MAX_LINE_BYTES = 1024 * 1024


class ProcessError(Exception):
    """A process didn't start, or ended; the message is one line with its name and the reason."""


@dataclass(slots=True, kw_only=True)
class _Running:
    spec: ProcessSpec
    process: asyncio.subprocess.Process
    ended: asyncio.Task[int]
    ready_line_seen: asyncio.Event = field(default_factory=asyncio.Event)
    last_line: str = ""
    log: asyncio.Task[None] | None = None

    def exit_error(self) -> ProcessError:
        code = self.process.returncode or 0
        if code < 0:
            return ProcessError(f"{self.spec.name} was killed by signal {-code}")
        return ProcessError(f"{self.spec.name} ended with exit code {code}{self.last_line_text()}")

    def last_line_text(self) -> str:
        return f"; its last line: {self.last_line}" if self.last_line else ""


class Supervisor:
    """Runs processes inside one `async with` block."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._running: list[_Running] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *specs: ProcessSpec, deadline_s: float = 60) -> None:
        """Start the processes concurrently, and return when all are ready.

        Raises:
            ProcessError: a process ended, or wasn't ready within the deadline.
        """
        started = [await self._start(spec) for spec in specs]
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            waits = [asyncio.create_task(_until_ready(one, client, deadline_s=deadline_s)) for one in started]
            try:
                await asyncio.gather(*waits)
            finally:
                for wait in waits:
                    wait.cancel()

    async def first_exit(self) -> ProcessError:
        """Wait until any process ends, and return the error that describes it."""
        await asyncio.wait([one.ended for one in self._running], return_when=asyncio.FIRST_COMPLETED)
        first = next(one for one in self._running if one.ended.done())
        await _drain(first)
        return first.exit_error()

    async def stop(self) -> None:
        """Stop the processes one after the other, the last started first, because later ones use earlier ones."""
        while self._running:
            await _stop(self._running[-1])
            self._running.pop()

    def kill(self) -> None:
        """Send SIGKILL to all processes."""
        for one in self._running:
            _signal_group(one, signal.SIGKILL)

    async def _start(self, spec: ProcessSpec) -> _Running:
        log, write_end = await _open_log()
        try:
            process = await asyncio.create_subprocess_exec(
                *bound_to_parent(spec.command),
                env=dict(spec.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
            )
        finally:
            os.close(write_end)
        running = _Running(spec=spec, process=process, ended=asyncio.create_task(process.wait()))
        running.log = asyncio.create_task(_follow(running, log, self._on_line))
        self._running.append(running)
        return running


async def _open_log() -> tuple[asyncio.StreamReader, int]:
    """Return the two ends of a new pipe.

    With a pipe of asyncio's own, asyncio doesn't notice a process's end while a process that it started holds the pipe.
    """
    read_end, write_end = os.pipe()
    stream = asyncio.StreamReader(limit=_MAX_LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(stream)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))
    return stream, write_end


async def _follow(running: _Running, log: asyncio.StreamReader, on_line: OnLine) -> None:
    """Pass on the log lines until the process and all processes that it started have ended."""
    while True:
        try:
            raw = await log.readline()
        except ValueError:  # the line is longer than the limit, and is dropped
            continue
        if not raw:
            return
        line = raw.decode(errors="backslashreplace").rstrip()
        if not line:
            continue
        running.last_line = line
        if running.spec.ready_line and running.spec.ready_line in line:
            running.ready_line_seen.set()
        on_line(running.spec.name, line)


async def _until_ready(running: _Running, client: httpx.AsyncClient, *, deadline_s: float) -> None:
    try:
        async with asyncio.timeout(deadline_s):
            while not await _is_ready(running, client):
                if running.ended.done():
                    await _drain(running)
                    raise running.exit_error()
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        where = running.spec.health_url or "its log"
        raise ProcessError(
            f"{running.spec.name} was not ready within {deadline_s:g} s (see {where}){running.last_line_text()}"
        ) from error


async def _is_ready(running: _Running, client: httpx.AsyncClient) -> bool:
    if running.ended.done():
        return False  # a response at its URL comes from another program
    if running.spec.ready_line and not running.ready_line_seen.is_set():
        return False
    if running.spec.health_url is None:
        return True
    with suppress(httpx.TransportError):
        return (await client.get(running.spec.health_url)).status_code == httpx.codes.OK
    return False


async def _stop(running: _Running) -> None:
    try:
        if running.process.returncode is None:
            running.process.send_signal(running.spec.stop_signal)
        async with asyncio.timeout(running.spec.stop_grace_s):
            await asyncio.shield(running.ended)
    except (TimeoutError, ProcessLookupError):
        pass
    finally:
        _signal_group(running, signal.SIGKILL)  # the process, or the child processes that it left
    await running.ended
    await _drain(running)


async def _drain(running: _Running) -> None:
    """Read the rest of an ended process's log, for 1 s at most: its child processes may keep the pipe open."""
    if running.log is not None:
        await asyncio.wait([running.log], timeout=1)


def _signal_group(running: _Running, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, number)
