"""A dead-letter queue. After an inspection, all messages are visible again, except those sent back or deleted.

No AWS type passes this boundary.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from transcode.permissions import DEAD_LETTER_QUEUES, QUEUES, allow
from transcode.sqs import decode_attributes, encode_attributes
from worker.queue import BATCH_SIZE, CORRELATION_ATTRIBUTES, OPEN_PERMISSIONS, Queue
from worker.redrive.plan import DeadLetter

PERMISSIONS = (
    OPEN_PERMISSIONS
    | allow("sqs:SendMessage", on=QUEUES)
    | allow(
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
        on=DEAD_LETTER_QUEUES,
    )
)

HIDDEN_S = 300
"""Seconds for which received messages stay hidden if this process dies before it makes them visible again."""


class DeadLetterQueue:
    """The dead-letter queue of a queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._client = queue.client
        self._url = queue.dead_letter_url

    @asynccontextmanager
    async def received(self, *, limit: int) -> AsyncIterator[Sequence[DeadLetter]]:
        """Yield up to `limit` dead letters. Those neither sent back nor deleted are visible again after the context."""
        letters: list[DeadLetter] = []
        try:
            while len(letters) < limit and (received := await self._receive(min(BATCH_SIZE, limit - len(letters)))):
                letters.extend(received)
            yield letters
        finally:
            for letter in letters:
                await self._release(letter)

    async def send_back(self, letter: DeadLetter) -> None:
        """Send the message to its queue, then delete the dead letter. In this order, the message is never lost."""
        correlation = {name: letter.attributes[name] for name in CORRELATION_ATTRIBUTES if name in letter.attributes}
        await self._client.send_message(
            QueueUrl=self._queue.url, MessageBody=letter.body, MessageAttributes=encode_attributes(correlation)
        )
        await self.delete(letter)

    async def delete(self, letter: DeadLetter) -> None:
        """Delete the dead letter permanently."""
        await self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    async def _receive(self, count: int) -> Sequence[DeadLetter]:
        response = await self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=1,  # a long poll reads from all of SQS's servers, a short poll only from some
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [
            DeadLetter(
                message_id=message["MessageId"],
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                sent_s=int(message["Attributes"]["SentTimestamp"]) // 1000,
                receives=int(message["Attributes"]["ApproximateReceiveCount"]),
                attributes=decode_attributes(message.get("MessageAttributes", {})),
            )
            for message in response.get("Messages", [])
        ]

    async def _release(self, letter: DeadLetter) -> None:
        """Make the dead letter visible again.

        This is a batch call, because for a deleted message it reports a failure instead of raising an error.
        """
        await self._client.change_message_visibility_batch(
            QueueUrl=self._url, Entries=[{"Id": "0", "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}]
        )
