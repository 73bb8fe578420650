"""The assembly of the deliveries of webhooks, for the loop and for Lambda functions.

A deployment without an endpoint doesn't import the HTTP client, which would make a function's start slower.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transcode.aws import Aws
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.webhooks.delivery import WebhookDelivery


async def open_deliveries(aws: Aws, settings: WorkerSettings) -> "Sequence[WebhookDelivery]":
    """Return the delivery of each configured endpoint."""
    if not settings.webhook_endpoints:
        return []
    from worker.webhooks.delivery import WebhookDelivery  # noqa: PLC0415 -- imports aiohttp
    from worker.webhooks.http_client import WebhookClient  # noqa: PLC0415
    from worker.webhooks.secrets import EndpointSecrets  # noqa: PLC0415
    from worker.webhooks.stopped_endpoints import StoppedEndpoints  # noqa: PLC0415

    stopped = StoppedEndpoints(await aws.dynamodb(), settings.status_table)
    return [
        WebhookDelivery(
            endpoint=endpoint,
            secrets=EndpointSecrets(endpoint, aws.secretsmanager),
            # Its own connections: endpoints that don't answer would otherwise take those of the others.
            client=WebhookClient(allows_local=settings.webhooks_allow_local),
            stopped=stopped,
            give_up_after_s=settings.give_up_after_s,
            clock=time.time,
        )
        for endpoint in settings.webhook_endpoints
    ]
