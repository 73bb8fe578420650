"""The log line that says how many clients a process holds: metrics, scaling and alarms read it."""

import asyncio

import structlog

from service.live.hub import Hub
from service.live.limits import used_percent
from service.live.slots import Slots

REPORT_EVERY_S = 60.0
"""CloudWatch's period: a shorter one would add samples, and no information."""

log = structlog.get_logger(__name__)


async def report_load(hub: Hub, *, streams: Slots, long_polls: Slots, every_s: float = REPORT_EVERY_S) -> None:
    """Log the load once a minute, until the task is cancelled. Zeros are logged too: scaling in needs samples."""
    while True:
        log.info(
            "service.load",
            streams=streams.held,
            long_polls=long_polls.held,
            watched=hub.topic_count,
            held_percent=max(used_percent(held=each.held, limit=each.limit) for each in (streams, long_polls)),
        )
        await asyncio.sleep(every_s)
