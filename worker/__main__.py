"""`python -m worker`: consume both queues until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
import time

import structlog
import uvloop
from botocore.exceptions import BotoCoreError, ClientError

from transcode import log as logging
from transcode.aws import Aws, open_aws
from transcode.dynamodb import Lifetimes
from transcode.lookup import LookupTable
from transcode.settings import load
from transcode.status import StatusTable
from worker.apply import Applier
from worker.artifacts import ArtifactStore
from worker.batch import BatchHandler
from worker.encoder import Encoder
from worker.events import Reader
from worker.job_request import JobDefaults
from worker.loop import Loop
from worker.outputs import OutputTable
from worker.queue import QueueUnusableError, open_queue
from worker.sanitise import Sanitiser
from worker.settings import WorkerSettings
from worker.submit import Submitter

log = structlog.get_logger("worker")


async def handler(aws: Aws, settings: WorkerSettings) -> BatchHandler:
    """Return what handles messages, put together from clients that `aws` opens."""
    dynamodb = await aws.dynamodb()
    lifetimes = Lifetimes(changed_s=settings.status_ttl_s, waiting_s=settings.output_ttl_s)
    statuses = StatusTable(dynamodb, settings.status_table, lifetimes)
    lookups = LookupTable(dynamodb, settings.input_file_table, lifetimes)
    outputs = OutputTable(dynamodb, settings.output_table, ttl_s=settings.output_ttl_s)
    sanitiser = Sanitiser(secrets=(settings.input_bucket, settings.output_bucket, settings.mediaconvert_role))
    mediaconvert = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    return BatchHandler(
        reader=Reader(input_bucket=settings.input_bucket, upload_prefix=settings.upload_prefix, sanitiser=sanitiser),
        submitter=Submitter(
            outputs=outputs,
            lookups=lookups,
            statuses=statuses,
            encoder=Encoder(mediaconvert, _defaults(settings), sanitiser),
            clock=time.time,
        ),
        applier=Applier(
            statuses=statuses,
            outputs=outputs,
            artifacts=ArtifactStore(await aws.s3(), settings.output_bucket),
            clock=time.time,
        ),
    )


def _defaults(settings: WorkerSettings) -> JobDefaults:
    return JobDefaults(
        input_bucket=settings.input_bucket,
        output_bucket=settings.output_bucket,
        role=settings.mediaconvert_role,
        template=settings.mediaconvert_job_template,
        queue=settings.mediaconvert_queue,
        status_update_interval_s=settings.status_update_interval_s,
    )


async def run(settings: WorkerSettings) -> None:
    """Run the worker until a signal to stop; see first that it reaches its queues."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        sqs = await aws.sqs()
        queues = [await open_queue(sqs, url) for url in (settings.uploads_queue_url, settings.job_events_queue_url)]
        loop = Loop(
            queues=queues,
            handler=await handler(aws, settings),
            pollers=settings.pollers,
            stop_grace_s=settings.stop_grace_s,
        )
        log.info("worker.ready", queues=[queue.name for queue in queues])
        await loop.run(stop)
    log.info("worker.stopped")


def main() -> None:
    """Run until stopped; exit with status 1 and one line where AWS or a queue can't be reached at the start."""
    settings = load(WorkerSettings)
    logging.configure(level=settings.log_level, json=settings.log_format == "json")
    try:
        uvloop.run(run(settings))
    except (QueueUnusableError, BotoCoreError, ClientError) as error:
        log.critical("worker.unusable", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
