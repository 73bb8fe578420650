"""The queue of one endpoint's webhooks. No AWS type passes this boundary."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from transcode.announcement import Announcement
from transcode.permissions import WEBHOOK_QUEUES, allow
from worker.webhooks.endpoints import WebhookEndpoint
from worker.webhooks.webhook_message import WebhookMessage

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

TEST_TYPE = "webhook.test"
"""The type of a webhook that only shows that an endpoint works."""
PERMISSIONS = allow("sqs:SendMessage", on=WEBHOOK_QUEUES)


class WebhookQueue:
    """The queue in which an endpoint's webhooks wait, however long the endpoint fails."""

    def __init__(self, client: "SQSClient", endpoint: WebhookEndpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    async def send(self, announcement: Announcement) -> None:
        """Store the webhook in the queue, if the endpoint gets announcements of this type. Safe to repeat."""
        if announcement.type not in self._endpoint.types:
            return
        message = WebhookMessage(webhook_id=announcement.id, body=announcement.webhook_body())
        await self._send(message)

    async def send_test(self, webhook_id: str, *, timestamp: datetime) -> None:
        """Store a webhook that announces nothing, whatever types the endpoint gets."""
        body = json.dumps({"type": TEST_TYPE, "timestamp": timestamp.isoformat(), "data": {}})
        await self._send(WebhookMessage(webhook_id=webhook_id, body=body))

    async def _send(self, message: WebhookMessage) -> None:
        await self._client.send_message(QueueUrl=self._endpoint.queue_url, MessageBody=message.to_json())
