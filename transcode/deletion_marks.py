"""The marks on the rows of an upload that is deleted. From then on, no reader of the service sees the rows.

A mark hides the upload at once; the worker removes everything else, and leaves a tombstone (worker/deletion/).
No AWS type passes this boundary.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from transcode.dynamodb import Update
from transcode.lookup import Lookup
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE, Resource.STATUS_TABLE])

TOMBSTONE_S = 30 * 86_400
"""Seconds for which the row of a deleted upload stays, without its content. It outlives every message and every URL."""


class DeletionMarks:
    """Marks the rows of uploads."""

    def __init__(self, client: "DynamoDBClient", *, lookup_table: str, status_table: str) -> None:
        self._client = client
        self._lookup_table = lookup_table
        self._status_table = status_table

    async def request(self, lookup: Lookup, *, now_s: int) -> bool:
        """Mark the upload and its newest job; return whether this call marked the upload. Safe to repeat."""
        if lookup.job_id is not None:
            await self._mark(self._status_table, "JobId", lookup.job_id, Update().set(DeleteRequestedTime=now_s))
        update = Update().set(DeleteRequestedTime=now_s, ExpirationTime=now_s + TOMBSTONE_S)
        return await self._mark(self._lookup_table, "InputFile", lookup.input_file, update)

    async def _mark(self, table: str, key_name: str, key: str, update: Update) -> bool:
        update.where(update.present(key_name)).where(update.absent("DeleteRequestedTime"))
        update.where(update.absent("DeletedTime"))
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.update_item(TableName=table, Key={key_name: {"S": key}}, **update.request())
            return True
        return False
