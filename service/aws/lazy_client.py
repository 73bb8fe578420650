"""A client that few requests need, opened by the first that does: opening one costs tens of milliseconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Client = TypeVar("Client")


class LazyClient(Generic[Client]):
    """Opens a client once; whoever opens clients closes them."""

    def __init__(self, opening: Callable[[], Awaitable[Client]]) -> None:
        self._opening = opening
        self._opened: Client | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Client:
        """Return the client."""
        async with self._lock:
            if self._opened is None:
                self._opened = await self._opening()
            return self._opened
