"""`make demo`: uploads a video as a front end does, follows its job, and checks that the result plays.

Knows only the HTTP API.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_status_client.api_client import api_client
from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.errors import ClientError, failure_text
from mediaconvert_status_client.finished_job import playback_url_of
from mediaconvert_status_client.playback_check import Played, UnplayableError, play


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Callbacks with the demo's progress."""

    on_sent: Callable[[int, int], None]
    """Called with the bytes sent so far and the file's size."""
    on_progress: Callable[[Job], None]
    """Called with the job after each poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """A COMPLETE job, and the result of playing its video."""

    job: Job
    played: Played
    seconds: float
    """Time from the start of the upload until the job is COMPLETE."""

    @property
    def playback_url(self) -> str:
        """The URL of the video's master playlist."""
        return playback_url_of(self.job)


async def run_demo(video: Path, *, api_url: str, token: str | None, reporter: Reporter) -> DemoResult:
    """Upload a video, follow its job to the end, and play the result.

    Raises:
        ClientError: the API can't be reached or refuses a request, the job fails, or its video doesn't play.
    """
    async with api_client(api_url, token=token) as client:
        began_s = time.monotonic()
        upload = await client.create_upload(video)
        await client.send_file(video, upload, reporter.on_sent)
        job = await client.follow_job(upload["input_file"], reporter.on_progress)
        seconds = time.monotonic() - began_s
        if job["status"] != "COMPLETE":
            raise ClientError(failure_text(job))
        job = await client.get_job(input_file=upload["input_file"])  # a stream sets no cookies
        try:
            played = await play(playback_url_of(job), client.playback_client())
        except UnplayableError as error:
            raise ClientError(f"the job is COMPLETE, but its video doesn't play: {error}") from error
        return DemoResult(job=job, played=played, seconds=seconds)
