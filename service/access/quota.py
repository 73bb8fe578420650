"""How many uploads one caller may begin within a minute.

Counted by each process for itself, in memory: with n processes a caller may begin n times as many. It is there to
stop a loop that has gone wild, not to meter use.
"""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from transcode.errors import TooManyUploadsError


class UploadQuota:
    """Uploads begun, by caller."""

    def __init__(self, *, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, caller: str) -> None:
        """Count one upload.

        Raises:
            TooManyUploadsError: It is one too many; the error says when the next is allowed.
        """
        if not await self._limiter.hit(self._limit, caller):
            window = await self._limiter.get_window_stats(self._limit, caller)
            raise TooManyUploadsError(retry_after_s=max(1, math.ceil(window.reset_time - time.time())))
