"""Presigned uploads to the input bucket.

No AWS type passes this boundary.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = allow("s3:PutObject", on=[Resource.UPLOADS]) | allow("s3:ListBucket", on=[Resource.INPUT_BUCKET])
"""S3 asks for the signer's permission to put when a browser uploads; seeing that the bucket is there is ListBucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedPut:
    """A PUT that S3 takes from whoever sends it, with exactly these headers and the length that was signed."""

    url: str
    headers: dict[str, str]


class UploadBucket:
    """The input bucket, as far as the service touches it. `public` signs for the host that browsers use."""

    def __init__(self, client: "LazyClient[S3Client]", public: "LazyClient[S3Client]", bucket: str) -> None:
        self._client = client
        self._public = public
        self._bucket = bucket

    async def presign(self, input_file: str, *, content_type: str, size_bytes: int, ttl_s: int) -> PresignedPut:
        """Return an upload whose signature binds key, content type and length, good for `ttl_s` seconds."""
        client = await self._public.get()
        url = await client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": input_file,
                "ContentType": content_type,
                "ContentLength": size_bytes,
            },
            ExpiresIn=ttl_s,
        )
        return PresignedPut(url=url, headers={"Content-Type": content_type})

    async def check(self) -> None:
        """Return if the bucket answers; raise what AWS said otherwise."""
        client = await self._client.get()
        await client.head_bucket(Bucket=self._bucket)
