"""Queue hops: a job that waits too long moves to another queue. Pure.

https://docs.aws.amazon.com/mediaconvert/latest/ug/setting-up-queue-hopping-to-avoid-delays.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mediaconvert_emulator.errors import BadRequestException, NotFoundException
from mediaconvert_emulator.json_types import JsonObject

MIN_WAIT_MINUTES, MAX_WAIT_MINUTES = 1, 4320


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One destination; `priority` is None if the job keeps its priority."""

    queue: str
    wait_minutes: int
    priority: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTransition:
    """A hop that happened."""

    source: str
    destination: str
    time_ms: int


def parse_hops(items: list[JsonObject], *, queue: str, find_queue: Callable[[str], str | None]) -> tuple[Hop, ...]:
    """Parse a request's hop destinations.

    Args:
        items: The `hopDestinations`.
        queue: The name of the job's queue.
        find_queue: Returns the name of a queue from its name or ARN, or None.

    Raises:
        BadRequestException: A wait is invalid, or a destination is the job's own queue.
        NotFoundException: A destination doesn't exist.
    """
    return tuple(_parse_hop(item or {}, index, queue, find_queue) for index, item in enumerate(items))


def _parse_hop(item: dict[str, Any], index: int, queue: str, find_queue: Callable[[str], str | None]) -> Hop:
    wait = item.get("waitMinutes")
    if wait is None or not MIN_WAIT_MINUTES <= wait <= MAX_WAIT_MINUTES:
        raise BadRequestException(
            f"You specified the following wait time for this job before queue hopping: "
            f"'{'null' if wait is None else wait}'. Wait time must be between {MIN_WAIT_MINUTES} and "
            f"{MAX_WAIT_MINUTES} minutes. Update this value, and then resubmit your job."
        )
    destination = find_queue(item.get("queue") or "Default")
    if destination is None:
        raise NotFoundException(f"/hopDestinations/{index}/queue: No queue {item.get('queue')!r}")
    if destination == queue:
        raise BadRequestException(f"/hopDestinations/{index}/queue: Should not be the job's own queue")
    return Hop(queue=destination, wait_minutes=wait, priority=item.get("priority"))
