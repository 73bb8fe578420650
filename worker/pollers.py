"""The pollers of a worker process: those of the uploads queue and of job events, and its share of the submitters."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.aws import Aws
from worker.assembly import open_intake
from worker.deliveries import DeliveryHandler
from worker.gates import RestGate, SubmissionGate
from worker.loop import Poller
from worker.queue import Queue, open_queue
from worker.rest import Rest
from worker.settings import WorkerSettings
from worker.slots import Slot
from worker.submission.hold_back import HoldBack
from worker.submission.pace import BATCHES, Pace
from worker.submission.pacer import Pacer
from worker.webhooks.gate import EndpointGate

if TYPE_CHECKING:
    from worker.webhooks.delivery import WebhookDelivery

BACKLOG_BATCH_SIZE = 2_500
"""Job events of a backlog that the worker handles together: ten events of each of 250 jobs need 250 writes. Each event
needs about 5 kB of memory until it is handled. They are in flight meanwhile, and SQS allows 120,000 in a queue: ten
workers with two pollers each have 50,000. If the worker dies, each of them has used up one delivery."""


async def open_pollers(aws: Aws, settings: WorkerSettings, handler: DeliveryHandler) -> Sequence[Poller]:
    """Return the pollers of the uploads queue and of the queue of job events.

    Raises:
        QueueUnusableError: A queue has no dead-letter queue.
        ClientError: A queue can't be reached.
    """
    sqs = await aws.sqs()
    intake = await open_intake(aws, settings, handler)
    uploads = await open_queue(sqs, settings.uploads_queue_url)
    job_events = await open_queue(sqs, settings.job_events_queue_url, backlog_batch_size=BACKLOG_BATCH_SIZE)
    return [poller for queue in (uploads, job_events) for poller in _pollers_of(queue, intake, number=settings.pollers)]


async def open_submitters(
    aws: Aws, settings: WorkerSettings, handler: DeliveryHandler, slots: Sequence[Slot]
) -> Sequence[Poller]:
    """Return a poller of the submission queue for each slot. It polls while this worker holds the slot."""
    queue, rest = await open_queue(await aws.sqs(), settings.submission_queue_url), Rest()
    return [_submitter(queue, handler, slot, rest, settings) for slot in slots]


def open_slots(settings: WorkerSettings, handler: DeliveryHandler) -> Sequence[Slot]:
    """Return the slots of all submitters, for this worker to get those that it can."""
    key_table = handler.submitter.key_table
    return [Slot(key_table, number, lease_s=settings.claim_lease_s) for number in range(settings.submitters)]


async def open_webhook_pollers(aws: Aws, deliveries: "Sequence[WebhookDelivery]") -> Sequence[Poller]:
    """Return one poller for each endpoint of webhooks.

    Raises:
        QueueUnusableError: A queue has no dead-letter queue.
        ClientError: A queue can't be reached.
    """
    sqs = await aws.sqs()
    return [
        Poller(queue=await open_queue(sqs, each.endpoint.queue_url), handler=each, gate=EndpointGate(rest=each.rest))
        for each in deliveries
    ]


def _pollers_of(queue: Queue, handler: DeliveryHandler, *, number: int) -> Sequence[Poller]:
    gate = RestGate(rest=Rest(), limit=queue.backlog_batch_size)
    return [Poller(queue=queue, handler=handler, gate=gate)] * number


def _submitter(queue: Queue, handler: DeliveryHandler, slot: Slot, rest: Rest, settings: WorkerSettings) -> Poller:
    pacer = Pacer(pace=Pace(start_per_s=settings.submissions_per_s))
    mediaconvert = handler.submitter.mediaconvert

    async def count_waiting() -> int:
        return (await mediaconvert.queue_counts()).submitted

    gate = SubmissionGate(
        slot=slot,
        rest=rest,
        pace=pacer.pace,
        calls=pacer.calls,
        hold_back=HoldBack(limit=settings.mediaconvert_backlog, submitters=settings.submitters),
        count_waiting=count_waiting,
    )
    submitter = replace(handler.submitter, pacer=pacer)
    paced = replace(handler, batch=replace(handler.batch, submitter=submitter))
    return Poller(queue=queue, handler=paced, gate=gate, batches=BATCHES, started=gate.started)
