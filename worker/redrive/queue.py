"""A dead-letter queue, as it is looked through: everything is put back as it was, but for what is chosen.

No AWS type passes this boundary.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from transcode.permissions import DEAD_LETTER_QUEUES, QUEUES, allow
from transcode.sqs import decode_attributes, encode_attributes
from worker.queue import BATCH_SIZE, CORRELATION_ATTRIBUTES, OPENING, Queue
from worker.redrive.plan import DeadLetter

PERMISSIONS = (
    OPENING
    | allow("sqs:SendMessage", on=QUEUES)
    | allow(
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
        on=DEAD_LETTER_QUEUES,
    )
)

HIDDEN_S = 300
"""Seconds for which looked-at messages stay hidden, should this process die before it puts them back."""


class DeadLetterQueue:
    """The dead-letter queue of one of our queues."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._client = queue.client
        self._url = queue.dead_letter_url

    @asynccontextmanager
    async def opened(self, *, limit: int) -> AsyncIterator[Sequence[DeadLetter]]:
        """Give up to `limit` letters; those neither sent back nor deleted are visible again after the context."""
        letters: list[DeadLetter] = []
        try:
            while len(letters) < limit and (found := await self._receive(min(BATCH_SIZE, limit - len(letters)))):
                letters.extend(found)
            yield letters
        finally:
            for letter in letters:
                await self._release(letter)

    async def send_back(self, letter: DeadLetter) -> None:
        """Put the letter's body into its queue, then delete the letter: in this order, so that it is never lost."""
        correlation = {name: letter.attributes[name] for name in CORRELATION_ATTRIBUTES if name in letter.attributes}
        await self._client.send_message(
            QueueUrl=self._queue.url, MessageBody=letter.body, MessageAttributes=encode_attributes(correlation)
        )
        await self.delete(letter)

    async def delete(self, letter: DeadLetter) -> None:
        """Delete the letter for good."""
        await self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    async def _receive(self, count: int) -> Sequence[DeadLetter]:
        answer = await self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=1,  # a long poll asks all of SQS's servers, a short one only some
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
            for message in answer.get("Messages", [])
        ]

    async def _release(self, letter: DeadLetter) -> None:
        """Make the letter visible; a batch call, because it says of a deleted one that it failed, and raises not."""
        await self._client.change_message_visibility_batch(
            QueueUrl=self._url, Entries=[{"Id": "0", "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}]
        )
