"""`make demo`: uploads a video as a front end would, follows its job, and watches what comes out.

Knows the HTTP API and nothing behind it.
"""

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.viewer import Seen, UnplayableError, watch

FINAL = frozenset({"COMPLETE", "ERROR", "CANCELED"})
PATIENCE_S = 60
"""How long a job may take to appear once its file is there."""

_POLL_S = 0.3
_CHUNK_BYTES = 256 * 1024


class DemoError(Exception):
    """It didn't work; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who is told how it goes."""

    uploaded: Callable[[int, int], None]
    """Bytes sent so far, and of how many."""
    advanced: Callable[[Mapping[str, Any]], None]
    """The job, each time that it has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A job that is complete, and what was seen of its video."""

    job: Mapping[str, Any]
    seen: Seen
    seconds: float
    """From the first byte's leaving to COMPLETE."""

    @property
    def playback_url(self) -> str:
        """Where the video plays."""
        return str(self.job["output"]["playback_url"])


async def play(video: Path, *, api_url: str, reporter: Reporter) -> Played:
    """Upload a video, follow its job to the end, and watch the result.

    Raises:
        DemoError: the API can't be reached or refuses, the job fails, or its video doesn't play.
    """
    async with httpx.AsyncClient(base_url=api_url, timeout=30) as client:
        try:
            began_s = time.monotonic()
            upload = await _announce(client, video)
            await _send(client, video, upload, reporter)
            job = await _follow(client, upload["input_file"], reporter)
            seconds = time.monotonic() - began_s
            if job["status"] != "COMPLETE":
                raise DemoError(_why(job))
            if not job["output"]["playback_url"]:
                raise DemoError("the job is COMPLETE, and the service has no PLAYBACK_BASE_URL to watch it at")
            return Played(job=job, seen=await watch(job["output"]["playback_url"], client), seconds=seconds)
        except UnplayableError as error:
            raise DemoError(f"the job is COMPLETE, and its video doesn't play: {error}") from error
        except httpx.TransportError as error:
            raise DemoError(f"{api_url} can't be reached: {str(error) or type(error).__name__}") from error


async def _announce(client: httpx.AsyncClient, video: Path) -> Mapping[str, Any]:
    content_type, _ = mimetypes.guess_type(video.name)
    file = {
        "file_name": video.name,
        "content_type": content_type or "application/octet-stream",
        "size_bytes": video.stat().st_size,  # noqa: ASYNC240  a local file's, and nobody waits
    }
    return await _answer(client.post("/uploads", json=file))


async def _send(client: httpx.AsyncClient, video: Path, upload: Mapping[str, Any], reporter: Reporter) -> None:
    size_bytes = video.stat().st_size  # noqa: ASYNC240  a local file's, and nobody waits
    headers = {**upload["headers"], "Content-Length": str(size_bytes)}  # S3 takes no chunked body

    async def content() -> AsyncIterator[bytes]:
        sent_bytes = 0
        with video.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk
                sent_bytes += len(chunk)
                reporter.uploaded(sent_bytes, size_bytes)

    answer = await client.request(
        upload["method"], upload["url"], headers=headers, content=content(), timeout=httpx.Timeout(30, write=300)
    )
    if not answer.is_success:
        raise DemoError(f"S3 refused the upload with {answer.status_code}: {_one_line(answer.text)}")


async def _follow(client: httpx.AsyncClient, input_file: str, reporter: Reporter) -> Mapping[str, Any]:
    """The job in its final state."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        job = await _answer(client.get("/jobs", params={"input_file": input_file}))
        reporter.advanced(job)
        if job["status"] in FINAL:
            return job
        if job["status"] == "AWAITING_UPLOAD" and time.monotonic() > deadline_s:
            raise DemoError(f"no job was made of the upload within {PATIENCE_S} s; the worker's log says why")
        await asyncio.sleep(_POLL_S)


async def _answer(request: Any) -> Mapping[str, Any]:  # noqa: ANN401  an awaitable of httpx's
    answer: httpx.Response = await request
    if not answer.is_success:
        raise DemoError(f"{answer.request.url} answers {answer.status_code}: {_detail(answer)}")
    body: Mapping[str, Any] = answer.json()
    return body


def _detail(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return _one_line(answer.text)
    return _one_line(str(problem.get("detail", problem)) if isinstance(problem, dict) else str(problem))


def _why(job: Mapping[str, Any]) -> str:
    error = job["error"]
    return f"the job ended as {job['status']}" + (f" (code {error['code']}): {error['message']}" if error else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
