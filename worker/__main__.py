"""`python -m worker`: consume the queues until SIGTERM or SIGINT."""

import asyncio
import signal
import time

import structlog
import uvloop

from transcode import gc_tuning
from transcode.startup import aws_of
from worker.assembly import open_handler, open_queue_meter
from worker.health import HealthFile
from worker.loop import Loop
from worker.pollers import open_pollers, open_slots, open_submitters, open_webhook_pollers
from worker.queue_meter import measure_periodically
from worker.reconcile.runner import reconcile_periodically
from worker.settings import WorkerSettings
from worker.slots import kept
from worker.startup import worker_process
from worker.webhooks.assembly import open_deliveries

log = structlog.get_logger("worker")


async def run(settings: WorkerSettings) -> None:
    """Run the worker until SIGTERM or SIGINT, after a check that it can reach its queues."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with aws_of(settings) as aws:
        handler = await open_handler(aws, settings)
        slots = open_slots(settings, handler)
        deliveries = await open_deliveries(aws, settings)
        pollers = [
            *await open_pollers(aws, settings, handler),
            *await open_submitters(aws, settings, handler, slots),
            *await open_webhook_pollers(aws, deliveries),
        ]
        loop = Loop(
            pollers=pollers,
            stop_grace_s=settings.stop_grace_s,
            health_file=HealthFile(settings.health_file, clock=time.time),
        )
        meter = await open_queue_meter(aws, settings, handler)
        gc_tuning.freeze_startup_objects()
        log.info("worker.ready", queues=list(dict.fromkeys(poller.queue.name for poller in pollers)))
        async with (
            reconcile_periodically(aws, settings, handler),
            measure_periodically(meter),
            kept(slots, stop),
        ):
            await loop.run(stop)
        for delivery in deliveries:
            await delivery.client.close()
    log.info("worker.stopped")


def main() -> None:
    """Run until stopped; exit with status 1 and one line if AWS or a queue can't be reached at the start."""
    with worker_process("worker.unusable") as settings:
        uvloop.run(run(settings))


if __name__ == "__main__":
    main()
