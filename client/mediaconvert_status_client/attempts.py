"""Several attempts at a request, with growing pauses between them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mediaconvert_status_client.errors import ClientError, RefusedError

FIRST_PAUSE_S = 1.0

T = TypeVar("T")


async def pause_after(attempt: int, *, at_least_s: float = 0) -> None:
    """Wait after a failed attempt, the first of which is 1: twice as long as after the one before."""
    await asyncio.sleep(max(at_least_s, FIRST_PAUSE_S * 2 ** (attempt - 1)))


async def attempted(
    request: Callable[[], Awaitable[T]], *, attempts: int, is_repeated: Callable[[ClientError], bool]
) -> T:
    """Return the result of the request, which is sent again after an error for which `is_repeated` is true.

    Raises:
        ClientError: the last attempt failed, or one that isn't repeated.
    """
    for attempt in range(1, attempts):
        try:
            return await request()
        except ClientError as error:
            if not is_repeated(error):
                raise
            at_least_s = error.retry_after_s if isinstance(error, RefusedError) else 0
        await pause_after(attempt, at_least_s=at_least_s)
    return await request()
