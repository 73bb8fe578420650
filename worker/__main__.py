"""`python -m worker`: consume both queues until SIGTERM or SIGINT."""

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
from worker.queue import open_queue
from worker.queue_meter import measure_periodically
from worker.reconcile.runner import reconcile_periodically
from worker.settings import WorkerSettings
from worker.startup import worker_process

BACKLOG_BATCH_SIZE = 5_000
"""Job events of a backlog that the worker handles together: ten events of each of 500 jobs need 500 writes. Each event
needs about 5 kB of memory until it is handled. If the worker dies, each of them has used up one delivery."""

log = structlog.get_logger("worker")


async def run(settings: WorkerSettings) -> None:
    """Run the worker until SIGTERM or SIGINT, after a check that it can reach its queues."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with aws_of(settings) as aws:
        sqs = await aws.sqs()
        uploads = await open_queue(sqs, settings.uploads_queue_url)
        job_events = await open_queue(sqs, settings.job_events_queue_url, backlog_batch_size=BACKLOG_BATCH_SIZE)
        queues = [uploads, job_events]
        handler = await open_handler(aws, settings)
        loop = Loop(
            queues=queues,
            handler=handler,
            pollers=settings.pollers,
            stop_grace_s=settings.stop_grace_s,
            health_file=HealthFile(settings.health_file, clock=time.time),
        )
        gc_tuning.freeze_startup_objects()
        log.info("worker.ready", queues=[queue.name for queue in queues])
        meter = await open_queue_meter(aws, settings, handler)
        async with reconcile_periodically(aws, settings, handler), measure_periodically(meter):
            await loop.run(stop)
    log.info("worker.stopped")


def main() -> None:
    """Run until stopped; exit with status 1 and one line if AWS or a queue can't be reached at the start."""
    with worker_process("worker.unusable") as settings:
        uvloop.run(run(settings))


if __name__ == "__main__":
    main()
