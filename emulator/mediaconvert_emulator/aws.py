"""The two AWS services that the emulator needs, S3 and EventBridge: clients opened once, for the process's life."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import aioboto3
from aiobotocore.config import AioConfig

if TYPE_CHECKING:
    from types_aiobotocore_events.client import EventBridgeClient
    from types_aiobotocore_s3.client import S3Client

CONNECTIONS = 32
ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """Open clients."""

    s3: "S3Client"
    events: "EventBridgeClient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the services are; None is AWS."""

    s3_url: str | None
    events_url: str | None


@asynccontextmanager
async def open_aws(*, region: str, endpoints: Endpoints) -> AsyncIterator[Aws]:
    """Open clients, of AWS or of an emulator of it; credentials are found as botocore always does."""
    addressing: Literal["path", "auto"] = (
        "path" if endpoints.s3_url else "auto"
    )  # emulators seldom answer to a bucket's own host name
    config = AioConfig(
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        s3={"addressing_style": addressing},
    )
    session = aioboto3.Session(region_name=region)
    async with AsyncExitStack() as stack:
        s3 = await stack.enter_async_context(session.client("s3", endpoint_url=endpoints.s3_url, config=config))
        events = await stack.enter_async_context(
            session.client("events", endpoint_url=endpoints.events_url, config=config)
        )
        yield Aws(s3=s3, events=events)
