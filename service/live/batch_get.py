"""BatchGetItem on the status and lookup tables: up to a hundred rows in one call.

No AWS type passes this boundary.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.views.followed import FileKey, JobKey, Key
from transcode.dynamodb import decode
from transcode.job import Job
from transcode.lookup import Lookup
from transcode.lookup_row import is_file, lookup_from_row
from transcode.permissions import Resource, allow
from transcode.status_table import is_job, job_from_row

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:BatchGetItem", on=[Resource.STATUS_TABLE, Resource.INPUT_FILE_TABLE])

BATCH_SIZE = 100
ATTEMPTS = 5
FIRST_PAUSE_S = 0.05

Row = Job | Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """The result of a read: the rows that exist and have not expired, and the keys that DynamoDB did not process."""

    rows: Mapping[Key, Row]
    unread: frozenset[Key]


class BatchGet:
    """Reads rows of the status table and of the lookup table in one call. `clock` returns Unix seconds."""

    def __init__(
        self, client: "DynamoDBClient", *, status_table: str, lookup_table: str, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._status_table = status_table
        self._lookup_table = lookup_table
        self._clock = clock

    async def read(self, keys: Collection[Key]) -> BatchResult:
        """Return the rows of up to a hundred keys. Retry the keys that DynamoDB leaves unprocessed, for a second.

        Files' rows are read consistently, so that a caller who requested another job does not see the end of the last
        one. Jobs' rows are read with eventual consistency, and may lag behind a write.
        """
        unprocessed: Mapping[str, Any] = self._request(keys)
        rows: dict[Key, Row] = {}
        for attempt in range(ATTEMPTS):
            response = await self._client.batch_get_item(RequestItems=unprocessed)
            rows.update(self._rows(response.get("Responses", {})))
            unprocessed = response.get("UnprocessedKeys", {})
            if not unprocessed:
                return BatchResult(rows=rows, unread=frozenset())
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 -- spreads retries
        return BatchResult(rows=rows, unread=frozenset(self._keys(unprocessed)))

    def _request(self, keys: Collection[Key]) -> dict[str, Any]:
        jobs = [{"JobId": {"S": key.job_id}} for key in keys if isinstance(key, JobKey)]
        files = [{"InputFile": {"S": key.input_file}} for key in keys if isinstance(key, FileKey)]
        request: dict[str, Any] = {}
        if jobs:
            request[self._status_table] = {"Keys": jobs}
        if files:
            request[self._lookup_table] = {"Keys": files, "ConsistentRead": True}
        return request

    def _keys(self, request: Mapping[str, Any]) -> list[Key]:
        jobs = request.get(self._status_table, {}).get("Keys", ())
        files = request.get(self._lookup_table, {}).get("Keys", ())
        return [
            *(JobKey(each["JobId"]["S"]) for each in jobs),
            *(FileKey(each["InputFile"]["S"]) for each in files),
        ]

    def _rows(self, items: Mapping[str, Any]) -> dict[Key, Row]:
        """Return the rows that have not expired: DynamoDB deletes expired rows late."""
        now_s = int(self._clock())
        rows: dict[Key, Row] = {}
        for row in map(decode, items.get(self._status_table, ())):
            if is_job(row, now_s=now_s):
                rows[JobKey(row["JobId"])] = job_from_row(row)
        for row in map(decode, items.get(self._lookup_table, ())):
            if is_file(row, now_s=now_s):
                rows[FileKey(row["InputFile"])] = lookup_from_row(row)
        return rows
