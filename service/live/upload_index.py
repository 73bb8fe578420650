"""The index of each caller's uploads, newest first.

The index lags behind the table by less than a second, as a rule. No AWS type passes this boundary.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, decode
from transcode.listing import UPLOADS_INDEX, first_place_after, listed_for
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:Query", on=[Resource.UPLOADS_INDEX])

FIRST_PLACE, LAST_PLACE = "0", "~"
"""Texts that are smaller and greater than the places of all uploads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFilter:
    """Which entries of the index are wanted. An entry without a stage is one that waits for its object."""

    external_id: str | None = None
    stages: Collection[str | None] | None = None
    """The wanted stages; None for all."""
    created_after_s: int | None = None

    @property
    def is_selective(self) -> bool:
        """True if DynamoDB may read entries that it doesn't return."""
        return self.external_id is not None or self.stages is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An upload, and its place among the uploads of its caller."""

    input_file: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    """Entries, and the place before which the next page begins; None at the end."""

    entries: Sequence[Entry]
    next_place: str | None
    skipped: int = 0
    """Entries that DynamoDB read, and that are not wanted."""


class UploadIndex:
    """Reads the index."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def page(self, owner: str | None, wanted: IndexFilter, *, before: str | None, max_entries: int) -> IndexPage:
        """Return the wanted entries before a place, newest first.

        This is one Query, which reads `max_entries` entries and one megabyte at most. A filter may leave few or none.
        """
        query = Condition()
        first = FIRST_PLACE if wanted.created_after_s is None else first_place_after(wanted.created_after_s)
        last = before or LAST_PLACE
        if last < first:
            return IndexPage(entries=(), next_place=None)
        keys = query.compare("ListedFor", "=", listed_for(owner)), query.between("ListedAt", first, last)
        clauses = _filter(query, wanted)
        request: dict[str, Any] = query.request()
        if clauses:
            request["FilterExpression"] = " AND ".join(clauses)
        response = await self._client.query(
            TableName=self._table,
            IndexName=UPLOADS_INDEX,
            KeyConditionExpression=" AND ".join(keys),
            ScanIndexForward=False,
            Limit=max_entries,
            **request,
        )
        rows = map(decode, response["Items"])
        entries = [Entry(input_file=row["InputFile"], place=row["ListedAt"]) for row in rows]
        last_key = decode(response.get("LastEvaluatedKey", {}))
        # The range has its end too, which is the place of the last entry of the page before.
        return IndexPage(
            entries=[each for each in entries if each.place != before],
            next_place=last_key.get("ListedAt"),
            skipped=response["ScannedCount"] - len(entries),
        )


def _filter(query: Condition, wanted: IndexFilter) -> Sequence[str]:
    clauses = []
    if wanted.external_id is not None:
        clauses.append(query.compare("ExternalId", "=", wanted.external_id))
    if wanted.stages is not None:
        stages = [
            query.absent("Stage") if stage is None else query.compare("Stage", "=", stage)
            for stage in sorted(wanted.stages, key=str)
        ]
        clauses.append(f"({' OR '.join(stages)})")
    return clauses
