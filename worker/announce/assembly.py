"""The assembly of the announcer and its ways to subscribers.

A deployment without a subscriber doesn't import them, which would make a function's start slower.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transcode.aws import Aws
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.announce.announcer import Announcer, Channel
    from worker.announce.deleted_upload import DeletionRequests


async def open_announcer(
    aws: Aws, settings: WorkerSettings, *, statuses: StatusTable, lookups: LookupTable
) -> "Announcer | None":
    """Return the announcer; None if the deployment has no subscriber."""
    if not settings.announces:
        return None
    from worker.announce.announcer import Announcer  # noqa: PLC0415 -- imports the API's schema
    from worker.announce.unannounced import UnannouncedRows  # noqa: PLC0415

    return Announcer(
        rows=UnannouncedRows(statuses.client, statuses.table),
        lookups=lookups,
        channels=await _channels(aws, settings),
        clock=time.time,
        playback_base_url=settings.playback_base_url,
    )


def deleted_uploads(announcer: "Announcer", statuses: StatusTable) -> "DeletionRequests":
    """Return the part that requests the announcements of deleted uploads."""
    from worker.announce.deleted_upload import DeletionRequests  # noqa: PLC0415

    return DeletionRequests(announcer=announcer, statuses=statuses, clock=time.time)


async def _channels(aws: Aws, settings: WorkerSettings) -> "Sequence[Channel]":
    from worker.announce.event_bus import EventBus  # noqa: PLC0415
    from worker.webhooks.webhook_queue import WebhookQueue  # noqa: PLC0415

    channels: list[Channel] = []
    if settings.announce_event_bus:
        channels.append(EventBus(await aws.events(), settings.announce_event_bus))
    if settings.webhook_endpoints:
        sqs = await aws.sqs()
        channels += [WebhookQueue(sqs, endpoint) for endpoint in settings.webhook_endpoints]
    return channels
