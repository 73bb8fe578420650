"""`make demo` at a terminal: progress bars where there is one, plain lines where there isn't."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from client.api_client import ClientError, Job
from client.progress_text import draw, megabytes, state
from local import parts
from local.clip import make_clip
from local.demo import Played, Reporter, play
from local.supervisor import Supervisor
from local.up import StartError, local_system

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


async def run(*, video: Path | None, api_url: str | None, token: str | None = None) -> int:
    """Play a video through the system, and give the exit code: 0, 1 where it failed, 2 where there is nothing to play.

    Args:
        video: the file; by default a clip is made.
        api_url: of a running system; by default that of `make dev`, which is started for the time of the demo
            where nothing listens.
        token: of the API's identity provider, where it wants one.
    """
    if video and (not video.is_file() or not video.stat().st_size):  # noqa: ASYNC240  before anything runs
        _complain(f"{video} is not a file with something in it")
        return 2
    try:
        if api_url or await _answers(parts.url(parts.ports(os.environ).api)):
            await _show(video, api_url or parts.url(parts.ports(os.environ).api), token=token)
        else:
            await _start_and_show(video)
    except (ClientError, StartError, ValueError) as error:
        _complain(str(error))
        return 1
    return 0


async def _answers(api_url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            return (await client.get(f"{api_url}/healthz")).is_success
    except httpx.TransportError:
        return False


async def _start_and_show(video: Path | None) -> None:
    OUT.print("no system is running (make dev); starting one …")
    async with local_system(ports=parts.ports(os.environ), supervisor=Supervisor(lambda _name, _line: None)) as system:
        await _show(video, system.api_url)
        if OUT.is_terminal:
            OUT.print("the system stays up for you to watch it; Ctrl-C stops it")
            await asyncio.Event().wait()
        OUT.print("stopping the system that was started for this; `make dev` keeps one")


async def _show(video: Path | None, api_url: str, *, token: str | None = None) -> None:
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        if video is None:
            video = Path(folder) / "Demo clip.mp4"
            OUT.print("making a clip of 20 s …")
            await asyncio.to_thread(make_clip, video)
        OUT.print(Text(f"{video.name} → {api_url}"))
        with _reporter() as reporter:
            played = await play(video, api_url=api_url, token=token, reporter=reporter)
    OUT.print(Text(_summary(played)))


def _summary(played: Played) -> str:
    output, seen = played.job["output"], played.seen
    return (
        f"COMPLETE after {played.seconds:.1f} s: {output['width_px']}x{output['height_px']}, "
        f"{output['duration_ms'] / 1000:.1f} s, job {played.job['job_id']}\n"
        f"watched: {seen.variants} variants, {seen.segments} segments decrypted and decoded to {seen.frames} frames\n"
        f"plays at {played.playback_url}"
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
            uploaded=lambda sent, size: progress.update(upload, completed=sent, total=size, state=megabytes(size)),
            advanced=lambda shown: draw(progress, job, shown),
        )


def _plain_reporter() -> Reporter:
    shown: tuple[Any, ...] = ()

    def uploaded(sent_bytes: int, size_bytes: int) -> None:
        if sent_bytes == size_bytes:
            OUT.print(f"uploaded {megabytes(size_bytes)}")

    def advanced(job: Job) -> None:
        nonlocal shown
        news = (job["status"], job["progress_percent"], job["phase"])  # the seconds left are no news
        if news != shown:
            OUT.print(Text(state(job)))
        shown = news

    return Reporter(uploaded=uploaded, advanced=advanced)


def _complain(line: str) -> None:
    ERR.print(Text(f"make demo: {line}", style="bold red"))
