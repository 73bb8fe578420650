"""A multipart upload that is under way, and what its own caller may do with it.

What a caller shows is a key and an upload's id; both, and the caller, must be those that were written down when the
upload was begun. S3 itself would take any key and id that belong together.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path

from service.access.caller import may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile
from service.api.middleware.request_log import note
from service.aws.multipart import NoSuchMultipartError, Part
from service.resources import Resources
from transcode.errors import (
    UploadCompletedError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from transcode.lookup import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartUpload:
    """One upload in parts, neither completed nor aborted as far as we know; S3 may know better."""

    lookup: Lookup
    upload_id: str
    resources: Resources

    @property
    def input_file(self) -> str:
        """The key that the parts will make."""
        return self.lookup.input_file

    async def sign(self, number: int) -> str:
        """Return the address to PUT one part to."""
        ttl_s = self.resources.settings.upload_url_ttl_s
        return await self.resources.multipart.presign_part(self.input_file, self.upload_id, number, ttl_s=ttl_s)

    async def parts(self) -> list[Part]:
        """Return the parts that S3 has.

        Raises:
            UploadNotFoundError: The upload was thrown away.
            UploadCompletedError: It is complete.
        """
        try:
            return list(await self.resources.multipart.parts(self.input_file, self.upload_id))
        except NoSuchMultipartError as error:
            raise await self._gone() from error

    async def complete(self, tags: Mapping[int, str]) -> None:
        """Make the object of the parts, given by number and entity tag; throw away what is too large.

        Raises:
            UploadTooLargeError: The parts are more than is accepted, or more than was announced.
            UploadIncompleteError: They are less than was announced.
            InvalidPartsError: S3 doesn't have them so.
            UploadNotFoundError: The upload was thrown away.
            UploadCompletedError: It is complete.
        """
        await self._check_size(tags)
        try:
            await self.resources.multipart.complete(self.input_file, self.upload_id, tags)
        except NoSuchMultipartError as error:
            raise await self._gone() from error
        await self.resources.lookups.complete(self.input_file, now_s=int(time.time()))
        note("upload.completed", self.input_file, parts=len(tags))

    async def abort(self) -> None:
        """Throw the upload away, and forget its key.

        Raises:
            UploadCompletedError: It is complete.
        """
        try:
            await self.resources.multipart.abort(self.input_file, self.upload_id)
        except NoSuchMultipartError as error:
            gone = await self._gone()
            if isinstance(gone, UploadCompletedError):
                raise gone from error
        await self.resources.lookups.forget(self.lookup)
        note("upload.aborted", self.input_file)

    async def _check_size(self, tags: Mapping[int, str]) -> None:
        """Hold the parts against the limit and the announced length, which no signature of a part binds."""
        total_bytes = sum(part.size_bytes for part in await self.parts() if part.number in tags)
        accepted, announced_bytes = self.resources.settings.acceptance, self.lookup.size_bytes
        if total_bytes > min(accepted.max_bytes, announced_bytes or accepted.max_bytes):
            await self.abort()
            raise UploadTooLargeError(f"The parts are {total_bytes} bytes, more than is accepted or was announced.")
        if total_bytes < (announced_bytes or 0):
            raise UploadIncompleteError

    async def _gone(self) -> UploadCompletedError | UploadNotFoundError:
        """Say why S3 knows the upload no more: its object is there, or it was thrown away."""
        there = await self.resources.multipart.head(self.input_file)
        return UploadNotFoundError("The upload was thrown away.") if there is None else UploadCompletedError()


async def open_upload(
    upload_id: Annotated[str, Path(min_length=1, max_length=1024, description="S3's id of the upload.")],
    key: InputFile,
    caller: CurrentCaller,
    resources: AppResources,
) -> MultipartUpload:
    """Return the caller's upload.

    Raises:
        UploadNotFoundError: There is none under this key and id, or it is another's.
        UploadCompletedError: It is complete.
    """
    lookup = await resources.lookups.get(key, now_s=int(time.time()), consistent=True)
    if lookup is None or lookup.upload_id is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    if not hmac.compare_digest(lookup.upload_id.encode(), upload_id.encode(errors="replace")):
        raise UploadNotFoundError
    if lookup.is_uploaded or lookup.claimed_ms is not None:
        raise UploadCompletedError
    return MultipartUpload(lookup=lookup, upload_id=lookup.upload_id, resources=resources)


OpenUpload = Annotated[MultipartUpload, Depends(open_upload)]
"""A route's parameter that asks for an upload of the caller's own."""
