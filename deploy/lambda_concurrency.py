"""Adapts the functions to the concurrent executions that the account allows. Pure.

A new account has 10 concurrent executions for all functions. Lambda reserves nothing for a function unless 100 stay
unreserved, and the maximum concurrency of an event source reserves nothing either. So a few long polls would occupy
every execution, and the worker would get none.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from deploy.parameters import ParameterError

Level = Literal["ample", "low", "scarce"]

UNRESERVABLE = 100
"""Executions that Lambda keeps for functions without a reservation."""
MIN_LIMIT = 110
"""Below this limit of the account, nothing is reserved."""
SMALLEST_SOURCE = 2
"""The smallest maximum concurrency of an event source. The queues of webhooks always have it."""
QUEUES = 3
"""Event sources that each deployment has: uploads, submission and job events. Deletions come with the job events."""
WEBHOOK_URLS = ("Webhook1Url", "Webhook2Url", "Webhook3Url")
"""The parameters that each add an event source."""
QUOTA = "Lambda, Concurrent executions, code L-B99A9384"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConcurrency:
    """The account's limit in the Region, and the part of it that no function has reserved."""

    limit: int
    unreserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedConcurrency:
    """The concurrency that the parameters request; 0 for no reservation."""

    uploads: int
    submission: int
    job_events: int
    worker_reserved: int
    service_reserved: int
    webhooks: int = 0
    """Endpoints of webhooks, each with a queue of its own."""

    @property
    def event_sources(self) -> int:
        """Concurrent batches of all event sources together."""
        return self.uploads + self.submission + self.job_events + SMALLEST_SOURCE * self.webhooks

    @property
    def smallest_event_sources(self) -> int:
        """The same, where each event source has the smallest maximum concurrency."""
        return low_reservation(self.webhooks)


def requested_concurrency(value: Callable[[str], str]) -> RequestedConcurrency:
    """Return the request that the parameters of infra/lambda.yaml make; `value` returns a parameter by its name."""
    return RequestedConcurrency(
        uploads=int(value("UploadsConcurrency")),
        submission=int(value("SubmissionConcurrency")),
        job_events=int(value("JobEventsConcurrency")),
        worker_reserved=int(value("WorkerReservedConcurrency")),
        service_reserved=int(value("ServiceReservedConcurrency")),
        webhooks=sum(bool(value(each)) for each in WEBHOOK_URLS),
    )


def low_reservation(webhooks: int) -> int:
    """Return the executions that the worker reserves at the level low. infra/lambda.yaml has the same numbers.

    >>> [low_reservation(webhooks) for webhooks in (0, 1, 2, 3)]
    [6, 8, 10, 12]
    """
    return SMALLEST_SOURCE * (QUEUES + webhooks)


def reserved_now(parameters: Mapping[str, str]) -> int:
    """Return the executions that a deployed Lambda stack with these parameters has reserved."""
    service = int(parameters.get("ServiceReservedConcurrency", "0"))
    match parameters.get("Concurrency"):
        case "low":
            return service + low_reservation(sum(bool(parameters.get(each)) for each in WEBHOOK_URLS))
        case "scarce":
            return service
        case _:
            return service + int(parameters.get("WorkerReservedConcurrency", "0"))


def concurrency_level(account: AccountConcurrency, requested: RequestedConcurrency, *, reserved_now: int) -> Level:
    """Return how much concurrency the functions get.

    Raises:
        ParameterError: the account can't reserve what a parameter requests.
    """
    reservable = account.unreserved + reserved_now - UNRESERVABLE if account.limit >= MIN_LIMIT else 0
    explicit = requested.service_reserved + requested.worker_reserved
    if explicit > max(0, reservable):
        raise ParameterError(
            f"ServiceReservedConcurrency and WorkerReservedConcurrency request {explicit} executions, and this account "
            f"can reserve {max(0, reservable)}: reduce them, or request a higher quota ({QUOTA})"
        )
    left = reservable - requested.service_reserved
    if left < requested.smallest_event_sources:
        return "scarce"
    return "ample" if left >= requested.event_sources else "low"


def concurrency_parameters(level: Level, requested: RequestedConcurrency) -> dict[str, str]:
    """Return the parameters of infra/lambda.yaml for this level."""
    if level != "ample":
        return {"Concurrency": level, "WorkerReservedConcurrency": "0"}
    reserved = max(requested.worker_reserved, requested.event_sources)
    return {"Concurrency": level, "WorkerReservedConcurrency": str(reserved)}


def concurrency_notice(level: Level, account: AccountConcurrency) -> str:
    """Return a line for the operator; empty if the account has enough executions."""
    match level:
        case "ample":
            return ""
        case "low":
            return f"low: {account.unreserved} of {account.limit} executions are unreserved; request more ({QUOTA})"
        case "scarce":
            return (
                f"scarce: no reservation, no long polls; the account's limit is {account.limit}, request 1000 ({QUOTA})"
            )
