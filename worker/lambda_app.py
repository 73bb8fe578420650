"""The worker as a Lambda function: one event loop and one set of AWS clients, for the life of its container.

It uses the same handler as the poll loop. Lambda polls the queues, and deletes the messages that were handled.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from transcode.snapstart import after_restore, is_snapshotted
from worker.assembly import check_handler, open_intake, open_queue_meter, open_unchecked_handler
from worker.deliveries import MessageHandler
from worker.lambda_event import DirectEvent, QueueBatches, batch_item_failures, parse_invocation, require_done
from worker.lambda_runtime import LambdaRuntime
from worker.messages.payloads import JobStateChange
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry
from worker.queue import Queue, QueueUnusableError, open_queue
from worker.queue_meter import OccasionalMeter
from worker.retry import ALONE_TIMEOUT_S
from worker.settings import WorkerSettings
from worker.webhooks.assembly import open_deliveries

ALONE_MARGIN_S = 15
"""Seconds for the calls around a message that is handled alone."""

log = structlog.get_logger(__name__)


class Context(Protocol):
    """The part of Lambda's context that is used."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""


class LambdaWorker:
    """The handler of invocations. Call it only in the thread that created it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._queue_urls = {url.rsplit("/", 1)[-1]: url for url in _urls(settings)}
        self._submission_queue_url = settings.submission_queue_url
        self._queues: dict[str, Queue] = {}
        self._runtime = LambdaRuntime(settings)
        aws = self._runtime.aws
        self._sqs = self._runtime.open(aws.sqs())
        self._submission = self._runtime.open(open_unchecked_handler(aws, settings))
        self._handler = self._runtime.open(open_intake(aws, settings, self._submission))
        deliveries = self._runtime.open(open_deliveries(aws, settings))
        self._webhooks: Mapping[str, MessageHandler] = {each.endpoint.queue_name: each for each in deliveries}
        self._queue_urls |= {each.endpoint.queue_name: each.endpoint.queue_url for each in deliveries}
        self._meter = OccasionalMeter(self._runtime.open(open_queue_meter(aws, settings, self._submission)))
        if is_snapshotted():
            JobStateChange.model_rebuild()  # each copy would build this validator for its first message
        after_restore(lambda: self._runtime.run(check_handler(self._submission, settings)))

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
        """Return the messages of a queue's batch that Lambda must not delete; None for an event without a queue.

        Raises:
            NotHandledError: An event without a queue was not handled.
            QueueUnusableError: The messages come from a queue that isn't the worker's, or has no dead-letter queue.
        """
        return self._runtime.run(self._handle(parse_invocation(event, request_id=context.aws_request_id), context))

    async def _handle(self, invoked: QueueBatches | DirectEvent, context: Context) -> dict[str, Any] | None:
        try:
            return await self._handle_all(invoked, context)
        finally:
            await self._meter.measure_if_due()

    async def _handle_all(self, invoked: QueueBatches | DirectEvent, context: Context) -> dict[str, Any] | None:
        match invoked:
            case DirectEvent(message=message):
                require_done((await self._handler.handle([message])).get(message.message_id))
                return None
            case QueueBatches(batches=batches):
                failed = [await self._handle_batch(name, messages, context) for name, messages in batches.items()]
                return batch_item_failures([message_id for each in failed for message_id in each])

    async def _handle_batch(self, name: str, messages: Sequence[Message], context: Context) -> Sequence[str]:
        """Handle the messages of the queue, and return the ids of those that SQS must deliver again."""
        handler = self._handler_of(name)
        screening = await handler.screen(messages)
        outcomes = {**screening.outcomes, **await handler.handle(screening.ready)}
        together = [message for message in messages if message not in screening.suspects]
        failed = list(await self._apply_outcomes(name, together, outcomes))
        if screening.suspects:
            # Lambda deletes messages only after the invocation. If it dies now, they would be handled once more.
            queue = await self._queue(name)
            await queue.delete([message for message in together if message.message_id not in failed])
        for suspect in screening.suspects:
            failed += await self._apply_outcomes(name, [suspect], await _handle_alone(handler, suspect, context))
        return failed

    def _handler_of(self, name: str) -> MessageHandler:
        if name in self._webhooks:
            return self._webhooks[name]
        if name not in self._queue_urls:
            raise QueueUnusableError(
                f"queue {name} is none of UPLOADS_QUEUE_URL, SUBMISSION_QUEUE_URL, JOB_EVENTS_QUEUE_URL"
            )
        return self._submission if self._queue_urls[name] == self._submission_queue_url else self._handler

    async def _apply_outcomes(
        self, name: str, messages: Sequence[Message], outcomes: Mapping[str, Outcome]
    ) -> Sequence[str]:
        """Apply the outcomes, and return the ids of the messages that SQS must deliver again.

        Lambda deletes the messages that are done, so a batch of these needs neither the queue nor a client of SQS.
        """
        left = [message for message in messages if not isinstance(outcomes.get(message.message_id), Done)]
        if not left:
            return []
        queue = await self._queue(name)
        handled = await asyncio.gather(*(_apply_outcome(queue, m, outcomes.get(m.message_id)) for m in left))
        return [message.message_id for message, is_handled in zip(left, handled, strict=True) if not is_handled]

    async def _queue(self, name: str) -> Queue:
        """Return the queue, opened when it is needed for the first time."""
        if name not in self._queues:
            self._queues[name] = await open_queue(self._sqs, self._queue_urls[name])
        return self._queues[name]


async def _handle_alone(handler: MessageHandler, suspect: Message, context: Context) -> Mapping[str, Outcome]:
    """Handle the message if enough time is left; a timeout of the function would seem to be its fault."""
    if context.get_remaining_time_in_millis() < (ALONE_TIMEOUT_S + ALONE_MARGIN_S) * 1000:
        return {suspect.message_id: Retry(reason="too little time to handle it alone", delay_s=ALONE_TIMEOUT_S)}
    return await handler.handle_alone(suspect)


async def _apply_outcome(queue: Queue, message: Message, outcome: Outcome | None) -> bool:
    """Hide a message to retry, or move one that was given up; return whether Lambda may delete the message."""
    try:
        match outcome:
            case GiveUp(reason=reason):
                await queue.copy_to_dead_letter_queue(message, reason)
                return True
            case Retry(delay_s=delay_s):
                await queue.change_visibility([(message, delay_s)])
            case _:
                pass  # it has no outcome, so SQS delivers it again after the queue's visibility timeout
    except Exception:
        # SQS delivers it again after the queue's visibility timeout, which is safe.
        log.exception("message.not_settled", queue=queue.name, message_id=message.message_id)
    return False


def _urls(settings: WorkerSettings) -> tuple[str, str, str]:
    return settings.uploads_queue_url, settings.submission_queue_url, settings.job_events_queue_url
