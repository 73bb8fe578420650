"""The HTTP API as a client on the command line uses it: announce, send, follow. Knows nothing behind it."""

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

FINAL = frozenset({"COMPLETE", "ERROR", "CANCELED"})
PATIENCE_S = 60
"""How long a job may take to appear once its file is there, and the API to come back when it is gone."""
PASSING = frozenset({429, 502, 503, 504})

_POLL_S = 0.3
_CHUNK_BYTES = 256 * 1024

Job = Mapping[str, Any]


class ClientError(Exception):
    """It didn't work; the message is one line."""


class RefusedError(ClientError):
    """The API or S3 answered that it won't; `status` is HTTP's, `code` the API's own word for why."""

    def __init__(self, message: str, *, status: int, code: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """Calls the API, with the caller's token where there is one, and S3 and playback without it."""

    api: httpx.AsyncClient
    s3: httpx.AsyncClient

    async def ask(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401  JSON
        """Call the API and return its answer.

        Raises:
            RefusedError: it refuses.
            httpx.TransportError: it can't be reached.
        """
        answer = await self.api.request(method, path, **request)
        if not answer.is_success:
            raise refusal(answer)
        return answer.json()

    async def announce(self, video: Path) -> Mapping[str, Any]:
        """Return where the API wants the file."""
        wish = {"file_name": video.name, "content_type": content_type(video), "size_bytes": size_bytes(video)}
        told: Mapping[str, Any] = await self.ask("POST", "/uploads", json=wish)
        return told

    async def send(self, video: Path, upload: Mapping[str, Any], uploaded: Callable[[int, int], None]) -> None:
        """Send the file where the API wants it; `uploaded` hears of bytes sent, and of how many."""
        whole_bytes = size_bytes(video)
        headers = {**upload["headers"], "Content-Length": str(whole_bytes)}  # S3 takes no chunked body

        async def content() -> AsyncIterator[bytes]:
            sent_bytes = 0
            with video.open("rb") as file:
                while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                    yield chunk
                    sent_bytes += len(chunk)
                    uploaded(sent_bytes, whole_bytes)

        answer = await self.s3.request(upload["method"], upload["url"], headers=headers, content=content())
        if not answer.is_success:
            raise refusal(answer)

    def player(self) -> httpx.AsyncClient:
        """Return who plays: without the token, with the cookies that came with a complete job."""
        for cookie in self.api.cookies.jar:
            # As in a browser, this machine needs no TLS to be trusted.
            cookie.secure = self.api.base_url.host not in {"127.0.0.1", "localhost", "::1"}
            self.s3.cookies.jar.set_cookie(cookie)
        return self.s3

    async def follow(self, input_file: str, advanced: Callable[[Job], None]) -> Job:
        """Return the job in its final state; `advanced` hears of it each time it was looked at."""
        began_s = reached_s = time.monotonic()
        while True:
            try:
                job: Job = await self.ask("GET", "/jobs", params={"input_file": input_file})
            except (httpx.TransportError, RefusedError) as error:
                if not _is_passing(error) or time.monotonic() - reached_s > PATIENCE_S:
                    raise
            else:
                reached_s = time.monotonic()
                advanced(job)
                if job["status"] in FINAL:
                    return job
                if job["status"] == "AWAITING_UPLOAD" and reached_s - began_s > PATIENCE_S:
                    raise ClientError(f"no job was made of the upload within {PATIENCE_S} s; the worker's log says why")
            await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def api_client(api_url: str, *, token: str | None = None) -> AsyncIterator[ApiClient]:
    """Give a client of the API at this address.

    Raises:
        ClientError: anything that went wrong inside; an API that can't be reached among it.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx.AsyncClient(base_url=api_url, headers=headers, timeout=30) as api,
        httpx.AsyncClient(timeout=httpx.Timeout(30, write=300)) as s3,
    ):
        try:
            yield ApiClient(api=api, s3=s3)
        except httpx.TransportError as error:
            raise ClientError(f"{api_url} can't be reached: {str(error) or type(error).__name__}") from error


def content_type(video: Path) -> str:
    """Return the file's media type, as its name has it."""
    return mimetypes.guess_type(video.name)[0] or "application/octet-stream"


def size_bytes(video: Path) -> int:
    """Return the file's length."""
    return video.stat().st_size


def refusal(answer: httpx.Response) -> RefusedError:
    """Return what to raise for an answer that is no success, without what its address signs."""
    where = answer.request.url.copy_with(query=None)
    try:
        problem = answer.json()
    except ValueError:
        problem = answer.text
    known = problem if isinstance(problem, dict) else {}
    detail = one_line(str(known.get("detail", problem)))
    code = known.get("code")
    return RefusedError(
        f"{where} answers {answer.status_code}: {detail}",
        status=answer.status_code,
        code=code if isinstance(code, str) else None,
    )


def why(job: Job) -> str:
    """Say how a job ended that is not COMPLETE."""
    error = job["error"]
    return f"the job ended as {job['status']}" + (f" (code {error['code']}): {error['message']}" if error else "")


def one_line(text: str) -> str:
    """Return the text's beginning on one line."""
    return " ".join(text.split())[:300]


def _is_passing(error: Exception) -> bool:
    return isinstance(error, httpx.TransportError) or (isinstance(error, RefusedError) and error.status in PASSING)
