"""The endpoints that answered 410: they get no webhook until an operator resumes them. No AWS type leaves this module.

The row is in the status table. It names the endpoint's URL, so a new URL in the same slot is not stopped.
"""

import hashlib
from typing import TYPE_CHECKING

from transcode.dynamodb import Update, decode
from transcode.permissions import Resource, allow
from worker.webhooks.endpoints import WebhookEndpoint

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])
KEPT_S = 10 * 365 * 86_400


class StoppedEndpoints:
    """Which endpoints are stopped."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def is_stopped(self, endpoint: WebhookEndpoint) -> bool:
        """Return whether the endpoint is stopped."""
        response = await self._client.get_item(TableName=self._table, Key=_key(endpoint))
        return "StoppedTime" in decode(response.get("Item", {}))

    async def stop(self, endpoint: WebhookEndpoint, *, now_s: int) -> None:
        """Stop the endpoint. Safe to repeat."""
        update = Update().set_once(StoppedTime=now_s).set(ExpirationTime=now_s + KEPT_S)
        await self._client.update_item(TableName=self._table, Key=_key(endpoint), **update.request())

    async def resume(self, endpoint: WebhookEndpoint) -> None:
        """Resume the endpoint. Safe to repeat."""
        update = Update().remove("StoppedTime")
        await self._client.update_item(TableName=self._table, Key=_key(endpoint), **update.request())


def _key(endpoint: WebhookEndpoint) -> dict[str, dict[str, str]]:
    url_hash = hashlib.sha256(endpoint.url.encode()).hexdigest()[:16]
    return {"JobId": {"S": f"webhook:{endpoint.slot}:{url_hash}"}}
