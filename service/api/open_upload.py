"""A multipart upload in progress, and what the caller who began it may do with it.

A request names a key and an upload id. Both, and the caller, must be those that the service recorded when the upload
began. S3 itself would accept any key and upload id that belong together.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path

from service.access.caller import may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile
from service.api.middleware.request_log import log_upload_event
from service.aws.multipart import NoSuchMultipartError, ObjectExistsError, Part
from service.resources import Resources
from service.uploads.parts import PartPlan, etag_of_parts
from transcode.errors import (
    InvalidPartsError,
    UploadCompletedError,
    UploadConflictError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from transcode.lookup import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartUpload:
    """One upload in parts that, according to its row, is neither completed nor aborted; S3 may know better."""

    lookup: Lookup
    upload_id: str
    resources: Resources

    @property
    def input_file(self) -> str:
        """The key of the object that the parts will make."""
        return self.lookup.input_file

    @property
    def plan(self) -> PartPlan:
        """The parts that the upload may have."""
        acceptance, lookup = self.resources.settings.acceptance, self.lookup
        return acceptance.part_plan(announced_bytes=lookup.size_bytes, part_bytes=lookup.part_bytes)

    async def sign(self, *numbers: int) -> Mapping[int, str]:
        """Return the presigned URLs to which to PUT these parts, by part number.

        Raises:
            InvalidPartsError: The upload can't need a part with this number, or earlier parts must be sent first.
            UploadTooLargeError: The stored parts have all bytes that the upload may have; it was aborted.
            UploadNotFoundError: The upload was aborted.
            UploadCompletedError: The upload is complete.
        """
        plan, resources = self.plan, self.resources
        for number in numbers:
            plan.check_number(number)
        if any(plan.length_bytes(number) is None for number in numbers):
            await self._check_room(numbers)
        return {
            number: await resources.multipart.presign_part(
                self.input_file,
                self.upload_id,
                number,
                length_bytes=plan.length_bytes(number),
                ttl_s=resources.settings.upload_url_ttl_s,
            )
            for number in numbers
        }

    async def parts(self) -> list[Part]:
        """Return the parts that S3 has.

        Raises:
            UploadNotFoundError: The upload was aborted.
            UploadCompletedError: The upload is complete.
        """
        try:
            return list(await self.resources.multipart.parts(self.input_file, self.upload_id))
        except NoSuchMultipartError as error:
            raise await self._missing_upload_error() from error

    async def complete(self, etags: Mapping[int, str]) -> None:
        """Make the object from the parts, given as ETags by part number; abort an upload that is too large.

        Raises:
            UploadTooLargeError: The parts have more bytes than this system accepts, or than the caller announced.
            UploadIncompleteError: The parts have fewer bytes than the caller announced.
            InvalidPartsError: S3 doesn't have exactly these parts.
            UploadNotFoundError: The upload was aborted.
            UploadCompletedError: The upload is complete.
            UploadConflictError: S3 met another write of the key; this upload was aborted.
        """
        await self._check_size(etags)
        try:
            await self.resources.multipart.complete(self.input_file, self.upload_id, etags)
        except NoSuchMultipartError as error:
            raise await self._missing_upload_error() from error
        except ObjectExistsError as error:
            # An earlier attempt made the object, and its response was lost; or the object is another one.
            if not await self._is_completed_with(etags):
                await self.abort()
                raise UploadConflictError from error
        except UploadConflictError:
            await self.abort()
            raise
        if await self.resources.lookups.complete(self.input_file, now_s=self.resources.now_s()):
            await self._release()
        log_upload_event("upload.completed", self.input_file, parts=len(etags))

    async def abort(self) -> None:
        """Abort the upload, and forget its key.

        Raises:
            UploadCompletedError: The upload is complete.
        """
        try:
            await self.resources.multipart.abort(self.input_file, self.upload_id)
        except NoSuchMultipartError as error:
            missing = await self._missing_upload_error()
            if isinstance(missing, UploadCompletedError):
                raise missing from error
        if await self.resources.lookups.forget(self.lookup):
            await self._release()
        log_upload_event("upload.aborted", self.input_file)

    async def _release(self) -> None:
        """Subtract the upload from its caller's unfinished bytes, after this request has ended it."""
        if self.lookup.reserved_in is not None:
            await self.resources.unfinished.release(self.lookup.reserved_in, self.lookup.reserved_bytes or 0)

    async def _check_room(self, numbers: Iterable[int]) -> None:
        """Check that parts of unknown length may be signed; abort an upload that has all its bytes already."""
        stored_bytes = {part.number: part.size_bytes for part in await self.parts()}
        try:
            for number in numbers:
                self.plan.check_room(number, stored_bytes)
        except UploadTooLargeError:
            await self.abort()
            raise

    async def _check_size(self, etags: Mapping[int, str]) -> None:
        """Compare the parts with the limit and with the announced length: not every part's signature binds a length.

        Every part must have the caller's ETag. S3 then completes the upload with the parts that were measured: if a
        client sends a larger part meanwhile, that one has another ETag, and S3 refuses it.
        """
        stored = {part.number: part for part in await self.parts()}
        if any(number not in stored or not _is_same(stored[number].etag, etag) for number, etag in etags.items()):
            raise InvalidPartsError
        total_bytes = sum(stored[number].size_bytes for number in etags)
        acceptance, announced_bytes = self.resources.settings.acceptance, self.lookup.size_bytes
        if total_bytes > min(acceptance.max_bytes, announced_bytes or acceptance.max_bytes):
            await self.abort()
            raise UploadTooLargeError(
                f"The parts have {total_bytes} bytes, more than this system accepts or than the caller announced."
            )
        if total_bytes < (announced_bytes or 0):
            raise UploadIncompleteError

    async def _is_completed_with(self, etags: Mapping[int, str]) -> bool:
        """Return whether the key's object consists of exactly these parts."""
        stored = await self.resources.multipart.head(self.input_file)
        return stored is not None and stored.etag == etag_of_parts(etags)

    async def _missing_upload_error(self) -> UploadCompletedError | UploadNotFoundError:
        """Return why S3 no longer has the upload: it was completed if its object exists, and aborted otherwise."""
        stored = await self.resources.multipart.head(self.input_file)
        return UploadNotFoundError("The upload was aborted.") if stored is None else UploadCompletedError()


def _is_same(stored_etag: str, etag: str) -> bool:
    return stored_etag.strip('"') == etag.strip('"')


async def open_upload(
    upload_id: Annotated[str, Path(min_length=1, max_length=1024, description="S3's id of the upload.")],
    key: InputFile,
    caller: CurrentCaller,
    resources: AppResources,
) -> MultipartUpload:
    """Return the caller's upload.

    Raises:
        UploadNotFoundError: No upload has this key and id, or it belongs to another caller.
        UploadCompletedError: The upload is complete.
    """
    lookup = await resources.lookups.get(key, now_s=resources.now_s(), consistent=True)
    if lookup is None or lookup.upload_id is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    if not hmac.compare_digest(lookup.upload_id.encode(), upload_id.encode(errors="replace")):
        raise UploadNotFoundError
    if lookup.is_uploaded or lookup.claimed_ms is not None:
        raise UploadCompletedError
    return MultipartUpload(lookup=lookup, upload_id=lookup.upload_id, resources=resources)


OpenUpload = Annotated[MultipartUpload, Depends(open_upload)]
"""The caller's own upload in progress, as a parameter of a route: `upload: OpenUpload`."""
