"""The queue of one endpoint's webhooks. No AWS type passes this boundary."""

from typing import TYPE_CHECKING

from transcode.announcement import Announcement
from transcode.permissions import WEBHOOK_QUEUES, allow
from worker.webhooks.endpoints import WebhookEndpoint
from worker.webhooks.webhook_message import WebhookMessage

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

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
        await self._client.send_message(QueueUrl=self._endpoint.queue_url, MessageBody=message.to_json())
