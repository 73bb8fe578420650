"""asyncio.gather with a limit on the number of coroutines that run at the same time."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def bounded_gather(coroutines: Iterable[Coroutine[Any, Any, None]], *, limit: int) -> None:
    """Run all coroutines, at most `limit` at a time. A failed coroutine doesn't stop the others.

    Raises:
        Exception: The exception of the first coroutine that failed, once all have ended.
    """
    semaphore = asyncio.Semaphore(limit)

    async def run(coroutine: Coroutine[Any, Any, None]) -> None:
        async with semaphore:
            await coroutine

    for error in await asyncio.gather(*map(run, coroutines), return_exceptions=True):
        if error is not None:
            raise error
