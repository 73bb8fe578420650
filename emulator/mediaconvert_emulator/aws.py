"""The clients of the two AWS services that the emulator uses, S3 and EventBridge; opened once for the process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import aioboto3
from aiobotocore.config import AioConfig

if TYPE_CHECKING:
    from types_aiobotocore_events.client import EventBridgeClient
    from types_aiobotocore_s3.client import S3Client

MAX_CONNECTIONS = 32
MAX_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """Open clients."""

    s3: "S3Client"
    events: "EventBridgeClient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The services' addresses; None means AWS's own."""

    s3_url: str | None
    events_url: str | None


@asynccontextmanager
async def open_aws(*, region: str, endpoints: Endpoints) -> AsyncIterator[Aws]:
    """Open clients of AWS or of an emulator of AWS; botocore finds the credentials in its usual places."""
    # Most emulators don't serve a bucket under its own host name.
    addressing: Literal["path", "auto"] = "path" if endpoints.s3_url else "auto"
    config = AioConfig(
        max_pool_connections=MAX_CONNECTIONS,
        retries={"mode": "standard", "max_attempts": MAX_ATTEMPTS},
        s3={"addressing_style": addressing},
    )
    # botocore presigns URLs with an older version, which most Regions refuse, unless this is set.
    s3_config = config.merge(AioConfig(signature_version="s3v4"))
    session = aioboto3.Session(region_name=region)
    async with AsyncExitStack() as stack:
        s3 = await stack.enter_async_context(session.client("s3", endpoint_url=endpoints.s3_url, config=s3_config))
        events = await stack.enter_async_context(
            session.client("events", endpoint_url=endpoints.events_url, config=config)
        )
        yield Aws(s3=s3, events=events)
