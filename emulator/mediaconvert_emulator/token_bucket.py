"""A token bucket: AWS's limit of a request rate. Pure: the caller passes the time."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """A limit of `per_s` requests a second, of which up to `burst` may come at once after a calm time.

    The bucket is full at `updated_s`, the time of its creation in seconds of any clock that never goes back.
    """

    per_s: float
    burst: float
    updated_s: float
    tokens: float = -1.0

    def __post_init__(self) -> None:
        """Fill the bucket. A burst below one would refuse every request."""
        self.burst = max(1.0, self.burst)
        self.tokens = self.burst if self.tokens < 0 else self.tokens

    def has_token(self, now_s: float) -> bool:
        """Add the tokens of the time since the last call, and return whether a request may pass."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now_s - self.updated_s) * self.per_s)
        self.updated_s = max(self.updated_s, now_s)
        return self.tokens >= 1 - 1e-9

    def take(self) -> None:
        """Take the token of a request that passes."""
        self.tokens -= 1
