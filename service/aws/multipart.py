"""Multipart uploads to the input bucket, and uploads by form: what Uppy's S3 plugin asks of S3.

No AWS type passes this boundary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from service.aws.lazy_client import LazyClient
from transcode.errors import InvalidPartsError
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = allow(
    "s3:AbortMultipartUpload",
    "s3:GetObject",  # whether an object is there
    "s3:ListMultipartUploadParts",
    "s3:PutObject",  # begins, completes, and by the signature sends parts and forms
    on=[Resource.UPLOADS],
) | allow("s3:ListBucket", on=[Resource.INPUT_BUCKET])  # without it S3 calls a missing object forbidden

NOT_FOUND_STATUS = 404
UNFIT_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"})


class NoSuchMultipartError(Exception):
    """S3 has no such multipart upload: it was completed, aborted, or cleaned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part that S3 has."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedPost:
    """A form that S3 takes from whoever sends it with these fields first and the file last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object that is there; `version_id` where the bucket keeps versions."""

    size_bytes: int
    etag: str
    version_id: str | None


class MultipartBucket:
    """The input bucket, for uploads in parts and by form. `public` signs for the host that browsers use."""

    def __init__(self, client: "LazyClient[S3Client]", public: "LazyClient[S3Client]", bucket: str) -> None:
        self._client = client
        self._public = public
        self.bucket = bucket

    async def begin(self, input_file: str, *, content_type: str) -> str:
        """Begin a multipart upload and return its id."""
        client = await self._client.get()
        answer = await client.create_multipart_upload(Bucket=self.bucket, Key=input_file, ContentType=content_type)
        return answer["UploadId"]

    async def presign_part(self, input_file: str, upload_id: str, number: int, *, ttl_s: int) -> str:
        """Return the address to PUT one part to, good for `ttl_s` seconds."""
        client = await self._public.get()
        part = {"Bucket": self.bucket, "Key": input_file, "UploadId": upload_id, "PartNumber": number}
        return await client.generate_presigned_url("upload_part", Params=part, ExpiresIn=ttl_s)

    async def presign_post(
        self, input_file: str, *, content_type: str, least_bytes: int, most_bytes: int, ttl_s: int
    ) -> PresignedPost:
        """Return a form whose policy binds key, content type and a range of lengths, good for `ttl_s` seconds."""
        fields = {"Content-Type": content_type, "success_action_status": "201"}
        client = await self._public.get()
        post = await client.generate_presigned_post(
            self.bucket,
            input_file,
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", least_bytes, most_bytes],
            ],
            ExpiresIn=ttl_s,
        )
        # A path-style address comes without the slash by which a bucket's own address ends.
        return PresignedPost(url=f"{post['url'].rstrip('/')}/", fields=post["fields"])

    async def parts(self, input_file: str, upload_id: str) -> Sequence[Part]:
        """Return the parts that S3 has.

        Raises:
            NoSuchMultipartError: It knows no such upload.
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
        """Make the object of these parts: entity tags by part number. Its notification makes the job.

        Raises:
            NoSuchMultipartError: S3 knows no such upload.
            InvalidPartsError: A part is missing, has another tag, or is too small.
        """
        listed = [{"PartNumber": number, "ETag": f'"{tag.strip(chr(34))}"'} for number, tag in sorted(parts.items())]
        client = await self._client.get()
        try:
            await client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=input_file,
                UploadId=upload_id,
                MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item]  # no more than number and tag
            )
        except ClientError as error:
            raise _translated(error) from error

    async def abort(self, input_file: str, upload_id: str) -> None:
        """Throw away the upload and its parts.

        Raises:
            NoSuchMultipartError: S3 knows no such upload.
        """
        client = await self._client.get()
        try:
            await client.abort_multipart_upload(Bucket=self.bucket, Key=input_file, UploadId=upload_id)
        except ClientError as error:
            raise _translated(error) from error

    async def head(self, input_file: str) -> StoredObject | None:
        """Return the object's newest version, or None where there is none."""
        client = await self._client.get()
        try:
            answer = await client.head_object(Bucket=self.bucket, Key=input_file)
        except ClientError as error:
            if int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == NOT_FOUND_STATUS:
                return None
            raise
        return StoredObject(
            size_bytes=answer["ContentLength"], etag=answer["ETag"].strip('"'), version_id=answer.get("VersionId")
        )

    async def address(self, input_file: str) -> str:
        """Return the object's own address as browsers name it; nobody can fetch it without a signature."""
        client = await self._public.get()
        signed = await client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": input_file}, ExpiresIn=1
        )
        return signed.partition("?")[0]


def _translated(error: ClientError) -> Exception:
    code = str(error.response["Error"].get("Code", ""))
    if code == "NoSuchUpload":
        return NoSuchMultipartError(code)
    return InvalidPartsError() if code in UNFIT_PARTS else error
