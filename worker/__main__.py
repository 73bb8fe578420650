"""`python -m worker`: consume both queues until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
import time

import structlog
import uvloop
from botocore.exceptions import BotoCoreError, ClientError

from transcode import gc_tuning, telemetry
from transcode import log as logging
from transcode.aws import open_aws
from transcode.settings import load
from worker.assembly import open_handler
from worker.health import Pulse
from worker.loop import Loop
from worker.queue import QueueUnusableError, open_queue
from worker.reconcile.runner import reconciling
from worker.settings import WorkerSettings

BACKLOG_LOT = 5_000
"""Job events of a backlog that are taken together: ten of each of 500 jobs are 500 writes. Each weighs about 5 kB until
it is handled, and uses up a delivery where the worker dies."""

log = structlog.get_logger("worker")


async def run(settings: WorkerSettings) -> None:
    """Run the worker until a signal to stop; see first that it reaches its queues."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        sqs = await aws.sqs()
        uploads = await open_queue(sqs, settings.uploads_queue_url)
        job_events = await open_queue(sqs, settings.job_events_queue_url, lot=BACKLOG_LOT)
        queues = [uploads, job_events]
        handler = await open_handler(aws, settings)
        loop = Loop(
            queues=queues,
            handler=handler,
            pollers=settings.pollers,
            stop_grace_s=settings.stop_grace_s,
            pulse=Pulse(settings.health_file, clock=time.time),
        )
        gc_tuning.freeze_startup_objects()
        log.info("worker.ready", queues=[queue.name for queue in queues])
        async with reconciling(aws, settings, handler):
            await loop.run(stop)
    log.info("worker.stopped")


def main() -> None:
    """Run until stopped; exit with status 1 and one line where AWS or a queue can't be reached at the start."""
    settings = load(WorkerSettings)
    logging.configure(level=settings.log_level, json=settings.log_format == "json")
    telemetry.start("worker")
    try:
        uvloop.run(run(settings))
    except (QueueUnusableError, BotoCoreError, ClientError) as error:
        log.critical("worker.unusable", reason=str(error))
        sys.exit(1)
    finally:
        telemetry.stop()


if __name__ == "__main__":
    main()
