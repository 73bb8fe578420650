"""A multipart upload over the API's /s3 routes that resumes where an earlier run stopped."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from mediaconvert_status_client.api_client import ApiClient
from mediaconvert_status_client.attempts import attempted
from mediaconvert_status_client.errors import (
    ClientError,
    RefusedError,
    StorageError,
    storage_error,
    unreachable_error,
)
from mediaconvert_status_client.file_sending import MAX_ATTEMPTS, content_type, size_bytes
from mediaconvert_status_client.media_duration import duration_ms
from mediaconvert_status_client.unfinished_uploads import UnfinishedUpload, UnfinishedUploads

MIB = 1024 * 1024
MIN_PART_BYTES = 16 * MIB
"""Smallest part size (S3 requires 5 MiB): large enough for speed, small enough to send again."""
MAX_PARTS = 10_000
CONCURRENT_PARTS = 4
MAX_UPLOADS = 3
"""Multipart uploads of one file, if S3 reports a conflict at the end of each: it requires a new one."""
EXPIRED_URL_STATUS = 403
"""S3's status for an expired presigned URL; the next attempt requests a new URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumableUpload:
    """The multipart upload of one file; calls `on_sent` with the bytes that S3 has and the file's size."""

    client: ApiClient
    api_url: str
    video: Path
    unfinished: UnfinishedUploads
    on_sent: Callable[[int, int], None]
    own: Mapping[str, object] = field(default_factory=dict)
    """The caller's own fields: `external_id`, `metadata` and `profile`."""

    async def run(self) -> str:
        """Send the missing parts, complete the upload, and return the file's key. After an error, run again to resume.

        After a conflict in S3, the file is sent again with a new upload.

        Raises:
            RefusedError: the API or S3 refused a request.
            UnreachableError: the API or S3 could not be reached, after several attempts.
        """
        for _ in range(MAX_UPLOADS - 1):
            try:
                return await self._run_once()
            except RefusedError as error:
                if error.code != "upload_conflict":
                    raise
                self.unfinished.delete(self._destination, self.video)
        return await self._run_once()

    @property
    def _destination(self) -> str:
        """The API and the profile: an unfinished upload for another profile isn't continued."""
        profile = self.own.get("profile")
        return self.api_url if profile is None else f"{self.api_url}#{profile}"

    async def _run_once(self) -> str:
        upload = self.unfinished.find(self._destination, self.video)
        try:
            etags = await self._sent_etags(upload) if upload else {}
        except RefusedError as error:
            if upload and error.code == "upload_completed":
                self.unfinished.delete(self._destination, self.video)
                return upload.input_file
            if error.code != "upload_not_found":
                raise
            upload, etags = None, {}
        if upload is None:
            upload = await self._create()
            self.unfinished.save(self._destination, self.video, upload)
        await self._send_missing_parts(upload, etags)
        await self._complete(upload, etags)
        self.unfinished.delete(self._destination, self.video)
        return upload.input_file

    async def _create(self) -> UnfinishedUpload:
        total_bytes = size_bytes(self.video)
        part_bytes = max(MIN_PART_BYTES, -(-total_bytes // MAX_PARTS))
        body: dict[str, Any] = {
            "filename": self.video.name,
            "type": content_type(self.video),
            "metadata": {**self.own, "size": total_bytes, "part_size": part_bytes},
        }
        if (length_ms := await asyncio.to_thread(duration_ms, self.video)) is not None:
            body["metadata"]["duration_ms"] = length_ms
        created = await self.client.call("POST", "/s3/multipart", json=body)
        return UnfinishedUpload(input_file=created["key"], upload_id=created["uploadId"], part_bytes=part_bytes)

    async def _sent_etags(self, upload: UnfinishedUpload) -> dict[int, str]:
        """Return the ETags, by part number, of the parts that S3 has in full."""
        parts = await self.client.call("GET", _path(upload), params={"key": upload.input_file})
        return {
            part["PartNumber"]: part["ETag"]
            for part in parts
            if part["Size"] == self._part_size_bytes(upload, part["PartNumber"])
        }

    async def _send_missing_parts(self, upload: UnfinishedUpload, etags: dict[int, str]) -> None:
        numbers = range(1, -(-size_bytes(self.video) // upload.part_bytes) + 1)
        self._report(upload, etags)
        missing = iter([number for number in numbers if number not in etags])

        async def send_parts() -> None:
            for number in missing:
                etags[number] = await self._send_part(upload, number)
                self._report(upload, etags)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CONCURRENT_PARTS):
                    group.create_task(send_parts())
        except* (ClientError, OSError) as errors:
            raise _first(errors) from None

    async def _send_part(self, upload: UnfinishedUpload, number: int) -> str:
        """Send one part and return its ETag; retry after a transient error."""
        body = await asyncio.to_thread(self._read, upload, number)

        async def request() -> str:
            path = _path(upload, str(number))
            presigned = await self.client.call("GET", path, params={"key": upload.input_file})
            return await self._put(presigned["url"], body)

        return await attempted(request, attempts=MAX_ATTEMPTS, is_repeated=_is_retryable)

    async def _put(self, url: str, body: bytes) -> str:
        try:
            response = await self.client.s3.put(url, content=body)
        except httpx.TransportError as error:
            raise unreachable_error(error, url) from error
        if not response.is_success:
            raise storage_error(response)
        return response.headers["ETag"]

    async def _complete(self, upload: UnfinishedUpload, etags: dict[int, str]) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
        path = _path(upload, "complete")
        try:
            await self.client.call("POST", path, params={"key": upload.input_file}, json={"parts": parts}, timeout=600)
        except RefusedError as error:
            if error.code != "upload_completed":  # an earlier attempt completed it, and its response was lost
                raise

    def _read(self, upload: UnfinishedUpload, number: int) -> bytes:
        with self.video.open("rb") as file:
            file.seek((number - 1) * upload.part_bytes)
            return file.read(upload.part_bytes)

    def _part_size_bytes(self, upload: UnfinishedUpload, number: int) -> int:
        return min(upload.part_bytes, size_bytes(self.video) - (number - 1) * upload.part_bytes)

    def _report(self, upload: UnfinishedUpload, etags: dict[int, str]) -> None:
        sent_bytes = sum(self._part_size_bytes(upload, number) for number in etags)
        self.on_sent(sent_bytes, size_bytes(self.video))


def _path(upload: UnfinishedUpload, *rest: str) -> str:
    return "/".join(["/s3/multipart", quote(upload.upload_id, safe=""), *rest])


def _is_retryable(error: ClientError) -> bool:
    return error.is_temporary or (isinstance(error, StorageError) and error.status == EXPIRED_URL_STATUS)


def _first(errors: BaseExceptionGroup) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
