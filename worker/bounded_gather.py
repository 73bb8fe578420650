"""Many things done at the same time, but not all of them."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def bounded_gather(work: Iterable[Coroutine[Any, Any, None]], *, most: int) -> None:
    """Do all of the work, `most` pieces of it at a time; every piece is tried, whatever becomes of another.

    Raises:
        Exception: That of the first piece that failed, once all are done.
    """
    turn = asyncio.Semaphore(most)

    async def in_turn(piece: Coroutine[Any, Any, None]) -> None:
        async with turn:
            await piece

    for failed in await asyncio.gather(*map(in_turn, work), return_exceptions=True):
        if failed is not None:
            raise failed
