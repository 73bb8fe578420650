"""The count of refused versions of announced uploads, in one row of the status table, for an operator's command.

Its key contains a colon, which no MediaConvert job id does. No AWS type passes this boundary.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.dynamodb import Update, decode
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])
READING = allow("dynamodb:GetItem", on=[Resource.STATUS_TABLE])
"""For the operator's command."""

KEY = "uploads:refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedVersions:
    """The number of refused versions, and the file and the time (Unix seconds) of the last one."""

    count: int
    last_input_file: str
    last_s: int


class RefusedVersionsTable:
    """The count, which begins again at 0 after `ttl_s` seconds without a refusal."""

    def __init__(self, client: "DynamoDBClient", table: str, *, ttl_s: int) -> None:
        self._client = client
        self._table = table
        self._ttl_s = ttl_s

    async def count(self, input_file: str, *, now_s: int) -> None:
        """Count one more refused version."""
        update = Update().increment("Refused")
        update.set(InputFile=input_file, UpdatedTime=now_s, ExpirationTime=now_s + self._ttl_s)
        await self._client.update_item(TableName=self._table, Key={"JobId": {"S": KEY}}, **update.request())

    async def read(self, *, now_s: int) -> RefusedVersions | None:
        """Return the count; None if no version was refused within `ttl_s` seconds."""
        response = await self._client.get_item(TableName=self._table, Key={"JobId": {"S": KEY}})
        row = decode(response.get("Item", {}))
        if not row or row["ExpirationTime"] <= now_s:
            return None
        return RefusedVersions(
            count=int(row["Refused"]), last_input_file=row["InputFile"], last_s=int(row["UpdatedTime"])
        )
