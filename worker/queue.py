"""A queue and its dead-letter queue: messages come in batches of ten, and are settled in batches of ten.

A backlog is taken in larger lots where the queue is opened so, because the more of one job's events are seen together,
the fewer of them need a write. Nothing waits for that: only what is there already is taken along.

No AWS type passes this boundary.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from transcode.correlation import REQUEST_ID_KEY, TRACE_PARENT_KEY
from transcode.permissions import DEAD_LETTER_QUEUES, QUEUES, allow
from transcode.sqs import decode_attributes, encode_attributes
from worker.bounded_gather import bounded_gather
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

OPENING = allow("sqs:GetQueueAttributes", on=QUEUES) | allow("sqs:GetQueueUrl", on=DEAD_LETTER_QUEUES)
"""What `open_queue` takes."""
PERMISSIONS = (
    OPENING
    | allow("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", on=QUEUES)
    | allow("sqs:SendMessage", on=DEAD_LETTER_QUEUES)
)

BATCH_SIZE = 10
LONG_POLL_S = 20
LONGEST_REASON = 256
CORRELATION_ATTRIBUTES = (REQUEST_ID_KEY, TRACE_PARENT_KEY)
"""The attributes that are asked for: what follows an upload."""

GATHERED_WITHIN_S = 2.0
"""Seconds for which a backlog is gathered at most, or a quarter of the visibility timeout where that is shorter."""
MOST_RECEIVES = 16
MOST_SETTLING = 20
"""Calls under way at the same time."""

log = structlog.get_logger(__name__)

T = TypeVar("T")


class QueueUnusableError(Exception):
    """The queue can't be reached, or has no dead-letter queue for what can never be handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue of ours. `visibility_timeout_s` is how long a message in hand stays hidden from other workers."""

    client: "SQSClient"
    name: str
    url: str
    dead_letter_url: str
    visibility_timeout_s: int
    lot: int = BATCH_SIZE
    """Messages of a backlog that are taken together, about; ten where each message is work of its own."""

    async def receive(self, *, wait_s: int = LONG_POLL_S) -> Sequence[Message]:
        """Return up to ten messages; none after `wait_s` seconds (20 at most) without any."""
        answer = await self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=BATCH_SIZE,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            MessageAttributeNames=CORRELATION_ATTRIBUTES,
        )
        return [
            Message(
                message_id=message["MessageId"],
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                deliveries=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                attributes=decode_attributes(message.get("MessageAttributes", {})),
                sent_ms=int(message.get("Attributes", {}).get("SentTimestamp", 0)) or None,
            )
            for message in answer.get("Messages", [])
        ]

    async def receive_more(self) -> Sequence[Message]:
        """Return what waits behind a full batch, up to the lot: at once, however little that is.

        Asks twice as much each time, for as long as at least half of what it asks for comes: SQS looks into some of its
        servers only, so a batch that isn't full doesn't mean that nothing is left. What fails is asked for no more.
        """
        clock = asyncio.get_running_loop().time
        until_s = clock() + min(GATHERED_WITHIN_S, self.visibility_timeout_s / 4)
        taken: list[Message] = []
        receives = 1
        while len(taken) < self.lot - BATCH_SIZE and clock() < until_s:
            answers = await asyncio.gather(*(self.receive(wait_s=0) for _ in range(receives)), return_exceptions=True)
            batches = [answer for answer in answers if not isinstance(answer, BaseException)]
            taken += chain.from_iterable(batches)
            if sum(map(len, batches)) < receives * BATCH_SIZE / 2:
                break
            receives = min(2 * receives, MOST_RECEIVES)
        return taken

    async def settle(self, messages: Sequence[Message], outcomes: Mapping[str, Outcome]) -> None:
        """Do with each message what was decided; one without an outcome comes again after its timeout."""
        finished: list[Message] = []
        later: list[tuple[Message, int]] = []
        hopeless: list[tuple[Message, str]] = []
        for message in messages:
            match outcomes.get(message.message_id):
                case Done():
                    finished.append(message)
                case Retry(delay_s=delay_s):
                    later.append((message, delay_s))
                case GiveUp(reason=reason):
                    hopeless.append((message, reason))
                case None:
                    continue
        await bounded_gather((self.bury(*each) for each in hopeless), most=MOST_SETTLING)
        finished += [message for message, _ in hopeless]
        await asyncio.gather(self._delete(finished), self.hide(later))

    async def bury(self, message: Message, reason: str) -> None:
        """Copy the message to the dead-letter queue with the reason; deleting it here comes after."""
        attributes = {**message.attributes, "Reason": reason[:LONGEST_REASON] or "unknown"}
        await self.client.send_message(
            QueueUrl=self.dead_letter_url, MessageBody=message.body, MessageAttributes=encode_attributes(attributes)
        )
        log.warning("message.buried", queue=self.name, message_id=message.message_id, reason=reason)

    async def extend(self, messages: Sequence[Message]) -> None:
        """Keep messages in hand hidden for another visibility timeout."""
        await self.hide([(message, self.visibility_timeout_s) for message in messages])

    async def hide(self, delays: Sequence[tuple[Message, int]]) -> None:
        """Let each message come again after its delay, in seconds."""
        await bounded_gather(map(self._hide_batch, _batches(delays)), most=MOST_SETTLING)

    async def _hide_batch(self, delays: Sequence[tuple[Message, int]]) -> None:
        answer = await self.client.change_message_visibility_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(at), "ReceiptHandle": message.receipt, "VisibilityTimeout": delay_s}
                for at, (message, delay_s) in enumerate(delays)
            ],
        )
        self._report("message.not_released", answer.get("Failed", []))

    async def _delete(self, messages: Sequence[Message]) -> None:
        await bounded_gather(map(self._delete_batch, _batches(messages)), most=MOST_SETTLING)

    async def _delete_batch(self, messages: Sequence[Message]) -> None:
        answer = await self.client.delete_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(at), "ReceiptHandle": message.receipt} for at, message in enumerate(messages)],
        )
        self._report("message.not_deleted", answer.get("Failed", []))

    def _report(self, event: str, failed: Sequence[Mapping[str, Any]]) -> None:
        """A message that could not be settled comes again, which is safe: only say so."""
        for entry in failed:
            log.warning(event, queue=self.name, reason=entry.get("Code"))


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + BATCH_SIZE] for at in range(0, len(items), BATCH_SIZE))


async def open_queue(client: "SQSClient", url: str, *, lot: int = BATCH_SIZE) -> Queue:
    """Return the queue, having seen that it can be reached and has a dead-letter queue.

    `lot` is how many messages of a backlog are taken together.

    Raises:
        QueueUnusableError: It has none, or its redrive policy names one that isn't there.
    """
    name = url.rsplit("/", 1)[-1]
    answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy", "VisibilityTimeout"])
    attributes = answer.get("Attributes", {})
    policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    if "deadLetterTargetArn" not in policy:
        raise QueueUnusableError(f"queue {name} has no dead-letter queue")
    dead_letter_name = policy["deadLetterTargetArn"].rsplit(":", 1)[-1]
    dead_letter = await client.get_queue_url(QueueName=dead_letter_name)
    return Queue(
        client=client,
        name=name,
        url=url,
        dead_letter_url=dead_letter["QueueUrl"],
        visibility_timeout_s=int(attributes.get("VisibilityTimeout", 30)),
        lot=lot,
    )
