"""The figures of the queues, in two rows of the status table. The worker writes them, and the service reads them.

Their keys contain a colon, which no MediaConvert job id does. No AWS type passes this boundary.
"""

from contextlib import suppress
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Update, decode
from transcode.permissions import Resource, allow
from transcode.queue_figures import QueueFigures, Sample

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])

CREATED_KEY = "queue:created"
FIGURES_KEY = "queue:figures"


class QueueTable:
    """The count of created jobs, and the samples of the queues. `ttl_s` is the life of both rows after a write."""

    def __init__(self, client: "DynamoDBClient", table: str, *, ttl_s: int) -> None:
        self._client = client
        self._table = table
        self._ttl_s = ttl_s

    async def count_created(self, *, now_s: int) -> None:
        """Count one more job that was created."""
        update = Update().increment("Created").set(ExpirationTime=now_s + self._ttl_s)
        await self._update(CREATED_KEY, update)

    async def created(self) -> int:
        """Return the count of created jobs. It begins again at 0 after `ttl_s` seconds without a job."""
        row = await self._row(CREATED_KEY, is_consistent=True)
        return int(row.get("Created", 0))

    async def figures(self, *, now_s: int, is_consistent: bool = False) -> QueueFigures:
        """Return the samples; none if no worker has written them for `ttl_s` seconds."""
        row = await self._row(FIGURES_KEY, is_consistent=is_consistent)
        if not row or row["ExpirationTime"] <= now_s:
            return QueueFigures()
        return QueueFigures(tuple(_sample(values) for values in row["Samples"]))

    async def store(self, figures: QueueFigures) -> None:
        """Store the samples, unless another worker has stored a newer one. Safe to repeat."""
        newest_s = figures.samples[-1].time_s
        update = Update().set(Samples=[list(astuple(each)) for each in figures.samples], SampledTime=newest_s)
        update.set(ExpirationTime=newest_s + self._ttl_s)
        update.where(update.absent("SampledTime"), update.compare("SampledTime", "<", newest_s))
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._update(FIGURES_KEY, update)

    async def _row(self, key: str, *, is_consistent: bool) -> dict[str, Any]:
        response = await self._client.get_item(
            TableName=self._table, Key={"JobId": {"S": key}}, ConsistentRead=is_consistent
        )
        return decode(response.get("Item", {}))

    async def _update(self, key: str, update: Update) -> None:
        await self._client.update_item(TableName=self._table, Key={"JobId": {"S": key}}, **update.request())


def _sample(values: list[Any]) -> Sample:
    names = (field.name for field in fields(Sample))
    return Sample(**{name: int(value) for name, value in zip(names, values, strict=True)})
