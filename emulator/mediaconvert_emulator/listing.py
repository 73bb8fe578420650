"""Filters, order and pages of the List and Search operations. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject

MAX_PAGE_SIZE = 20
ORDERS = ("ASCENDING", "DESCENDING")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """The size, order and start of a page; `after` is the id of the previous page's last item."""

    size: int
    is_descending: bool
    after: str | None

    @staticmethod
    def from_query(query: Mapping[str, str], *, default_order: str) -> "PageRequest":
        """Parse a query string.

        Raises:
            BadRequestException: The size, the order or the token is invalid.
        """
        size, order, token = (
            query.get("maxResults", str(MAX_PAGE_SIZE)),
            query.get("order", default_order),
            query.get("nextToken"),
        )
        if not size.isdecimal() or not size.isascii() or not 1 <= int(size) <= MAX_PAGE_SIZE:
            raise BadRequestException(f"/maxResults: Should be from 1 to {MAX_PAGE_SIZE}")
        if order not in ORDERS:
            raise BadRequestException(f"/order: Should be one of the following values: {', '.join(ORDERS)}")
        after = _decode_token(token) if token else None
        return PageRequest(size=int(size), is_descending=order == "DESCENDING", after=after)


def paginate(items: Sequence[tuple[str, Item]], request: PageRequest) -> tuple[list[Item], str | None]:
    """Return one page of the items, and the next page's token if there is a next page.

    Args:
        items: Pairs of id and item, oldest first.
        request: The page to return.

    Raises:
        BadRequestException: The token's item doesn't exist.
    """
    ordered = list(reversed(items)) if request.is_descending else list(items)
    start = 0
    if request.after is not None:
        ids = [item_id for item_id, _ in ordered]
        if request.after not in ids:
            raise BadRequestException("/nextToken: Invalid or expired")
        start = ids.index(request.after) + 1
    page = ordered[start : start + request.size]
    has_more = start + request.size < len(ordered)
    return [item for _, item in page], _encode_token(page[-1][0]) if has_more else None


def with_next_token(body: JsonObject, token: str | None) -> JsonObject:
    """Return a page with the next page's token, if there is a next page."""
    return body if token is None else {**body, "nextToken": token}


def filter_jobs(jobs: Sequence[Job], query: Mapping[str, str]) -> list[Job]:
    """Return the jobs that match the query's status, queue (name or ARN) and input file (any part of its URI).

    Raises:
        BadRequestException: The status doesn't exist.
    """
    status, queue, uri_part = query.get("status"), query.get("queue"), query.get("inputFile")
    if status and status not in Status.__members__:
        raise BadRequestException(f"/status: Should be one of the following values: {', '.join(Status)}")
    queue_name = queue.rpartition("/")[2] if queue else None
    return [
        job
        for job in jobs
        if (not status or job.status == status)
        and (not queue_name or job.queue == queue_name)
        and (not uri_part or uri_part in job.spec.input.uri)
    ]


def _encode_token(item_id: str) -> str:
    return base64.urlsafe_b64encode(item_id.encode()).decode()


def _decode_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise BadRequestException("/nextToken: Invalid or expired") from error
