"""The asynchronous client: uploads a video, follows its job, and reports each failure as an exception."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack, cast

from mediaconvert_status_client.api_client import MAX_WAIT_S, ApiClient, open_client
from mediaconvert_status_client.api_types import Job, JobStatus, Limits, UploadChanges
from mediaconvert_status_client.errors import EmptyFileError, JobFailedError, TimedOutError
from mediaconvert_status_client.file_sending import size_bytes
from mediaconvert_status_client.following import Following
from mediaconvert_status_client.resumable_upload import ResumableUpload
from mediaconvert_status_client.tokens import Token
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads, default_folder

IN_PARTS_FROM_BYTES = 100_000_000
"""Size from which a file is sent in parts, so that an interrupted upload can be resumed."""

OnSent = Callable[[int, int], None]
"""Called with the bytes that S3 has and the file's size."""


class AsyncClient:
    """A client of one deployment; use it with `async with`, or call `aclose` at the end."""

    def __init__(self, api_url: str, *, token: Token | None = None, cache_folder: Path | None = None) -> None:
        """Connect to nothing yet.

        Args:
            api_url: the URL of the deployment.
            token: a bearer token, if the API requires one, or a function that returns the present one: it is called
                before the first request, and again when the API refuses its token.
            cache_folder: where the ids of unfinished uploads are kept; by default in the user's cache.
        """
        self._api_url = api_url.rstrip("/")
        self._client: ApiClient = open_client(self._api_url, token=token)
        self._unfinished = UnfinishedUploads(cache_folder or default_folder())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.api.aclose()
        await self._client.s3.aclose()

    async def upload(
        self,
        file: str | os.PathLike[str],
        *,
        on_progress: OnSent | None = None,
        external_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        profile: str | None = None,
        in_parts_from_bytes: int = IN_PARTS_FROM_BYTES,
    ) -> str:
        """Upload the file, and return its key, `input_file`, by which you follow its job.

        A large file is sent in parts. If that is interrupted, call `upload` again, also in another process of this
        user: it sends only the missing parts.

        Args:
            file: the video's path.
            on_progress: called with the bytes that S3 has and the file's size.
            external_id: your own id of the video, which its job returns.
            metadata: your own pairs of texts, which its job returns too.
            profile: one of the deployment's profiles, which decides what is made of the file; by default its first one.
            in_parts_from_bytes: the size from which the file is sent in parts.

        Raises:
            EmptyFileError: the file is empty.
            ApiError: the API refused the file.
            StorageError: S3 refused the file.
            UnreachableError: the API or S3 could not be reached, after several attempts.
            OSError: the file can't be read.
        """
        video, on_sent = Path(file), on_progress or (lambda _sent, _total: None)
        if not size_bytes(video):
            raise EmptyFileError(f"{video} is empty")
        given = {"external_id": external_id, "metadata": metadata, "profile": profile}
        own = {name: value for name, value in given.items() if value is not None}
        if size_bytes(video) < in_parts_from_bytes:
            upload = await self._client.create_upload(video, own)
            await self._client.send_file(video, upload, on_sent)
            return str(upload["input_file"])
        return await ResumableUpload(
            client=self._client,
            api_url=self._api_url,
            video=video,
            unfinished=self._unfinished,
            on_sent=on_sent,
            own=own,
        ).run()

    def progress(self, input_file: str | None = None, *, job_id: str | None = None) -> AsyncIterator[Job]:
        """Iterate over the states of a file's newest job, or of one job, from the present to the final one.

        It reads an event stream, or polls where streams don't work, and reconnects for a minute.

        Raises:
            ApiError: it doesn't exist, belongs to another caller, or the API refused the request in another way.
            UnreachableError: the API could not be reached for a minute.
        """
        _require_one(input_file, job_id)
        return Following(self._client.api, input_file=input_file, job_id=job_id).jobs()

    async def wait(self, input_file: str, *, timeout_s: float | None = None) -> Job:
        """Return the job of an uploaded file when it is COMPLETE.

        Raises:
            JobFailedError: it ended as ERROR or CANCELED.
            UploadMissingError: the file didn't arrive within a minute.
            TimedOutError: `timeout_s` is over; the job continues.
        """
        following = Following(self._client.api, input_file=input_file, arrives_within_s=MAX_WAIT_S)
        try:
            async with asyncio.timeout(timeout_s):
                async for _ in following.jobs():
                    pass
        except TimeoutError as error:
            raise TimedOutError(f"the job didn't end within {timeout_s} s") from error
        job = following.last_job()
        if job["status"] != "COMPLETE":
            raise JobFailedError(job)
        return job

    async def job(self, input_file: str | None = None, *, job_id: str | None = None) -> Job:
        """Return the file's newest job, or the job with this id, as it is now."""
        _require_one(input_file, job_id)
        return await self._client.get_job(input_file=input_file, job_id=job_id)

    async def retry(self, input_file: str) -> Job:
        """Request another job for a file whose job ended without being COMPLETE."""
        return cast("Job", await self.request("POST", "/jobs", json={"input_file": input_file}))

    async def cancel(self, input_file: str) -> Job:
        """Request the end of the file's job; `progress` then ends with CANCELED."""
        return await self._client.cancel_job(input_file)

    async def uploads(
        self, *, status: JobStatus | None = None, external_id: str | None = None, page_size: int = 50
    ) -> AsyncIterator[Job]:
        """Iterate over the caller's uploads, newest first; requests a page at a time."""
        query: dict[str, Any] = {"limit": page_size}
        if status is not None:
            query["status"] = status
        if external_id is not None:
            query["external_id"] = external_id
        while True:
            page = await self.request("GET", "/uploads", params=query)
            for job in page["data"]:
                yield cast("Job", job)
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def update(self, input_file: str, **changes: Unpack[UploadChanges]) -> Job:
        """Change an upload's `file_name`, `external_id` or `metadata`, and return its job.

        In `metadata`, a pair with None is removed, and pairs that aren't named stay.
        """
        return cast("Job", await self.request("PATCH", "/uploads", params={"input_file": input_file}, json=changes))

    async def delete(self, input_file: str) -> None:
        """Delete the upload with its file, its jobs and their videos; a repeated call changes nothing."""
        await self.request("DELETE", "/uploads", params={"input_file": input_file})

    async def limits(self) -> Limits:
        """Return the types, sizes and lengths that the deployment accepts."""
        return cast("Limits", await self.request("GET", "/limits"))

    async def request(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 -- JSON
        """Call any other route, and return its JSON; the arguments are those of httpx, such as `params` and `json`.

        Raises:
            ApiError: the API refused the request.
            UnreachableError: the API can't be reached.
        """
        return await self._client.call(method, path, **request)


def _require_one(input_file: str | None, job_id: str | None) -> None:
    if (input_file is None) == (job_id is None):
        raise ValueError("either input_file or job_id is required")
