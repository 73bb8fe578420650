"""A lock for work that runs side by side, and for work that must run with nothing beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ExclusiveLock:
    """Any number of holders of `shared`, or one holder of `exclusive`, which goes before new holders of `shared`."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._sharing = 0
        self._waiting = 0
        self._is_exclusive = False

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Wait until no exclusive work runs or waits, and hold the lock beside others."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_exclusive and not self._waiting)
            self._sharing += 1
        try:
            yield
        finally:
            async with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Wait until all other work has ended, and hold the lock alone."""
        async with self._changed:
            self._waiting += 1
            try:
                await self._changed.wait_for(lambda: not self._is_exclusive and not self._sharing)
                self._is_exclusive = True
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            async with self._changed:
                self._is_exclusive = False
                self._changed.notify_all()
