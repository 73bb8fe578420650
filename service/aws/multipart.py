"""Multipart uploads and form uploads to the input bucket, for Uppy's S3 plugin.

No AWS type passes this boundary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from service.aws.lazy_client import LazyClient
from service.aws.presigned import ANY_OBJECT
from transcode.errors import InvalidPartsError, UploadConflictError
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = allow(
    "s3:AbortMultipartUpload",
    "s3:GetObject",  # HeadObject: does an object exist?
    "s3:ListMultipartUploadParts",
    "s3:PutObject",  # to begin and complete uploads, and to sign parts and forms
    on=[Resource.UPLOADS],
) | allow("s3:ListBucket", on=[Resource.INPUT_BUCKET])  # without it, S3 returns 403 for a missing object

NOT_FOUND_STATUS = 404
INVALID_PARTS_CODES = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"})


class ObjectExistsError(Exception):
    """The upload's key has an object, so a conditional completion changes nothing."""


class NoSuchMultipartError(Exception):
    """S3 has no such multipart upload: it was completed, or aborted by a caller or by the bucket's lifecycle rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part that S3 has."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedPost:
    """A form that S3 accepts from any client that sends these fields first and the file last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An existing object; `version_id` is None if the bucket keeps no versions."""

    size_bytes: int
    etag: str
    version_id: str | None


class MultipartBucket:
    """The input bucket, for uploads in parts and by form. `public` signs URLs for the host that browsers use."""

    def __init__(self, client: "LazyClient[S3Client]", public: "LazyClient[S3Client]", bucket: str) -> None:
        self._client = client
        self._public = public
        self.bucket = bucket

    async def begin(self, input_file: str, *, content_type: str) -> str:
        """Begin a multipart upload and return its id."""
        client = await self._client.get()
        response = await client.create_multipart_upload(Bucket=self.bucket, Key=input_file, ContentType=content_type)
        return response["UploadId"]

    async def presign_part(
        self, input_file: str, upload_id: str, number: int, *, length_bytes: int | None, ttl_s: int
    ) -> str:
        """Return the presigned URL to which to PUT one part, valid for `ttl_s` seconds.

        S3 accepts exactly `length_bytes`; None for any length.
        """
        client = await self._public.get()
        part = {"Bucket": self.bucket, "Key": input_file, "UploadId": upload_id, "PartNumber": number}
        if length_bytes is not None:
            part["ContentLength"] = length_bytes
        return await client.generate_presigned_url("upload_part", Params=part, ExpiresIn=ttl_s)

    async def presign_post(
        self, input_file: str, *, content_type: str, min_bytes: int, max_bytes: int, ttl_s: int
    ) -> PresignedPost:
        """Return a form whose policy binds key, content type and a range of lengths, valid for `ttl_s` seconds."""
        fields = {"Content-Type": content_type, "success_action_status": "201"}
        client = await self._public.get()
        post = await client.generate_presigned_post(
            self.bucket,
            input_file,
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", min_bytes, max_bytes],
            ],
            ExpiresIn=ttl_s,
        )
        # botocore returns path-style URLs without the slash with which a bucket's own URL ends.
        return PresignedPost(url=f"{post['url'].rstrip('/')}/", fields=post["fields"])

    async def parts(self, input_file: str, upload_id: str) -> Sequence[Part]:
        """Return the parts that S3 has.

        Raises:
            NoSuchMultipartError: S3 has no such upload.
        """
        found: list[Part] = []
        client = await self._client.get()
        pages = client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=input_file, UploadId=upload_id)
        try:
            async for page in pages:
                found.extend(
                    Part(number=part["PartNumber"], etag=part["ETag"], size_bytes=part["Size"])
                    for part in page.get("Parts", [])
                )
        except ClientError as error:
            raise _translated(error) from error
        return found

    async def complete(self, input_file: str, upload_id: str, parts: Mapping[int, str]) -> None:
        """Make the object from these parts: ETags by part number. The object's notification starts the job.

        S3 makes it only if the key has no object.

        Raises:
            NoSuchMultipartError: S3 has no such upload.
            ObjectExistsError: The key has an object.
            UploadConflictError: Another write of the key went on; S3 requires a new upload.
            InvalidPartsError: A part is missing, has another ETag, or is too small.
        """
        part_list = [
            {"PartNumber": number, "ETag": f'"{etag.strip(chr(34))}"'} for number, etag in sorted(parts.items())
        ]
        client = await self._client.get()
        try:
            await client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=input_file,
                UploadId=upload_id,
                MultipartUpload={"Parts": part_list},  # type: ignore[typeddict-item]  # number and ETag suffice
                IfNoneMatch=ANY_OBJECT,
            )
        except ClientError as error:
            raise _translated(error) from error

    async def abort(self, input_file: str, upload_id: str) -> None:
        """Abort the upload; S3 deletes its parts.

        Raises:
            NoSuchMultipartError: S3 has no such upload.
        """
        client = await self._client.get()
        try:
            await client.abort_multipart_upload(Bucket=self.bucket, Key=input_file, UploadId=upload_id)
        except ClientError as error:
            raise _translated(error) from error

    async def head(self, input_file: str) -> StoredObject | None:
        """Return the object's newest version, or None if the object doesn't exist."""
        client = await self._client.get()
        try:
            response = await client.head_object(Bucket=self.bucket, Key=input_file)
        except ClientError as error:
            if int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == NOT_FOUND_STATUS:
                return None
            raise
        return StoredObject(
            size_bytes=response["ContentLength"], etag=response["ETag"].strip('"'), version_id=response.get("VersionId")
        )

    async def url(self, input_file: str) -> str:
        """Return the object's URL on the host that browsers use; fetching it would need a signature."""
        client = await self._public.get()
        signed = await client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": input_file}, ExpiresIn=1
        )
        return signed.partition("?")[0]


def _translated(error: ClientError) -> Exception:
    match str(error.response["Error"].get("Code", "")):
        case "NoSuchUpload" as code:
            return NoSuchMultipartError(code)
        case "PreconditionFailed" as code:
            return ObjectExistsError(code)
        case "ConditionalRequestConflict":
            return UploadConflictError()
        case code:
            return InvalidPartsError() if code in INVALID_PARTS_CODES else error
