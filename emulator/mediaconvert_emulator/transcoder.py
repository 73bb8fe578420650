"""Runs ffmpeg for one job: reports its progress, stops it with the caller, and translates its errors."""

import asyncio
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from mediaconvert_emulator.child_limits import ChildLimits
from mediaconvert_emulator.child_process import bound_to_parent
from mediaconvert_emulator.errors import JobTimedOut
from mediaconvert_emulator.ffmpeg_errors import TIMED_OUT_MESSAGE, ffmpeg_error

ERROR_LINES_KEPT = 40

PROGRESS_FIELDS = ("frame", "total_size", "out_time_us", "progress")

ReportCallback = Callable[[dict[str, str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFiles:
    """The folder of a job's files, and its input's S3 URI for error messages."""

    folder: Path
    input_uri: str


def find_ffmpeg(configured: str | None) -> str:
    """Return the path of the configured ffmpeg, or of imageio-ffmpeg's binary if none is configured.

    Raises:
        FileNotFoundError: The program doesn't exist.
    """
    path = shutil.which(configured) if configured else imageio_ffmpeg.get_ffmpeg_exe()
    if path is None:
        raise FileNotFoundError(f"MEDIACONVERT_FFMPEG_BINARY: no program {configured!r}")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeLimits:
    """The limits of an ffmpeg process; `stall_timeout_s` is the time that it may take without progress."""

    child: ChildLimits
    stall_timeout_s: float


async def transcode(
    command: Sequence[str], job: JobFiles, *, limits: TranscodeLimits, on_report: ReportCallback
) -> None:
    """Run ffmpeg in the job's folder. A cancellation kills it.

    Args:
        command: The program's path and its arguments.
        job: The job's folder and input.
        limits: The limits of the process.
        on_report: Is called with each block of ffmpeg's `-progress` output.

    Raises:
        JobError: ffmpeg failed, or needed more than its limits.
    """
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent(command, limits.child),
        cwd=job.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # the emulator handles Ctrl-C in the terminal, not ffmpeg
    )
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("ffmpeg's output is not piped")
    error_lines: deque[str] = deque(maxlen=ERROR_LINES_KEPT)
    try:
        async with asyncio.timeout(limits.stall_timeout_s) as deadline:
            watched = _watch(on_report, deadline, limits.stall_timeout_s)
            await asyncio.gather(_read_reports(process.stdout, watched), _read_lines(process.stderr, error_lines))
            code = await process.wait()
    except TimeoutError as error:
        raise JobTimedOut(TIMED_OUT_MESSAGE) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise ffmpeg_error(list(error_lines), job.input_uri)


def _watch(on_report: ReportCallback, deadline: asyncio.Timeout, stall_timeout_s: float) -> ReportCallback:
    """Return a callback that moves the deadline with each report that shows progress."""
    before: tuple[str | None, ...] = ()

    def watched(report: dict[str, str]) -> None:
        nonlocal before
        now = tuple(report.get(name) for name in PROGRESS_FIELDS)
        if now != before:
            before = now
            deadline.reschedule(asyncio.get_running_loop().time() + stall_timeout_s)
        on_report(report)

    return watched


async def _read_reports(stream: asyncio.StreamReader, on_report: ReportCallback) -> None:
    report: dict[str, str] = {}
    async for line in stream:
        key, _, value = line.decode(errors="replace").strip().partition("=")
        report[key] = value.strip()
        if key == "progress":
            on_report(report)
            report = {}


async def _read_lines(stream: asyncio.StreamReader, lines: deque[str]) -> None:
    async for line in stream:
        lines.append(line.decode(errors="replace").strip())
