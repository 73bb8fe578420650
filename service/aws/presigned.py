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
"""When a browser uploads, S3 checks PutObject of the presigned URL's signer. HeadBucket needs ListBucket."""

ANY_OBJECT = "*"
"""The value of If-None-Match with which S3 writes only if the key has no object.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedPut:
    """A PUT that S3 accepts from any client that sends exactly these headers and the signed length."""

    url: str
    headers: dict[str, str]


class UploadBucket:
    """The input bucket, for uploads by one PUT. `public` signs URLs for the host that browsers use."""

    def __init__(self, client: "LazyClient[S3Client]", public: "LazyClient[S3Client]", bucket: str) -> None:
        self._client = client
        self._public = public
        self._bucket = bucket

    async def presign(self, input_file: str, *, content_type: str, size_bytes: int, ttl_s: int) -> PresignedPut:
        """Return a PUT whose signature binds key, content type and length, valid for `ttl_s` seconds.

        The signature also binds `If-None-Match: *`: S3 accepts the PUT only until the key's object exists (then 412).
        """
        client = await self._public.get()
        url = await client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": input_file,
                "ContentType": content_type,
                "ContentLength": size_bytes,
                "IfNoneMatch": ANY_OBJECT,
            },
            ExpiresIn=ttl_s,
        )
        return PresignedPut(url=url, headers={"Content-Type": content_type, "If-None-Match": ANY_OBJECT})

    async def check(self) -> None:
        """Return if the bucket responds; raise AWS's error otherwise."""
        client = await self._client.get()
        await client.head_bucket(Bucket=self._bucket)
