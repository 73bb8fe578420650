"""AWS clients, opened once for the life of a process: which there are, and how long each waits and retries.

A long process opens asyncio clients (`asyncio_clients.py`), because it makes hundreds of calls at once. A Lambda
function opens botocore's own clients, in threads (`threaded_clients.py`), because they start faster. Both have the same
methods, and every method is awaited. AWS's own environment variables choose the host (AWS, LocalStack, the
embedded AWS): AWS_ENDPOINT_URL, AWS_REGION, credentials.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_events import EventBridgeClient
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


class OpenClient(Protocol):
    """Opens a client of a service. `options` are botocore's options of a client's configuration."""

    async def __call__(
        self, service: str, options: Mapping[str, Any], *, region: str, endpoint_url: str | None
    ) -> object:
        """Return the client."""


class Aws:
    """The clients of a process, each opened on request; all close with the `open_aws` that created this object."""

    def __init__(self, open_client: OpenClient, *, region: str, endpoint_url: str | None) -> None:
        self._open_client = open_client
        self._region = region
        self._endpoint_url = endpoint_url

    async def dynamodb(self) -> "DynamoDBClient":
        """Return a DynamoDB client that gives up within about 6 s."""
        options = _options(read_timeout_s=2, attempts=3, **_UNCHECKED)
        return cast("DynamoDBClient", await self._open("dynamodb", options))

    async def s3(self, *, endpoint_url: str | None = None) -> "S3Client":
        """Return an S3 client that gives up within about 20 s; its presigned URLs name the host of `endpoint_url`."""
        endpoint_url = endpoint_url or self._endpoint_url
        options = _options(
            read_timeout_s=5,
            attempts=3,
            # SigV4, because botocore presigns with SigV2 by default. No default checksums: a browser can't compute one
            # that a presigned URL binds.
            signature_version="s3v4",
            s3=PATH_STYLE if endpoint_url else REGIONAL_HOSTS,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return cast("S3Client", await self._open("s3", options, endpoint_url=endpoint_url))

    async def sqs(self) -> "SQSClient":
        """Return an SQS client whose reads outlast the longest poll (20 s)."""
        options = _options(read_timeout_s=30, attempts=3, **_UNCHECKED)
        return cast("SQSClient", await self._open("sqs", options))

    async def events(self) -> "EventBridgeClient":
        """Return an EventBridge client that gives up within about 6 s."""
        options = _options(read_timeout_s=2, attempts=3)
        return cast("EventBridgeClient", await self._open("events", options))

    async def mediaconvert(self, *, endpoint_url: str | None = None, attempts: int = 2) -> "MediaConvertClient":
        """Return a MediaConvert client that gives up within about 20 s for each of its attempts at a call."""
        options = _options(read_timeout_s=15, attempts=attempts)
        return cast("MediaConvertClient", await self._open("mediaconvert", options, endpoint_url=endpoint_url))

    async def secretsmanager(self) -> "SecretsManagerClient":
        """Return a Secrets Manager client that gives up within about 20 s."""
        options = _options(read_timeout_s=5, attempts=3)
        return cast("SecretsManagerClient", await self._open("secretsmanager", options))

    async def cloudfront(self) -> Any:  # noqa: ANN401 -- the types of this client are not installed
        """Return a CloudFront client that gives up within about 30 s."""
        options = _options(read_timeout_s=10, attempts=3)
        return await self._open("cloudfront", options)

    async def _open(self, service: str, options: Mapping[str, Any], *, endpoint_url: str | None = None) -> object:
        endpoint_url = endpoint_url or self._endpoint_url
        return await self._open_client(service, options, region=self._region, endpoint_url=endpoint_url)


@asynccontextmanager
async def open_aws(*, region: str, endpoint_url: str | None = None, in_threads: bool = False) -> AsyncIterator[Aws]:
    """Yield the clients of a process, and close all that were opened at the end.

    `in_threads` chooses botocore's own clients, which start faster and serve few calls at once.
    """
    async with AsyncExitStack() as stack:
        yield Aws(client_opener(stack, in_threads=in_threads), region=region, endpoint_url=endpoint_url)


def client_opener(stack: AsyncExitStack, *, in_threads: bool) -> OpenClient:
    """Return the function that opens clients of one kind; they close with the stack. It imports only this kind."""
    if in_threads:
        from transcode.threaded_clients import threaded_clients  # noqa: PLC0415 -- imports no aiohttp

        return threaded_clients(stack)
    from transcode.asyncio_clients import asyncio_clients  # noqa: PLC0415

    return asyncio_clients(stack)


def _options(*, read_timeout_s: float, attempts: int, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- botocore's
    return {
        "connect_timeout": 2,
        "read_timeout": read_timeout_s,
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "max_pool_connections": 100,
        # botocore assembles its own user agent for every call (bench row "worker, steady events").
        "user_agent": USER_AGENT,
        **more,
    }
