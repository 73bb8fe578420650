"""AWS clients, opened once for the life of a process.

They share one session, because a session loads each service's model once. AWS's own environment variables choose the
host (AWS, LocalStack, the embedded AWS): AWS_ENDPOINT_URL, AWS_REGION, credentials.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.handlers import add_expect_header

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_mediaconvert import MediaConvertClient
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_secretsmanager import SecretsManagerClient
    from types_aiobotocore_sqs import SQSClient

USER_AGENT = "mediaconvert-status"

REGIONAL_HOSTS = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
"""Presigned URLs then name `bucket.s3.<region>.amazonaws.com`, or `s3.<region>.amazonaws.com/bucket` for a bucket whose
name has dots. botocore's default is the global host `bucket.s3.amazonaws.com` in every Region. For a bucket in another
Region than us-east-1 this host returns 307 until DNS knows the bucket, and a browser's preflight fails on a redirect;
in Regions opened after March 20, 2019 it always returns 400.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"""
PATH_STYLE = {"addressing_style": "path"}
"""For emulators, because the names of their buckets' hosts don't resolve."""

_UNCHECKED = {"parameter_validation": False}
"""For clients that are called for each event. The stores assemble their requests from named parts, and tests check them
against a real emulator, so botocore need not validate each one again (bench row "worker, steady events")."""


class Aws:
    """The clients of a process, each opened on request; all close with the `open_aws` that created this object."""

    def __init__(self, stack: AsyncExitStack, *, region: str, endpoint_url: str | None) -> None:
        self._session = get_session()  # aioboto3's session, without its resources, which we don't use
        self._region = region
        self._endpoint_url = endpoint_url
        self._stack = stack

    async def dynamodb(self) -> "DynamoDBClient":
        """Return a DynamoDB client that gives up within about 6 s."""
        return cast("DynamoDBClient", await self._open("dynamodb", _config(read_timeout_s=2, attempts=3, **_UNCHECKED)))

    async def s3(self, *, endpoint_url: str | None = None) -> "S3Client":
        """Return an S3 client that gives up within about 20 s; its presigned URLs name the host of `endpoint_url`."""
        endpoint_url = endpoint_url or self._endpoint_url
        config = _config(
            read_timeout_s=5,
            attempts=3,
            # SigV4, because botocore presigns with SigV2 by default. No default checksums: a browser can't compute one
            # that a presigned URL binds.
            signature_version="s3v4",
            s3=PATH_STYLE if endpoint_url else REGIONAL_HOSTS,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client = cast("S3Client", await self._open("s3", config, endpoint_url=endpoint_url))
        # botocore sends "Expect: 100-continue" before a body, and aiohttp waits for the response without a timeout. A
        # connection reset at that moment, or an error instead of the response, blocked the caller permanently.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return client

    async def sqs(self) -> "SQSClient":
        """Return an SQS client whose reads outlast the longest poll (20 s)."""
        return cast("SQSClient", await self._open("sqs", _config(read_timeout_s=30, attempts=3, **_UNCHECKED)))

    async def mediaconvert(self, *, endpoint_url: str | None = None, attempts: int = 2) -> "MediaConvertClient":
        """Return a MediaConvert client that gives up within about 20 s for each of its attempts at a call."""
        config = _config(read_timeout_s=15, attempts=attempts)
        return cast("MediaConvertClient", await self._open("mediaconvert", config, endpoint_url=endpoint_url))

    async def secretsmanager(self) -> "SecretsManagerClient":
        """Return a Secrets Manager client that gives up within about 20 s."""
        return cast("SecretsManagerClient", await self._open("secretsmanager", _config(read_timeout_s=5, attempts=3)))

    async def _open(self, service: str, config: AioConfig, *, endpoint_url: str | None = None) -> object:
        client = self._session.create_client(
            cast("Any", service),
            region_name=self._region,
            config=config,
            endpoint_url=endpoint_url or self._endpoint_url,
        )
        return await self._stack.enter_async_context(client)


@asynccontextmanager
async def open_aws(*, region: str, endpoint_url: str | None = None) -> AsyncIterator[Aws]:
    """Yield the clients of a process, and close all that were opened at the end."""
    async with AsyncExitStack() as stack:
        yield Aws(stack, region=region, endpoint_url=endpoint_url)


def _config(*, read_timeout_s: float, attempts: int, **more: Any) -> AioConfig:  # noqa: ANN401 -- botocore's options
    return AioConfig(
        connect_timeout=2,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=100,
        # botocore assembles its own user agent for every call (bench row "worker, steady events").
        user_agent=USER_AGENT,
        **more,
    )
