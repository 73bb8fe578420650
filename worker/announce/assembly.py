"""The assembly of the announcer and its ways to subscribers."""

import time
from collections.abc import Sequence

from transcode.aws import Aws
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.announce.announcer import Announcer, Channel
from worker.announce.event_bus import EventBus
from worker.announce.unannounced import UnannouncedRows
from worker.settings import WorkerSettings
from worker.webhooks.webhook_queue import WebhookQueue


async def open_announcer(
    aws: Aws, settings: WorkerSettings, *, statuses: StatusTable, lookups: LookupTable
) -> Announcer | None:
    """Return the announcer; None if the deployment has no subscriber."""
    if not settings.announces:
        return None
    return Announcer(
        rows=UnannouncedRows(statuses.client, statuses.table),
        lookups=lookups,
        channels=await _channels(aws, settings),
        clock=time.time,
        playback_base_url=settings.playback_base_url,
    )


async def _channels(aws: Aws, settings: WorkerSettings) -> Sequence[Channel]:
    channels: list[Channel] = []
    if settings.announce_event_bus:
        channels.append(EventBus(await aws.events(), settings.announce_event_bus))
    if settings.webhook_endpoints:
        sqs = await aws.sqs()
        channels += [WebhookQueue(sqs, endpoint) for endpoint in settings.webhook_endpoints]
    return channels
