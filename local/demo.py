"""`make demo`: uploads a video as a front end would, follows its job, and watches what comes out.

Knows the HTTP API and nothing behind it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from client.api_client import ClientError, Job, api_client, why
from client.viewer import Seen, UnplayableError, watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who is told how it goes."""

    uploaded: Callable[[int, int], None]
    """Bytes sent so far, and of how many."""
    advanced: Callable[[Job], None]
    """The job, each time that it was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A job that is complete, and what was seen of its video."""

    job: Job
    seen: Seen
    seconds: float
    """From the first byte's leaving to COMPLETE."""

    @property
    def playback_url(self) -> str:
        """Where the video plays."""
        return str(self.job["output"]["playback_url"])


async def play(video: Path, *, api_url: str, token: str | None, reporter: Reporter) -> Played:
    """Upload a video, follow its job to the end, and watch the result.

    Raises:
        ClientError: the API can't be reached or refuses, the job fails, or its video doesn't play.
    """
    async with api_client(api_url, token=token) as client:
        began_s = time.monotonic()
        upload = await client.announce(video)
        await client.send(video, upload, reporter.uploaded)
        job = await client.follow(upload["input_file"], reporter.advanced)
        seconds = time.monotonic() - began_s
        if job["status"] != "COMPLETE":
            raise ClientError(why(job))
        if not job["output"]["playback_url"]:
            raise ClientError("the job is COMPLETE, and the service has no PLAYBACK_BASE_URL to watch it at")
        try:
            seen = await watch(job["output"]["playback_url"], client.player())
        except UnplayableError as error:
            raise ClientError(f"the job is COMPLETE, and its video doesn't play: {error}") from error
        return Played(job=job, seen=seen, seconds=seconds)
