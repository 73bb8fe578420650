"""The requests of the HTTP API, and the file's request to S3. Knows only the API's contract."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.attempts import attempted
from mediaconvert_status_client.errors import ApiError, ClientError, api_error, unreachable_error
from mediaconvert_status_client.file_sending import FileSending, content_type, size_bytes
from mediaconvert_status_client.following import Following
from mediaconvert_status_client.media_duration import duration_ms
from mediaconvert_status_client.tokens import BearerAuth, Token

NOTHING: Mapping[str, object] = {}
MAX_WAIT_S = 60
"""Longest wait for the job of an uploaded file to appear."""
MAX_ATTEMPTS = 3
"""Attempts to announce an upload."""
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """Calls the API with the caller's token, if there is one; calls S3 and playback without it."""

    api: httpx.AsyncClient
    s3: httpx.AsyncClient

    async def call(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401  JSON
        """Call the API and return its parsed response; None if it has no content.

        Raises:
            ApiError: the API refused the request.
            UnreachableError: the API can't be reached.
        """
        try:
            response = await self.api.request(method, path, **request)
        except httpx.TransportError as error:
            raise unreachable_error(error, self.api.base_url) from error
        if not response.is_success:
            raise api_error(response)
        return response.json() if response.content else None

    async def create_upload(self, video: Path, own: Mapping[str, object] = NOTHING) -> Mapping[str, Any]:
        """Create an upload for the file, and return the method, URL and headers of its PUT request to S3.

        `own` are the caller's own fields: `external_id`, `metadata` and `profile`. If the response is lost, the same
        request is sent again: its Idempotency-Key lets the API return the same upload.

        Raises:
            ApiError: the API refused the request.
            UnreachableError: the API can't be reached, after several attempts.
        """
        body: dict[str, Any] = {
            **own,
            "file_name": video.name,
            "content_type": content_type(video),
            "size_bytes": size_bytes(video),
        }
        if (length_ms := await asyncio.to_thread(duration_ms, video)) is not None:
            body["duration_ms"] = length_ms
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        async def request() -> Mapping[str, Any]:
            upload: Mapping[str, Any] = await self.call("POST", "/uploads", json=body, headers=headers)
            return upload

        return await attempted(request, attempts=MAX_ATTEMPTS, is_repeated=_may_succeed_soon)

    async def send_file(self, video: Path, upload: Mapping[str, Any], on_sent: Callable[[int, int], None]) -> None:
        """Send the file to S3; call `on_sent` with the bytes sent and the file's size.

        Raises:
            StorageError: S3 refused the file.
            UnreachableError: S3 could not be reached, after several attempts.
        """
        await FileSending(self.s3, video, upload, on_sent).run()

    def playback_client(self) -> httpx.AsyncClient:
        """Return a client for playback: it has the cookies that came with a complete job, and no token."""
        for cookie in self.api.cookies.jar:
            # As in a browser, a Secure cookie may be sent to this machine over plain HTTP.
            cookie.secure = self.api.base_url.host not in {"127.0.0.1", "localhost", "::1"}
            self.s3.cookies.jar.set_cookie(cookie)
        return self.s3

    async def get_job(self, *, input_file: str | None = None, job_id: str | None = None) -> Job:
        """Return the newest job of the file, or the job with this id.

        Raises:
            ApiError: it doesn't exist, or belongs to another caller (404).
        """
        if job_id is not None:
            return cast("Job", await self.call("GET", f"/jobs/{job_id}"))
        return cast("Job", await self.call("GET", "/jobs", params={"input_file": input_file}))

    async def cancel_job(self, input_file: str) -> Job:
        """Request the end of the file's newest job, or of its wait for one; `follow_job` returns when it is CANCELED.

        Raises:
            ApiError: the job is over (409), or the API refused the request in another way.
        """
        return cast("Job", await self.call("POST", "/jobs/cancel", json={"input_file": input_file}))

    async def follow_job(self, input_file: str, on_progress: Callable[[Job], None]) -> Job:
        """Follow the job of an uploaded file until it ends, and return it; call `on_progress` after each change.

        Raises:
            ClientError: no job appeared, or the API refused or could not be reached for a minute.
        """
        following = Following(self.api, input_file=input_file, arrives_within_s=MAX_WAIT_S)
        async for job in following.jobs():
            on_progress(job)
        return following.last_job()


@asynccontextmanager
async def api_client(api_url: str, *, token: Token | None = None) -> AsyncIterator[ApiClient]:
    """Yield a client of the API at this URL.

    Raises:
        ClientError: the API or S3 can't be reached.
    """
    client = open_client(api_url, token=token)
    async with client.api, client.s3:
        try:
            yield client
        except httpx.TransportError as error:
            raise unreachable_error(error, api_url) from error


def open_client(api_url: str, *, token: Token | None) -> ApiClient:
    """Return a client of the API at this URL; the caller closes its two HTTP clients."""
    auth = None if token is None else BearerAuth(token)
    return ApiClient(
        api=httpx.AsyncClient(base_url=api_url, auth=auth, timeout=30),
        s3=httpx.AsyncClient(timeout=httpx.Timeout(30, write=300)),
    )


def _may_succeed_soon(error: ClientError) -> bool:
    """Return whether the same announcement may succeed in a few seconds; a 429 can last a minute."""
    if not isinstance(error, ApiError):
        return error.is_temporary
    return error.code == "idempotency_key_in_use" or (error.is_temporary and error.status != TOO_MANY_REQUESTS)
