"""The bytes of the unfinished multipart uploads that each caller began in a day, in rows of the table of input files.

S3 stores the parts of an upload until it ends, at most two days, and charges for them. The rows bound these bytes with
one conditional write for each upload. The sum of a UTC day starts at 0, so a lost release costs the caller one day.
No AWS type passes this boundary.
"""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from transcode.dynamodb import Update
from transcode.errors import TooManyUnfinishedUploadsError
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE])

TTL_S = 3 * 86_400
"""Seconds for which a row lives after its last change: longer than an unfinished upload."""


class UnfinishedBytes:
    """The sums, and their limit in bytes for each caller and day."""

    def __init__(self, client: "DynamoDBClient", table: str, *, max_bytes: int) -> None:
        self._client = client
        self._table = table
        self._max_bytes = max_bytes

    async def reserve(self, caller: str, size_bytes: int, *, now_s: int) -> str:
        """Add an upload's bytes to the caller's sum, and return the key of the row that has the sum.

        Raises:
            TooManyUnfinishedUploadsError: The sum would exceed the limit.
        """
        key = _key(caller, now_s=now_s)
        update = Update().increment("Reserved", by=size_bytes).set(ExpirationTime=now_s + TTL_S)
        is_possible = size_bytes <= self._max_bytes
        update.where(
            update.compare("Reserved", "<=", self._max_bytes - size_bytes),
            *([update.absent("Reserved")] if is_possible else []),
        )
        try:
            await self._update(key, update)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise TooManyUnfinishedUploadsError from error
        return key

    async def release(self, key: str, size_bytes: int) -> None:
        """Subtract the bytes of an upload that ended. Call it once for each upload."""
        update = Update().increment("Reserved", by=-size_bytes)
        update.where(update.present("Reserved"))  # DynamoDB may have deleted the row of an old day
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._update(key, update)

    async def _update(self, key: str, update: Update) -> None:
        await self._client.update_item(TableName=self._table, Key={"InputFile": {"S": key}}, **update.request())


def _key(caller: str, *, now_s: int) -> str:
    """Return the key of the caller's row for this UTC day; the caller is hashed, because it may be an address."""
    day = datetime.fromtimestamp(now_s, UTC).date().isoformat()
    return f"unfinished:{hashlib.sha256(caller.encode(errors='surrogatepass')).hexdigest()[:32]}:{day}"
