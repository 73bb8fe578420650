"""Runs ffmpeg for one job: reports its progress, stops it with the caller, and translates its errors."""

import asyncio
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from mediaconvert_emulator.child_process import bound_to_parent
from mediaconvert_emulator.ffmpeg_errors import ffmpeg_error

ERROR_LINES_KEPT = 40

ReportCallback = Callable[[dict[str, str]], None]


def find_ffmpeg(configured: str | None) -> str:
    """Return the path of the configured ffmpeg, or of imageio-ffmpeg's binary if none is configured.

    Raises:
        FileNotFoundError: The program doesn't exist.
    """
    path = shutil.which(configured) if configured else imageio_ffmpeg.get_ffmpeg_exe()
    if path is None:
        raise FileNotFoundError(f"MEDIACONVERT_FFMPEG_BINARY: no program {configured!r}")
    return path


async def transcode(
    ffmpeg: str, arguments: list[str], *, folder: Path, input_uri: str, on_report: ReportCallback
) -> None:
    """Run ffmpeg in `folder`. A cancellation kills it.

    Args:
        ffmpeg: The program's path.
        arguments: The program's arguments.
        folder: The working directory.
        input_uri: The input's S3 URI, for error messages.
        on_report: Is called with each block of ffmpeg's `-progress` output.

    Raises:
        JobError: ffmpeg failed.
    """
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent([ffmpeg, *arguments]),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # the emulator handles Ctrl-C in the terminal, not ffmpeg
    )
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("ffmpeg's output is not piped")
    error_lines: deque[str] = deque(maxlen=ERROR_LINES_KEPT)
    try:
        await asyncio.gather(_read_reports(process.stdout, on_report), _read_lines(process.stderr, error_lines))
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise ffmpeg_error(list(error_lines), input_uri)


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
