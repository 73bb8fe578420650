"""asyncio.gather with a limit on the number of coroutines that run at the same time."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def bounded_gather(coroutines: Iterable[Coroutine[Any, Any, None]], *, limit: int) -> None:
    """Run all coroutines, at most `limit` at a time. A failed coroutine doesn't stop the others.

    If it is canceled, it cancels those that run, and closes those that never began.

    Raises:
        Exception: The exception of the first coroutine that failed, once all have ended.
    """
    semaphore, work = asyncio.Semaphore(limit), list(coroutines)

    async def run(coroutine: Coroutine[Any, Any, None]) -> None:
        async with semaphore:
            await coroutine

    try:
        results = await asyncio.gather(*map(run, work), return_exceptions=True)
    finally:
        for coroutine in work:
            coroutine.close()
    for error in results:
        if error is not None:
            raise error
