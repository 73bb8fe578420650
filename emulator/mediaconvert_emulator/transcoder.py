"""Runs ffmpeg for one job: reports its progress, never outlives its caller, and says why it failed."""

import asyncio
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from mediaconvert_emulator.child_process import bound_to_parent
from mediaconvert_emulator.failures import ffmpeg_error

TAIL_LINES = 40

OnReport = Callable[[dict[str, str]], None]


def find_ffmpeg(asked_for: str | None) -> str:
    """The path of the ffmpeg to use: the one asked for, or the one that imageio-ffmpeg carries.

    Raises:
        FileNotFoundError: there is no such program.
    """
    path = shutil.which(asked_for) if asked_for else imageio_ffmpeg.get_ffmpeg_exe()
    if path is None:
        raise FileNotFoundError(f"MEDIACONVERT_FFMPEG_BINARY: no program {asked_for!r}")
    return path


async def transcode(ffmpeg: str, arguments: list[str], *, folder: Path, input_uri: str, on_report: OnReport) -> None:
    """Run ffmpeg in `folder` to its end; `on_report` gets each block of its `-progress` output. Cancelling kills it.

    Raises:
        JobError: ffmpeg failed.
    """
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent([ffmpeg, *arguments]),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C in the terminal is ours to handle, not ffmpeg's
    )
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("ffmpeg's output is not piped")
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    try:
        await asyncio.gather(_read_reports(process.stdout, on_report), _read_tail(process.stderr, tail))
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise ffmpeg_error(list(tail), input_uri)


async def _read_reports(stream: asyncio.StreamReader, on_report: OnReport) -> None:
    report: dict[str, str] = {}
    async for line in stream:
        key, _, value = line.decode(errors="replace").strip().partition("=")
        report[key] = value.strip()
        if key == "progress":
            on_report(report)
            report = {}


async def _read_tail(stream: asyncio.StreamReader, tail: deque[str]) -> None:
    async for line in stream:
        tail.append(line.decode(errors="replace").strip())
