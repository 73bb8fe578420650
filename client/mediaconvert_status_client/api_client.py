"""A client of the HTTP API: create an upload, send the file to S3, follow the job. Knows only the API's contract."""

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mediaconvert_status_client.media_duration import duration_ms

FINAL_STATUSES = frozenset({"COMPLETE", "ERROR", "CANCELED"})
MAX_WAIT_S = 60
"""Longest wait for the job of an uploaded file to appear, and for an unreachable API to respond again."""
TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
MAX_ATTEMPTS = 5
"""Attempts to send a file, or a part of a file, to S3."""
FIRST_PAUSE_S = 0.5
CONFLICT_STATUS = 409
"""S3 met another conditional write of the same key at the same time, and requires another attempt."""
EXISTS_STATUS = 412
"""The key has an object already."""
RETRIED_PUT_STATUSES = TRANSIENT_STATUSES | {500, CONFLICT_STATUS}

_POLL_S = 0.3
_CHUNK_BYTES = 256 * 1024

Job = Mapping[str, Any]


class ClientError(Exception):
    """A step failed; the message is one line."""


class RefusedError(ClientError):
    """The API or S3 refused a request; `status` is the HTTP status, `code` the API's error code."""

    def __init__(self, message: str, *, status: int, code: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(slots=True)
class FileSending:
    """The attempts to send one file with a presigned PUT; `on_sent` gets the bytes sent and the file's size."""

    s3: httpx.AsyncClient
    video: Path
    upload: Mapping[str, Any]
    on_sent: Callable[[int, int], None]
    may_be_stored: bool = False
    """True if an earlier attempt sent the whole file, and S3 may have stored it."""
    _is_sent: bool = False

    async def attempt(self) -> httpx.Response:
        """Send the whole file, and return S3's response.

        Raises:
            httpx.TransportError: there is no response.
        """
        self.may_be_stored |= self._is_sent
        self._is_sent = False
        # S3 refuses a chunked body, so the length is in a header.
        headers = {**self.upload["headers"], "Content-Length": str(size_bytes(self.video))}
        return await self.s3.request(
            self.upload["method"], self.upload["url"], headers=headers, content=self._content()
        )

    def record_failure(self, status: int) -> None:
        """Record that S3 responded with an error; after a conflict it has certainly not stored this attempt's file."""
        self._is_sent &= status != CONFLICT_STATUS

    async def _content(self) -> AsyncIterator[bytes]:
        total_bytes, sent_bytes = size_bytes(self.video), 0
        with self.video.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                sent_bytes += len(chunk)
                self._is_sent = sent_bytes == total_bytes
                yield chunk
                self.on_sent(sent_bytes, total_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """Calls the API with the caller's token, if there is one; calls S3 and playback without it."""

    api: httpx.AsyncClient
    s3: httpx.AsyncClient

    async def call(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401  JSON
        """Call the API and return its parsed response.

        Raises:
            RefusedError: the API refused the request.
            httpx.TransportError: the API can't be reached.
        """
        response = await self.api.request(method, path, **request)
        if not response.is_success:
            raise refused_error(response)
        return response.json()

    async def create_upload(self, video: Path) -> Mapping[str, Any]:
        """Create an upload for the file, and return the method, URL and headers of its PUT request to S3."""
        body: dict[str, Any] = {
            "file_name": video.name,
            "content_type": content_type(video),
            "size_bytes": size_bytes(video),
        }
        if (length_ms := await asyncio.to_thread(duration_ms, video)) is not None:
            body["duration_ms"] = length_ms
        upload: Mapping[str, Any] = await self.call("POST", "/uploads", json=body)
        return upload

    async def send_file(self, video: Path, upload: Mapping[str, Any], on_sent: Callable[[int, int], None]) -> None:
        """Send the file to S3, again after a transient error; call `on_sent` with the bytes sent and the file's size.

        S3 accepts one object for each upload. A 412 says that the object exists: that is a success only if an earlier
        attempt of this call sent the whole file and got no clear response.

        Raises:
            RefusedError: S3 refused the file.
            httpx.TransportError: S3 could not be reached, after several attempts.
        """
        sending = FileSending(self.s3, video, upload, on_sent)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                response = await sending.attempt()
            except httpx.TransportError:
                if attempt == MAX_ATTEMPTS:
                    raise
            else:
                if response.is_success or (response.status_code == EXISTS_STATUS and sending.may_be_stored):
                    return
                if attempt == MAX_ATTEMPTS or response.status_code not in RETRIED_PUT_STATUSES:
                    raise refused_error(response)
                sending.record_failure(response.status_code)
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt)

    def playback_client(self) -> httpx.AsyncClient:
        """Return a client for playback: it has the cookies that came with a complete job, and no token."""
        for cookie in self.api.cookies.jar:
            # As in a browser, a Secure cookie may be sent to this machine over plain HTTP.
            cookie.secure = self.api.base_url.host not in {"127.0.0.1", "localhost", "::1"}
            self.s3.cookies.jar.set_cookie(cookie)
        return self.s3

    async def cancel_job(self, input_file: str) -> Job:
        """Request the end of the file's newest job, or of its wait for one; `follow_job` returns when it is CANCELED.

        Raises:
            RefusedError: the job is over (409), or the API refused the request in another way.
        """
        job: Job = await self.call("POST", "/jobs/cancel", json={"input_file": input_file})
        return job

    async def follow_job(self, input_file: str, on_progress: Callable[[Job], None]) -> Job:
        """Poll the file's job until it ends, and return it; call `on_progress` with the job after each poll.

        Raises:
            ClientError: no job appeared, or the API refused or could not be reached for longer than MAX_WAIT_S.
        """
        began_s = reached_s = time.monotonic()
        while True:
            try:
                job: Job = await self.call("GET", "/jobs", params={"input_file": input_file})
            except (httpx.TransportError, RefusedError) as error:
                if not _is_transient(error) or time.monotonic() - reached_s > MAX_WAIT_S:
                    raise
            else:
                reached_s = time.monotonic()
                on_progress(job)
                if job["status"] in FINAL_STATUSES:
                    return job
                if job["status"] == "AWAITING_UPLOAD" and reached_s - began_s > MAX_WAIT_S:
                    raise ClientError(f"no job was created within {MAX_WAIT_S} s; the worker's log has the reason")
            await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def api_client(api_url: str, *, token: str | None = None) -> AsyncIterator[ApiClient]:
    """Yield a client of the API at this URL.

    Raises:
        ClientError: the API or S3 can't be reached.
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
    """Return the media type that the file name's suffix stands for."""
    return mimetypes.guess_type(video.name)[0] or "application/octet-stream"


def size_bytes(video: Path) -> int:
    """Return the file's size."""
    return video.stat().st_size


def refused_error(response: httpx.Response) -> RefusedError:
    """Return the error to raise for an unsuccessful response; its message leaves out the URL's signed query."""
    url = response.request.url.copy_with(query=None)
    try:
        body = response.json()
    except ValueError:
        body = response.text
    problem = body if isinstance(body, dict) else {}
    detail = one_line(str(problem.get("detail", body)))
    code = problem.get("code")
    return RefusedError(
        f"{url} responded {response.status_code}: {detail}",
        status=response.status_code,
        code=code if isinstance(code, str) else None,
    )


def failure_text(job: Job) -> str:
    """Return one line about a job that ended without being COMPLETE."""
    error = job["error"]
    return f"the job ended as {job['status']}" + (f" (code {error['code']}): {error['message']}" if error else "")


def one_line(text: str) -> str:
    """Return the first 300 characters of the text, on one line."""
    return " ".join(text.split())[:300]


def _is_transient(error: Exception) -> bool:
    return isinstance(error, httpx.TransportError) or (
        isinstance(error, RefusedError) and error.status in TRANSIENT_STATUSES
    )
