"""Decides whether a request of the API may pass: the account's request rates, and failures of the chaos settings.

Pure: the caller passes the time. The gate also counts all requests, so that a test can count a program's calls.
"""

from collections import Counter
from dataclasses import dataclass, field

from mediaconvert_emulator.chaos import RequestFailures
from mediaconvert_emulator.errors import (
    ApiError,
    ForbiddenException,
    InternalServerErrorException,
    TooManyRequestsException,
)
from mediaconvert_emulator.token_bucket import TokenBucket

CREATE_JOB = "CreateJob"
THROTTLED = "Too Many Requests"
"""AWS's message, for example in https://github.com/aws-samples/aws-media-services-vod-automation/issues/26."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRates:
    """The account's rates in requests a second, and the requests that may come at once. None is no limit.

    Every operation counts for the account's rate. CreateJob must pass a limit of its own besides.
    """

    per_s: float | None = None
    burst: int = 1
    create_job_per_s: float | None = None
    create_job_burst: int = 1


@dataclass(slots=True)
class RequestGate:
    """The state of the limits. `started_s` and every `now_s` are seconds of one clock."""

    rates: RequestRates
    started_s: float
    failures: RequestFailures = field(default_factory=RequestFailures)
    counts: Counter[str] = field(default_factory=Counter)
    """The number of requests by `<operation> ok`, `<operation> 429` and `<operation> 500`."""
    _account: TokenBucket | None = None
    _create_job: TokenBucket | None = None
    _failing_until_s: float = 0.0

    def __post_init__(self) -> None:
        """Fill the buckets, and begin the failures that the settings contain."""
        self._account = _bucket(self.rates.per_s, self.rates.burst, self.started_s)
        self._create_job = _bucket(self.rates.create_job_per_s, self.rates.create_job_burst, self.started_s)
        self.fail(self.failures, now_s=self.started_s)

    def fail(self, failures: RequestFailures, *, now_s: float) -> None:
        """Begin the failures now, in place of earlier ones."""
        self.failures, self._failing_until_s = failures, now_s + failures.for_s

    def enter(self, operation: str, *, now_s: float) -> None:
        """Count the request, and let it pass.

        Raises:
            TooManyRequestsException: A rate is exceeded, or the chaos settings say so. A refused request takes no
                token, and has no effect.
            InternalServerErrorException: The chaos settings say so.
        """
        if now_s < self._failing_until_s:
            self._refuse(operation, injected_error(self.failures.status))
        buckets = [self._account, self._create_job] if operation == CREATE_JOB else [self._account]
        limits = [bucket for bucket in buckets if bucket is not None]
        if not all(bucket.has_token(now_s) for bucket in limits):
            self._refuse(operation, TooManyRequestsException(THROTTLED))
        for bucket in limits:
            bucket.take()
        self.counts[f"{operation} ok"] += 1

    def _refuse(self, operation: str, error: ApiError) -> None:
        self.counts[f"{operation} {error.status:d}"] += 1
        raise error


def injected_error(status: int) -> ApiError:
    """Return the error of a status of the chaos settings."""
    if status == TooManyRequestsException.status:
        return TooManyRequestsException(THROTTLED)
    kind = ForbiddenException if status == ForbiddenException.status else InternalServerErrorException
    return kind("The emulator's chaos settings fail this request")


def _bucket(per_s: float | None, burst: int, now_s: float) -> TokenBucket | None:
    return None if per_s is None else TokenBucket(per_s, burst, now_s)
