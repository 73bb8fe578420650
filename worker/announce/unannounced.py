"""The rows of the status table that request an announcement. No AWS type passes this boundary.

A job's row has the types in Unannounced. An upload without a job, or a deleted one, has a row of its own (an outbox
row). Both are in the index of open jobs until they are announced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transcode.announcement_types import TYPE_OF_END, AnnouncementType
from transcode.dynamodb import Update, decode
from transcode.job import Failure, Job
from transcode.outbox import OUTBOX_PREFIX, OutboxEntry
from transcode.permissions import Resource, allow
from transcode.row_mapping import shape_of
from transcode.status_table import job_from_row

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])


@dataclass(frozen=True, slots=True, kw_only=True)
class UnannouncedJob:
    """A job whose creation or end was not announced. The creation comes before the end in `types`."""

    job: Job
    types: tuple[AnnouncementType, ...]


class UnannouncedRows:
    """The rows that request announcements."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def read(self, key: str) -> UnannouncedJob | OutboxEntry | None:
        """Return what the row requests; None if the row is missing, or everything was announced."""
        response = await self._client.get_item(TableName=self._table, Key={"JobId": {"S": key}}, ConsistentRead=True)
        row = decode(response.get("Item", {}))
        requested: set[str] = row.get("Unannounced", set())
        types = tuple(each for each in AnnouncementType if each in requested)
        if not types or ("JobStatus" not in row and not key.startswith(OUTBOX_PREFIX)):
            return None
        if not key.startswith(OUTBOX_PREFIX):
            return UnannouncedJob(job=job_from_row(row), types=types)
        return entry_from_row(row)

    async def put(self, entry: OutboxEntry) -> None:
        """Write an outbox row. Safe to repeat."""
        await self._client.update_item(**entry.put(self._table))

    async def record_announced(self, key: str, types: tuple[AnnouncementType, ...]) -> bool:
        """Record that these types were announced; return False if the row has other ones by now. Safe to repeat.

        A row leaves the index when nothing can follow: an outbox row, or the row of a job that is over.
        """
        is_last = key.startswith(OUTBOX_PREFIX) or not set(types).isdisjoint(TYPE_OF_END.values())
        update = Update().remove("Unannounced", *(["OpenShard"] if is_last else []))
        update.where(update.compare("Unannounced", "=", {each.value for each in types}))
        try:
            await self._client.update_item(TableName=self._table, Key={"JobId": {"S": key}}, **update.request())
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def entry_from_row(row: Mapping[str, Any]) -> OutboxEntry:
    """Return the request that an outbox row contains."""
    return OutboxEntry(
        type=AnnouncementType(row["AnnouncementType"]),
        input_file=row["InputFile"],
        subject=row["Subject"],
        time_s=int(row["CreationTime"]),
        failure=shape_of(Failure, row) if "ErrorCode" in row else None,
        content=row.get("Content"),
    )
