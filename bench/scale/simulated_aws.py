"""MediaConvert and DynamoDB in a simulation: their limits, their outages, and the number of their calls.

A failed call raises botocore's exception, so that the worker's own code decides what it means.
"""

from collections import Counter, deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import simpy
from botocore.exceptions import ClientError

from mediaconvert_emulator.token_bucket import TokenBucket

Waiting = Generator[simpy.Event, Any, None]
Service = Literal["mediaconvert", "dynamodb"]

DYNAMODB_S = 0.005
CREATE_JOB_S = 0.3
SEARCH_S = 0.2
PROBE_S = 0.2
FAILURE_S = 0.5
"""Assumed seconds of one call, and of one that fails with a 500. A throttled call takes as long as a DynamoDB call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which each call of a service fails with this status. Seconds since the simulation's beginning."""

    service: Service
    begin_s: float
    end_s: float
    status: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The account's limits in MediaConvert: R calls a second, B calls at once, C running jobs of `job_s` seconds."""

    calls_per_s: float
    burst: int
    concurrent_jobs: int
    job_s: float


def failed(status: int) -> ClientError:
    """Return botocore's exception for an error response."""
    code = {429: "TooManyRequestsException", 500: "InternalServerErrorException"}[status]
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "call")  # type: ignore[typeddict-item]


@dataclass(slots=True, kw_only=True)
class SimulatedAws:
    """Both services. The counters are MediaConvert's: by operation and result, and by operation and minute."""

    env: simpy.Environment
    limits: Limits
    outages: Sequence[Outage] = ()
    calls: Counter[str] = field(default_factory=Counter)
    calls_by_minute: Counter[tuple[str, int]] = field(default_factory=Counter)
    created_s: dict[int, float] = field(default_factory=dict)
    """The time at which each upload's job was created."""
    duplicates: int = 0
    submitted: "deque[int]" = field(default_factory=deque)
    """The jobs that wait in MediaConvert's queue, in order."""
    running: int = 0
    most_submitted: int = 0
    ended: int = 0
    last_end_s: float = 0.0
    _bucket: TokenBucket | None = None

    def dynamodb(self, calls: int = 1) -> Waiting:
        """Make calls of DynamoDB, one after the other."""
        yield from self._pass("dynamodb", DYNAMODB_S * calls)

    def search(self, upload: int) -> Generator[simpy.Event, Any, bool]:
        """Return whether the upload has a job. It costs SearchJobs and ListJobs, unless the first finds the job."""
        yield from self._call("SearchJobs", SEARCH_S)
        if upload in self.created_s:
            return True
        yield from self._call("ListJobs", SEARCH_S)
        return upload in self.created_s

    def probe(self) -> Waiting:
        """Read an input. AWS publishes no rate of Probe: it is assumed to be a call like the others."""
        yield from self._call("Probe", PROBE_S)

    def create_job(self, upload: int) -> Waiting:
        """Create the upload's job, which starts now or waits."""
        yield from self._call("CreateJob", CREATE_JOB_S)
        self.duplicates += upload in self.created_s
        self.created_s.setdefault(upload, self.env.now)
        self.submitted.append(upload)
        self._start_jobs()
        self.most_submitted = max(self.most_submitted, len(self.submitted))

    def get_queue(self) -> Generator[simpy.Event, Any, int]:
        """Return the number of jobs that wait in MediaConvert's queue."""
        yield from self._call("GetQueue", SEARCH_S)
        return len(self.submitted)

    def outage_of(self, service: Service) -> Outage | None:
        """Return the service's outage at this moment."""
        now_s = self.env.now
        return next(
            (each for each in self.outages if each.service == service and each.begin_s <= now_s < each.end_s), None
        )

    def _call(self, operation: str, took_s: float) -> Waiting:
        if self._bucket is None:
            self._bucket = TokenBucket(self.limits.calls_per_s, self.limits.burst, self.env.now)
        self.calls_by_minute[operation, int(self.env.now // 60)] += 1
        try:
            if self.outage_of("mediaconvert") is None:
                if not self._bucket.has_token(self.env.now):
                    yield self.env.timeout(DYNAMODB_S)
                    raise failed(429)
                self._bucket.take()
            yield from self._pass("mediaconvert", took_s)
        except ClientError as error:
            self.calls[f"{operation} {error.response['ResponseMetadata']['HTTPStatusCode']}"] += 1
            raise
        self.calls[f"{operation} ok"] += 1

    def _pass(self, service: Service, took_s: float) -> Waiting:
        if outage := self.outage_of(service):
            yield self.env.timeout(FAILURE_S if outage.status >= 500 else DYNAMODB_S)  # noqa: PLR2004 -- server errors
            raise failed(outage.status)
        yield self.env.timeout(took_s)

    def _start_jobs(self) -> None:
        while self.submitted and self.running < self.limits.concurrent_jobs:
            self.submitted.popleft()
            self.running += 1
            self.env.timeout(self.limits.job_s).callbacks.append(self._end_job)

    def _end_job(self, _: simpy.Event) -> None:
        self.running -= 1
        self.ended += 1
        self.last_end_s = self.env.now
        self._start_jobs()
