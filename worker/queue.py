"""A queue and its dead-letter queue: messages come in batches of ten, and are settled in batches of ten.

No AWS type passes this boundary.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from transcode.permissions import DEAD_LETTER_QUEUES, QUEUES, allow
from worker.settle import Bury, Done, Later, Message, Outcome

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

log = structlog.get_logger(__name__)


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

    async def receive(self, *, wait_s: int = LONG_POLL_S) -> Sequence[Message]:
        """Return up to ten messages; none after `wait_s` seconds (20 at most) without any."""
        answer = await self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=BATCH_SIZE,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                message_id=message["MessageId"],
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                deliveries=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in answer.get("Messages", [])
        ]

    async def settle(self, messages: Sequence[Message], outcomes: Mapping[str, Outcome]) -> None:
        """Do with each message what was decided; one without an outcome comes again after its timeout."""
        finished: list[Message] = []
        later: list[tuple[Message, int]] = []
        for message in messages:
            match outcomes.get(message.message_id):
                case Done():
                    finished.append(message)
                case Later(delay_s=delay_s):
                    later.append((message, delay_s))
                case Bury(reason=reason):
                    await self.bury(message, reason)
                    finished.append(message)
                case None:
                    continue
        await asyncio.gather(self._delete(finished), self.hide(later))

    async def bury(self, message: Message, reason: str) -> None:
        """Copy the message to the dead-letter queue with the reason; deleting it here comes after."""
        await self.client.send_message(
            QueueUrl=self.dead_letter_url,
            MessageBody=message.body,
            MessageAttributes={"Reason": {"DataType": "String", "StringValue": reason[:LONGEST_REASON] or "unknown"}},
        )

    async def extend(self, messages: Sequence[Message]) -> None:
        """Keep messages in hand hidden for another visibility timeout."""
        await self.hide([(message, self.visibility_timeout_s) for message in messages])

    async def _delete(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        answer = await self.client.delete_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(at), "ReceiptHandle": message.receipt} for at, message in enumerate(messages)],
        )
        self._report("message.not_deleted", answer.get("Failed", []))

    async def hide(self, delays: Sequence[tuple[Message, int]]) -> None:
        """Let each message come again after its delay, in seconds."""
        if not delays:
            return
        answer = await self.client.change_message_visibility_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(at), "ReceiptHandle": message.receipt, "VisibilityTimeout": delay_s}
                for at, (message, delay_s) in enumerate(delays)
            ],
        )
        self._report("message.not_released", answer.get("Failed", []))

    def _report(self, event: str, failed: Sequence[Mapping[str, Any]]) -> None:
        """A message that could not be settled comes again, which is safe: only say so."""
        for entry in failed:
            log.warning(event, queue=self.name, reason=entry.get("Code"))


async def open_queue(client: "SQSClient", url: str) -> Queue:
    """Return the queue, having seen that it can be reached and has a dead-letter queue.

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
    )
