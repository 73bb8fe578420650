"""`make demo` in a terminal: progress bars in a terminal, plain lines without one."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from local import system_processes
from local.demo import DemoResult, Reporter, run_demo
from local.demo_clip import make_clip
from local.local_system import StartError, local_system
from local.supervisor import Supervisor
from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.errors import ClientError
from mediaconvert_status_client.finished_job import output_of
from mediaconvert_status_client.progress_text import changing, draw, megabytes, state

CLIP_S = 12
"""Long enough for the bar to move, short enough for a first look."""

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


async def run(*, video: Path | None, api_url: str | None, token: str | None = None) -> int:
    """Send a video through the system and return the exit code: 0, 1 on failure, 2 if the video is missing or empty.

    Args:
        video: the file; by default a generated clip.
        api_url: the API of a running system; by default that of `make dev`. If nothing listens there, the demo starts
            the system and stops it at the end.
        token: a bearer token of the API's identity provider, if the API requires one.
    """
    if video and (not video.is_file() or not video.stat().st_size):  # noqa: ASYNC240  before anything runs in this loop
        _print_error(f"{video} is not a file, or is empty")
        return 2
    dev_api_url = system_processes.url(system_processes.ports(os.environ).api)
    try:
        if api_url or await _is_healthy(dev_api_url):
            async with _video(video) as ready_video:
                await _show(await ready_video, api_url or dev_api_url, token=token)
        else:
            await _start_and_show(video)
    except (ClientError, StartError, ValueError) as error:
        _print_error(str(error))
        return 1
    return 0


async def _is_healthy(api_url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            return (await client.get(f"{api_url}/healthz")).is_success
    except httpx.TransportError:
        return False


async def _start_and_show(video: Path | None) -> None:
    OUT.print("no system is running (make dev); starting one …")
    ports = system_processes.ports(os.environ)
    async with (
        _video(video) as ready_video,  # a clip is made while the system starts
        local_system(ports=ports, supervisor=Supervisor(lambda _name, _line: None)) as system,
    ):
        await _show(await ready_video, system.api_url)
        if OUT.is_terminal:
            OUT.print("the system keeps running, so that you can watch the video; Ctrl-C stops it")
            await asyncio.Event().wait()
        OUT.print("stopping the system that was started for this demo; `make dev` starts one that keeps running")


@asynccontextmanager
async def _video(video: Path | None) -> AsyncIterator[Awaitable[Path]]:
    """Yield the video, or a clip that is being made, for the length of the context."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        making = asyncio.create_task(_make_clip(Path(folder)) if video is None else _existing(video))
        try:
            yield making
        finally:
            await asyncio.gather(making, return_exceptions=True)  # ffmpeg writes into the folder until it ends


async def _make_clip(folder: Path) -> Path:
    clip = folder / "Demo clip.mp4"
    OUT.print(f"making a clip of {CLIP_S} s …")
    await asyncio.to_thread(make_clip, clip, duration_s=CLIP_S)
    return clip


async def _existing(video: Path) -> Path:
    return video


async def _show(video: Path, api_url: str, *, token: str | None = None) -> None:
    OUT.print(Text(f"{video.name} → {api_url}"))
    with _reporter() as reporter:
        result = await run_demo(video, api_url=api_url, token=token, reporter=reporter)
    OUT.print(Text(_summary(result)))


def _summary(result: DemoResult) -> str:
    output, played = output_of(result.job), result.played
    return (
        f"COMPLETE after {result.seconds:.1f} s: {output['width_px']}x{output['height_px']}, "
        f"{(output['duration_ms'] or 0) / 1000:.1f} s, job {result.job['job_id']}\n"
        f"watched: {played.variants} variants, {played.segments} segments decrypted and decoded to "
        f"{played.frames} frames\n"
        f"plays at {result.playback_url}"
    )


@contextmanager
def _reporter() -> Iterator[Reporter]:
    if not OUT.is_terminal:
        yield _plain_reporter()
        return
    columns = (TextColumn("{task.description:>11}"), BarColumn(40), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=OUT) as progress:
        upload = progress.add_task("upload", total=None, state="")
        job = progress.add_task("job", total=None, state="", start=False)
        yield Reporter(
            on_sent=lambda sent, total: progress.update(upload, completed=sent, total=total, state=megabytes(total)),
            on_progress=lambda current: draw(progress, job, current),
        )


def _plain_reporter() -> Reporter:
    shown: tuple[Any, ...] = ()

    def on_sent(sent_bytes: int, total_bytes: int) -> None:
        if sent_bytes == total_bytes:
            OUT.print(f"uploaded {megabytes(total_bytes)}")

    def on_progress(job: Job) -> None:
        nonlocal shown
        current = changing(job)
        if current != shown:
            OUT.print(Text(state(job)))
        shown = current

    return Reporter(on_sent=on_sent, on_progress=on_progress)


def _print_error(line: str) -> None:
    ERR.print(Text(f"make demo: {line}", style="bold red"))
