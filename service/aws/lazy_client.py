"""An AWS client that few requests need. The first that needs it opens it, which costs tens of milliseconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Client = TypeVar("Client")


class LazyClient(Generic[Client]):
    """Opens a client at its first use. `open_aws` closes all clients at the end."""

    def __init__(self, open_client: Callable[[], Awaitable[Client]]) -> None:
        self._open_client = open_client
        self._client: Client | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Client:
        """Return the client, and open it if this is the first call."""
        async with self._lock:
            if self._client is None:
                self._client = await self._open_client()
            return self._client
