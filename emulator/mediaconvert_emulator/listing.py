"""Filters, order and pages of the List and Search operations. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job import Job, Status

MAX_PAGE = 20
ORDERS = ("ASCENDING", "DESCENDING")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is asked for."""

    size: int
    is_descending: bool
    after: str | None

    @staticmethod
    def of_query(query: Mapping[str, str], *, default_order: str) -> "Page":
        """The page that a query string asks for.

        Raises:
            BadRequestException: it makes no sense.
        """
        size, order, token = (
            query.get("maxResults", str(MAX_PAGE)),
            query.get("order", default_order),
            query.get("nextToken"),
        )
        if not size.isdigit() or not 1 <= int(size) <= MAX_PAGE:
            raise BadRequestException(f"/maxResults: Should be from 1 to {MAX_PAGE}")
        if order not in ORDERS:
            raise BadRequestException(f"/order: Should be one of the following values: {', '.join(ORDERS)}")
        return Page(size=int(size), is_descending=order == "DESCENDING", after=_decode(token) if token else None)


def cut(items: Sequence[tuple[str, Item]], page: Page) -> tuple[list[Item], str | None]:
    """The page of `items` (id and item, oldest first), and the token of the next one if there is more.

    Raises:
        BadRequestException: the token names no item.
    """
    ordered = list(reversed(items)) if page.is_descending else list(items)
    start = 0
    if page.after is not None:
        ids = [item_id for item_id, _ in ordered]
        if page.after not in ids:
            raise BadRequestException("/nextToken: Invalid or expired")
        start = ids.index(page.after) + 1
    chosen = ordered[start : start + page.size]
    has_more = start + page.size < len(ordered)
    return [item for _, item in chosen], _encode(chosen[-1][0]) if has_more else None


def matching(jobs: Sequence[Job], query: Mapping[str, str]) -> list[Job]:
    """The jobs that a query's status, queue (name or ARN) and input file (any part of its URI) let through.

    Raises:
        BadRequestException: there is no such status.
    """
    status, queue, part = query.get("status"), query.get("queue"), query.get("inputFile")
    if status and status not in Status.__members__:
        raise BadRequestException(f"/status: Should be one of the following values: {', '.join(Status)}")
    queue_name = queue.rpartition("/")[2] if queue else None
    return [
        job
        for job in jobs
        if (not status or job.status == status)
        and (not queue_name or job.queue == queue_name)
        and (not part or part in job.spec.input.uri)
    ]


def _encode(item_id: str) -> str:
    return base64.urlsafe_b64encode(item_id.encode()).decode()


def _decode(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise BadRequestException("/nextToken: Invalid or expired") from error
