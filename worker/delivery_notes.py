"""The notes about messages that are delivered more than once: their failures, and their deliveries without an end.

They are rows of the table with the encryption keys, because only the worker may access it. A note belongs to the
message's body, so it survives a new message id: a move between queues, or a message that is sent again.
No AWS type passes this boundary.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Update, decode
from transcode.permissions import Resource, allow
from worker.outcomes import Message
from worker.retry import DeliveryNote

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.OUTPUT_TABLE])

NOTE_PREFIX = "note:"
TTL_S = 30 * 86_400
"""Longer than a message can exist: 14 days in its queue, and 14 days in the dead-letter queue."""


class DeliveryNotes:
    """The note of each message. Every method is safe to repeat, but a repeated `begin` or `fail` counts twice."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self.table = table

    async def begin(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Record that a delivery begins, and return the note with it."""
        update = Update().increment("OpenDeliveries")
        return _note(await self._update(message, update, now_ms=now_ms))

    async def begin_alone(self, message: Message, *, now_ms: int) -> bool:
        """Record that a worker handles the message alone; return False if another one already does."""
        update = Update().set(AloneTime=now_ms)
        update.where(update.absent("AloneTime"))
        try:
            await self._update(message, update, now_ms=now_ms)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    async def end(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Record that a delivery ended without a failure: the worker lives, and the message waits or was released."""
        update = Update().remove("OpenDeliveries", "AloneTime")
        return _note(await self._update(message, update, now_ms=now_ms))

    async def fail(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Record that a delivery ended with a failure, and return the note with it."""
        update = Update().increment("Failures").remove("OpenDeliveries", "AloneTime")
        return _note(await self._update(message, update, now_ms=now_ms))

    async def clear(self, message: Message, *, now_ms: int) -> None:
        """Forget everything: the message is done, or leaves its queue. If it is sent back, it begins again."""
        await self._update(message, Update().remove("OpenDeliveries", "AloneTime", "Failures"), now_ms=now_ms)

    async def _update(self, message: Message, update: Update, *, now_ms: int) -> Mapping[str, Any]:
        response = await self._client.update_item(
            TableName=self.table,
            Key={"JobId": {"S": note_id(message)}},
            ReturnValues="ALL_NEW",
            **update.set(ExpirationTime=now_ms // 1000 + TTL_S).request(),
        )
        return decode(response.get("Attributes", {}))


def note_id(message: Message) -> str:
    """Return the key of the message's note."""
    return NOTE_PREFIX + hashlib.sha256(message.body.encode(errors="surrogatepass")).hexdigest()[:40]


def _note(row: Mapping[str, Any]) -> DeliveryNote:
    alone_ms = row.get("AloneTime")
    return DeliveryNote(
        open_deliveries=int(row.get("OpenDeliveries", 0)),
        failures=int(row.get("Failures", 0)),
        alone_ms=None if alone_ms is None else int(alone_ms),
    )
