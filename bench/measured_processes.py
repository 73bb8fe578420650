"""Starts, measures and stops processes, with an environment of their own instead of this process's."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

import httpx

from bench.aws_call_counter import COUNTS_FILE, create_counts_file, read_counts
from local.embedded_aws import CREDENTIALS, ROOT
from mediaconvert_emulator.child_process import bound_to_parent

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KILOBYTES_PER_MEGABYTE = 1024
_POLL_S = 0.05


class BenchError(Exception):
    """A process of a measurement failed; the message has its name and the end of its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredProcess:
    """A process under measurement."""

    name: str
    process: subprocess.Popen[bytes]
    counts_file: Path
    log: Path
    """The file with its output."""
    port: int

    def cpu_s(self) -> float:
        """Return the processor time used so far, including its threads."""
        return cpu_s(Path(f"/proc/{self.process.pid}"))

    def memory_mb(self) -> float:
        """Return its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / KILOBYTES_PER_MEGABYTE

    def calls(self) -> Mapping[str, int]:
        """Return the number of its AWS calls so far, by operation."""
        return read_counts(self.counts_file)


def cpu_s(process: Path) -> float:
    """Return the processor time of the process with this folder under /proc, including its threads."""
    fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a process's complete environment: PATH, the emulator's credentials and the settings."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_EC2_METADATA_DISABLED": "true",
        **CREDENTIALS,
        **settings,
    }


@contextmanager
def running_module(
    module: str, *arguments: str, port: int = 0, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[MeasuredProcess]:
    """Run `python -m <module> <arguments>` inside a `with` block, which begins when its port, if any, responds.

    Raises:
        BenchError: the process ended, or did not become ready.
    """
    name = " ".join((module.removeprefix("bench."), *arguments))
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, (Path(scratch) / "log").open("w+b") as log:
        counts_file = Path(scratch) / "counts"
        create_counts_file(counts_file)
        process = subprocess.Popen(
            bound_to_parent([sys.executable, "-m", module, *arguments]),
            env=environment({COUNTS_FILE: str(counts_file), "PORT": str(port), **settings}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=scratch,
        )
        try:
            measured = MeasuredProcess(
                name=name, process=process, counts_file=counts_file, log=Path(scratch) / "log", port=port
            )
            if port:
                _wait_until_responding(measured, log)
            yield measured
            if process.poll() is not None:
                raise BenchError(f"{name} ended with {process.returncode}: {_end_of(log)}")
        finally:
            _stop(process)


def _wait_until_responding(measured: MeasuredProcess, log: IO[bytes], *, deadline_s: float = 60) -> None:
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{measured.port}/healthz", timeout=2, trust_env=False)
        except httpx.TransportError:
            if measured.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{measured.name} did not become ready: {_end_of(log)}") from None
            time.sleep(_POLL_S)
        else:
            return


def _end_of(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read()[-2_000:].decode(errors="replace")


def _stop(process: subprocess.Popen[bytes], *, grace_s: float = 5) -> None:
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_module(
    module: str,
    *arguments: str,
    stdin: str = "",
    timeout_s: float = 300,
    settings: Mapping[str, str] = MappingProxyType({}),
    python: str = sys.executable,
) -> str:
    """Run `python -m <module> <arguments>` to its end with this stdin, and return its output.

    Raises:
        BenchError: the process failed, or took longer than `timeout_s`.
    """
    try:
        with tempfile.NamedTemporaryFile(prefix="bench-") as counts:
            create_counts_file(Path(counts.name))
            ended = subprocess.run(
                bound_to_parent([python, "-m", module, *arguments]),
                env=environment({COUNTS_FILE: counts.name, **settings}),
                input=stdin.encode(),
                capture_output=True,
                timeout=timeout_s,
                check=True,
            )
    except subprocess.CalledProcessError as error:
        raise BenchError(f"{module} ended with {error.returncode}: {error.stderr[-2_000:].decode()}") from error
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{module} did not end within {timeout_s:g} s") from error
    return ended.stdout.decode()
