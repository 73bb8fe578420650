"""Opens aiobotocore's clients, for processes that make many calls at once."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.handlers import add_expect_header

if TYPE_CHECKING:
    from transcode.aws import OpenClient


def asyncio_clients(stack: AsyncExitStack) -> "OpenClient":
    """Return a function that opens clients of one session, which loads each service's model once."""
    session = get_session()  # aioboto3's session, without its resources, which we don't use

    async def open_client(service: str, options: Mapping[str, Any], *, region: str, endpoint_url: str | None) -> object:
        client = await stack.enter_async_context(
            session.create_client(
                cast("Any", service), region_name=region, config=AioConfig(**options), endpoint_url=endpoint_url
            )
        )
        # botocore sends "Expect: 100-continue" before a body, and aiohttp waits for the response without a timeout. A
        # connection reset at that moment, or an error instead of the response, blocked the caller permanently.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return client

    return open_client
