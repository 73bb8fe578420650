"""A limit on the uploads that one caller may start within a minute.

Each process counts in its own memory, so n processes together allow n times the limit. The limit stops a client that
loops; it does not meter use.
"""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from transcode.errors import TooManyUploadsError


class UploadQuota:
    """The number of uploads that each caller started within the last minute."""

    def __init__(self, *, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, caller: str) -> None:
        """Count one upload.

        Raises:
            TooManyUploadsError: The caller is over the limit; the error says when the next upload is allowed.
        """
        if not await self._limiter.hit(self._limit, caller):
            window = await self._limiter.get_window_stats(self._limit, caller)
            # `reset_time` is a time of the clock that `limits` reads, so the difference must use the same clock.
            raise TooManyUploadsError(retry_after_s=max(1, math.ceil(window.reset_time - time.time())))
