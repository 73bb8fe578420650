"""A queue and its dead-letter queue. Messages are received, deleted and hidden in batches of ten.

A queue can have a larger batch size for a backlog: the more events of one job a worker sees together, the fewer of
them need a write. The worker doesn't wait for more messages; it only takes those that are already in the queue.

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
from transcode.permissions import ALL_DEAD_LETTER_QUEUES, ALL_QUEUES, allow
from transcode.sqs import decode_attributes, encode_attributes
from worker.bounded_gather import bounded_gather
from worker.outcomes import FIRST_SEEN_KEY, REASON_KEY, Done, GiveUp, Message, Outcome, Retry
from worker.retry import MAX_DELIVERIES, RETENTION_S

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import SendMessageRequestTypeDef

OPEN_PERMISSIONS = allow("sqs:GetQueueAttributes", on=ALL_QUEUES) | allow("sqs:GetQueueUrl", on=ALL_DEAD_LETTER_QUEUES)
"""The permissions that `open_queue` needs."""
PERMISSIONS = (
    OPEN_PERMISSIONS
    | allow("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", on=ALL_QUEUES)
    | allow("sqs:SendMessage", on=ALL_DEAD_LETTER_QUEUES)
)

BATCH_SIZE = 10
LONG_POLL_S = 20
MAX_REASON_CHARACTERS = 256
CORRELATION_ATTRIBUTES = (REQUEST_ID_KEY, TRACE_PARENT_KEY)
"""The message attributes with correlation ids."""
RECEIVED_ATTRIBUTES = (*CORRELATION_ATTRIBUTES, FIRST_SEEN_KEY, REASON_KEY)
"""The message attributes that the worker requests with each message."""

MAX_BACKLOG_RECEIVE_S = 2.0
"""Seconds for which a worker receives a backlog, at most; a quarter of the visibility timeout if that is shorter."""
MAX_CONCURRENT_RECEIVES = 16
MAX_CONCURRENT_CALLS = 20
"""Calls that delete, hide or move messages at the same time."""

log = structlog.get_logger(__name__)

T = TypeVar("T")


class QueueUnusableError(Exception):
    """The queue can't be reached, or has no dead-letter queue for messages that can never be handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An SQS queue. A received message is hidden from other workers for `visibility_timeout_s` seconds."""

    client: "SQSClient"
    name: str
    url: str
    dead_letter_url: str
    visibility_timeout_s: int
    backlog_batch_size: int = BATCH_SIZE
    """Messages of a backlog that are handled together, approximately; ten if each message is separate work."""

    async def receive(self, *, wait_s: int = LONG_POLL_S, limit: int = BATCH_SIZE) -> Sequence[Message]:
        """Return up to `limit` messages (10 at most); none if no message comes within `wait_s` seconds (20 at most)."""
        response = await self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(limit, BATCH_SIZE),
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"],
            MessageAttributeNames=RECEIVED_ATTRIBUTES,
        )
        return [
            Message(
                message_id=message["MessageId"],
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                deliveries=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                attributes=decode_attributes(message.get("MessageAttributes", {})),
                sent_ms=int(message.get("Attributes", {}).get("SentTimestamp", 0)) or None,
                group=message.get("Attributes", {}).get("MessageGroupId"),
            )
            for message in response.get("Messages", [])
        ]

    async def receive_backlog(self) -> Sequence[Message]:
        """Return the messages that wait behind a full batch, up to `backlog_batch_size`; never wait for more.

        It doubles the number of concurrent receives as long as they return at least half of the requested messages.
        SQS reads from only some of its servers, so a batch that isn't full doesn't mean that the queue is empty. A
        failed receive isn't repeated.
        """
        clock = asyncio.get_running_loop().time
        deadline_s = clock() + min(MAX_BACKLOG_RECEIVE_S, self.visibility_timeout_s / 4)
        messages: list[Message] = []
        receives = 1
        while len(messages) < self.backlog_batch_size - BATCH_SIZE and clock() < deadline_s:
            results = await asyncio.gather(*(self.receive(wait_s=0) for _ in range(receives)), return_exceptions=True)
            batches = [result for result in results if not isinstance(result, BaseException)]
            messages += chain.from_iterable(batches)
            if sum(map(len, batches)) < receives * BATCH_SIZE / 2:
                break
            receives = min(2 * receives, MAX_CONCURRENT_RECEIVES)
        return messages

    async def apply_outcomes(self, messages: Sequence[Message], outcomes: Mapping[str, Outcome]) -> None:
        """Delete, hide or move each message to the dead-letter queue, as its outcome says.

        SQS delivers a message without an outcome again after the visibility timeout.
        """
        to_delete: list[Message] = []
        to_hide: list[tuple[Message, int]] = []
        given_up: list[tuple[Message, str]] = []
        for message in messages:
            match outcomes.get(message.message_id):
                case Done():
                    to_delete.append(message)
                case Retry(delay_s=delay_s):
                    to_hide.append((message, delay_s))
                case GiveUp(reason=reason):
                    given_up.append((message, reason))
                case None:
                    continue
        results = await asyncio.gather(
            self.delete(to_delete),
            self.change_visibility(to_hide),
            bounded_gather((self._bury(*each) for each in given_up), limit=MAX_CONCURRENT_CALLS),
            return_exceptions=True,
        )
        # A failed call must not prevent the others. SQS delivers the rest again after the visibility timeout.
        for error in results:
            if error is not None:
                raise error

    async def _bury(self, message: Message, reason: str) -> None:
        await self.copy_to_dead_letter_queue(message, reason)
        await self.delete([message])

    async def copy_to_dead_letter_queue(self, message: Message, reason: str) -> None:
        """Copy the message to the dead-letter queue, with the reason, its group, and the time from which it waited.

        The caller then deletes the message here. SQS keeps the copy for 14 days from now.
        """
        attributes = {**message.attributes, REASON_KEY: reason[:MAX_REASON_CHARACTERS] or "unknown"}
        if message.first_seen_ms is not None:
            attributes.setdefault(FIRST_SEEN_KEY, str(message.first_seen_ms))
        request: SendMessageRequestTypeDef = {
            "QueueUrl": self.dead_letter_url,
            "MessageBody": message.body,
            "MessageAttributes": encode_attributes(attributes),
        }
        if message.group is not None:
            request["MessageGroupId"] = message.group  # a redrive gives it back, so the queue stays fair
        await self.client.send_message(**request)
        log.warning(
            "message.buried",
            queue=self.name,
            message_id=message.message_id,
            reason=reason,
            deliveries=message.deliveries,
            first_seen_ms=message.first_seen_ms,
        )

    async def extend_visibility(self, messages: Sequence[Message]) -> None:
        """Hide received messages for another visibility timeout."""
        await self.change_visibility([(message, self.visibility_timeout_s) for message in messages])

    async def change_visibility(self, delays: Sequence[tuple[Message, int]]) -> None:
        """Make each message visible again after its delay, in seconds."""
        await bounded_gather(map(self._change_visibility_of_batch, _batches(delays)), limit=MAX_CONCURRENT_CALLS)

    async def _change_visibility_of_batch(self, delays: Sequence[tuple[Message, int]]) -> None:
        response = await self.client.change_message_visibility_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": delay_s}
                for index, (message, delay_s) in enumerate(delays)
            ],
        )
        self._log_failed("message.not_released", response.get("Failed", []))

    async def delete(self, messages: Sequence[Message]) -> None:
        """Delete the messages. A message whose deletion fails is delivered again."""
        await bounded_gather(map(self._delete_batch, _batches(messages)), limit=MAX_CONCURRENT_CALLS)

    async def _delete_batch(self, messages: Sequence[Message]) -> None:
        response = await self.client.delete_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(index), "ReceiptHandle": message.receipt} for index, message in enumerate(messages)],
        )
        self._log_failed("message.not_deleted", response.get("Failed", []))

    def _log_failed(self, event: str, failed: Sequence[Mapping[str, Any]]) -> None:
        """Log the failed entries. SQS delivers their messages again, which is safe, so no other action is needed."""
        for entry in failed:
            log.warning(event, queue=self.name, reason=entry.get("Code"))


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH_SIZE] for start in range(0, len(items), BATCH_SIZE))


