"""The supervisor waits until its parts are ready, notices their end, and leaves none running."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from local.local_system import StartError, check_ports
from local.supervisor import ProcessError, Supervisor
from local.system_processes import Ports, ProcessSpec

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
FAMILY = (
    "import subprocess, sys; "
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); "
)
SUPERVISED = """
import asyncio, os, sys
from local.system_processes import ProcessSpec
from local.supervisor import Supervisor

async def main():
    command = (sys.executable, "-c", sys.argv[1])
    part = ProcessSpec(name="part", command=command, environment=dict(os.environ), ready_line="up")
    async with Supervisor(lambda name, line: None) as supervisor:
        await supervisor.start(part)
        print(supervisor._running[0].process.pid, flush=True)
        await supervisor.first_exit()

asyncio.run(main())
"""


def _part(name: str, code: str, *, ready_line: str | None = None, stop_grace_s: float = 5) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
        ready_line=ready_line,
        stop_grace_s=stop_grace_s,
    )


def _is_alive(pid: int) -> bool:
    """Return whether the process runs; a zombie doesn't."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 -- a plain open reads best here
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _ends(pid: int, *, deadline_s: float = 10) -> bool:
    deadline = time.monotonic() + deadline_s
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_alive(pid)


@pytest.fixture
def lines() -> list[tuple[str, str]]:
    """The lines that the parts log."""
    return []


@pytest.fixture
def supervisor(lines: list[tuple[str, str]]) -> Supervisor:
    """A supervisor that collects the lines."""
    return Supervisor(lambda name, line: lines.append((name, line)))


async def test_a_part_is_ready_when_it_logs_its_ready_line(
    supervisor: Supervisor, lines: list[tuple[str, str]]
) -> None:
    """Not already when its process exists."""
    async with supervisor:
        await supervisor.start(_part("part", "import time; time.sleep(0.3); " + SLEEP, ready_line="up"))
        assert lines == [("part", "up")]


async def test_the_error_of_a_part_that_ends_at_its_start_has_its_last_line(supervisor: Supervisor) -> None:
    """The error has the reason, so the user doesn't have to read a log."""
    code = "import sys; print('settings: X is missing'); sys.exit(2)"
    async with supervisor:
        with pytest.raises(ProcessError, match=r"^part ended with exit code 2; its last line: settings: X is missing$"):
            await supervisor.start(_part("part", code, ready_line="up"))


async def test_a_part_that_is_not_ready_at_the_deadline_is_an_error(supervisor: Supervisor) -> None:
    """The supervisor doesn't wait forever."""
    async with supervisor:
        with pytest.raises(ProcessError, match=r"part was not ready within 0\.3 s"):
            await supervisor.start(_part("part", SLEEP, ready_line="never"), deadline_s=0.3)


async def test_the_death_of_any_part_is_noticed(supervisor: Supervisor) -> None:
    """Also long after all parts were ready."""
    dying = "import sys; print('up', flush=True); sys.stdin.read(); import time; time.sleep(0.3); sys.exit(3)"
    async with supervisor, asyncio.timeout(10):
        await supervisor.start(_part("lasting", SLEEP, ready_line="up"), _part("dying", dying, ready_line="up"))
        assert str(await supervisor.first_exit()) == "dying ended with exit code 3; its last line: up"


async def test_parts_are_stopped_one_by_one_in_reverse_order(
    supervisor: Supervisor, lines: list[tuple[str, str]]
) -> None:
    """A part outlives the parts that use it."""
    code = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    print('stopping', flush=True); time.sleep(0.2); print('stopped', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop)\n" + SLEEP
    )
    async with supervisor:
        await supervisor.start(_part("first", code, ready_line="up"))
        await supervisor.start(_part("second", code, ready_line="up"))
    assert lines[2:] == [("second", "stopping"), ("second", "stopped"), ("first", "stopping"), ("first", "stopped")]


async def test_a_part_that_does_not_stop_is_killed(supervisor: Supervisor) -> None:
    """After its grace period, not earlier and not much later."""
    async with supervisor:
        await supervisor.start(_part("stubborn", STUBBORN, ready_line="up", stop_grace_s=0.3))
        began_s = time.monotonic()
    assert 0.3 <= time.monotonic() - began_s < 3


async def test_child_processes_of_a_part_end_with_it(supervisor: Supervisor, lines: list[tuple[str, str]]) -> None:
    """Otherwise an ffmpeg would run until the end of its film."""
    async with supervisor:
        await supervisor.start(_part("parent", FAMILY + SLEEP, ready_line="up"))
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 3
    assert _ends(int(lines[0][1]))


async def test_the_death_of_a_part_is_noticed_while_its_child_lives(supervisor: Supervisor) -> None:
    """The pipe of its log is still open then."""
    code = FAMILY + "print('up', flush=True); import time; time.sleep(0.2); sys.exit(3)"
    async with supervisor, asyncio.timeout(10):
        await supervisor.start(_part("parent", code, ready_line="up"))
        assert "exit code 3" in str(await supervisor.first_exit())


async def test_a_part_may_log_lines_of_any_length_and_bytes(
    supervisor: Supervisor, lines: list[tuple[str, str]]
) -> None:
    """The supervisor still reads the following lines."""
    code = "import sys; sys.stdout.buffer.write(b'x' * 3_000_000 + b'\\n\\xff\\n'); sys.stdout.flush(); " + SLEEP
    async with supervisor:
        await supervisor.start(_part("part", code, ready_line="up"))
    assert lines[-2:] == [("part", "\\xff"), ("part", "up")]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_parts_do_not_outlive_their_supervisor_however_it_ends(number: signal.Signals) -> None:
    """Also when it had no time to stop them."""
    process = subprocess.Popen([sys.executable, "-c", SUPERVISED, SLEEP], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert _is_alive(pid)
    process.send_signal(number)
    process.wait(10)
    process.stdout.close()
    assert _ends(pid)


def test_a_taken_port_is_an_error_before_any_part_starts(free_port: Callable[[], int]) -> None:
    """The error names the port, its part, and the variable to change it."""
    ports = Ports(api=free_port(), playback=free_port(), mediaconvert=free_port(), aws=free_port())
    check_ports(ports)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.aws))
        other.listen()
        with pytest.raises(StartError, match=rf"port {ports.aws}, for aws, is taken .*DEV_AWS_PORT"):
            check_ports(ports)
