"""One file to S3 with a presigned PUT: the attempts, and the meaning of S3's responses."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mediaconvert_status_client.attempts import pause_after
from mediaconvert_status_client.errors import TEMPORARY_STATUSES, storage_error, unreachable_error

MAX_ATTEMPTS = 5
"""Attempts to send a file, or a part of a file, to S3."""
CONFLICT_STATUS = 409
"""S3 met another conditional write of the same key at the same time, and requires another attempt."""
EXISTS_STATUS = 412
"""The key has an object already."""
RETRIED_PUT_STATUSES = TEMPORARY_STATUSES | {CONFLICT_STATUS}

_CHUNK_BYTES = 256 * 1024
_TYPES = {
    ".3gp": "video/3gpp",
    ".m2ts": "video/mp2t",
    ".m4a": "audio/mp4",
    ".mkv": "video/x-matroska",
    ".mts": "video/mp2t",
    ".mxf": "application/mxf",
    ".opus": "audio/ogg",
    ".ts": "video/mp2t",
    ".weba": "audio/webm",
}
"""Systems disagree about these types, or know none: Debian calls .ts a file of Qt's translations."""


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

    async def run(self) -> None:
        """Send the file, again after a temporary error.

        S3 accepts one object for each upload. A 412 says that the object exists: that is a success only if an earlier
        attempt sent the whole file and got no clear response.

        Raises:
            StorageError: S3 refused the file.
            UnreachableError: S3 could not be reached, after several attempts.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                response = await self._attempt()
            except httpx.TransportError as error:
                if attempt == MAX_ATTEMPTS:
                    raise unreachable_error(error, self.upload["url"]) from error
            else:
                if response.is_success or (response.status_code == EXISTS_STATUS and self.may_be_stored):
                    return
                if attempt == MAX_ATTEMPTS or response.status_code not in RETRIED_PUT_STATUSES:
                    raise storage_error(response)
                # After a conflict S3 has certainly not stored this attempt's file.
                self._is_sent &= response.status_code != CONFLICT_STATUS
            await pause_after(attempt)

    async def _attempt(self) -> httpx.Response:
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

    async def _content(self) -> AsyncIterator[bytes]:
        total_bytes, sent_bytes = size_bytes(self.video), 0
        with self.video.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                sent_bytes += len(chunk)
                self._is_sent = sent_bytes == total_bytes
                yield chunk
                self.on_sent(sent_bytes, total_bytes)


def content_type(video: Path) -> str:
    """Return the media type that the file name's suffix stands for."""
    known = _TYPES.get(video.suffix.lower())
    return known or mimetypes.guess_type(video.name)[0] or "application/octet-stream"


def size_bytes(video: Path) -> int:
    """Return the file's size."""
    return video.stat().st_size