async def open_queue(client: "SQSClient", url: str, *, backlog_batch_size: int = BATCH_SIZE) -> Queue:
    """Return the queue, after a check that it is reachable and has a dead-letter queue.

    Raises:
        QueueUnusableError: The queue has no dead-letter queue.
        ClientError: The queue, or the dead-letter queue that its redrive policy names, doesn't exist.
    """
    name = url.rsplit("/", 1)[-1]
    response = await client.get_queue_attributes(
        QueueUrl=url, AttributeNames=["MessageRetentionPeriod", "RedrivePolicy", "VisibilityTimeout"]
    )
    attributes = response.get("Attributes", {})
    policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    if "deadLetterTargetArn" not in policy:
        raise QueueUnusableError(f"queue {name} has no dead-letter queue")
    retention_s = int(attributes.get("MessageRetentionPeriod", RETENTION_S))
    if int(policy.get("maxReceiveCount", 0)) <= MAX_DELIVERIES or retention_s < RETENTION_S:
        # A deployment keeps its parameters: MaxReceiveCount was 5 before the worker counted failures itself.
        log.warning(
            "queue.gives_up_early", queue=name, max_receive_count=policy.get("maxReceiveCount"), retention_s=retention_s
        )
    dead_letter_name = policy["deadLetterTargetArn"].rsplit(":", 1)[-1]
    dead_letter = await client.get_queue_url(QueueName=dead_letter_name)
    return Queue(
        client=client,
        name=name,
        url=url,
        dead_letter_url=dead_letter["QueueUrl"],
        visibility_timeout_s=int(attributes.get("VisibilityTimeout", 30)),
        backlog_batch_size=backlog_batch_size,
    )
