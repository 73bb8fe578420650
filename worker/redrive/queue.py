"""A dead-letter queue: its counts, and its letters, to read or to delete.

After a reading, all letters are visible again, except the deleted ones. No AWS type passes this boundary.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

from transcode.permissions import ALL_DEAD_LETTER_QUEUES, allow
from transcode.sqs import decode_attributes
from worker.bounded_gather import bounded_gather
from worker.queue import BATCH_SIZE, OPEN_PERMISSIONS, Queue
from worker.redrive.move_plan import LetterCounts
from worker.redrive.plan import DeadLetter

PERMISSIONS = OPEN_PERMISSIONS | allow(
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    on=ALL_DEAD_LETTER_QUEUES,
)

HIDDEN_S = 300
"""Seconds for which received letters stay hidden if this process dies before it makes them visible again."""
MAX_READ_S = 120
"""Seconds for which letters are received, so that the first ones are still hidden when the last ones are printed."""
MAX_CONCURRENT_CALLS = 10


class DeadLetterQueue:
    """The dead-letter queue of a queue."""

    def __init__(self, queue: Queue) -> None:
        self._client = queue.client
        self._url = queue.dead_letter_url

    async def counts(self) -> LetterCounts:
        """Return SQS's approximate counts."""
        response = await self._client.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        attributes = response["Attributes"]
        return LetterCounts(
            visible=int(attributes["ApproximateNumberOfMessages"]),
            hidden=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    @asynccontextmanager
    async def received(self, *, limit: int) -> AsyncIterator[Sequence[DeadLetter]]:
        """Yield up to `limit` letters, as many as arrive within two minutes; all are visible again after the context.

        A deleted letter doesn't come back.
        """
        clock = asyncio.get_running_loop().time
        deadline_s = clock() + MAX_READ_S
        letters: list[DeadLetter] = []
        try:
            while len(letters) < limit and clock() < deadline_s:
                receives = min(MAX_CONCURRENT_CALLS, -(-(limit - len(letters)) // BATCH_SIZE))
                counts = [min(BATCH_SIZE, limit - len(letters) - BATCH_SIZE * index) for index in range(receives)]
                received = list(chain.from_iterable(await asyncio.gather(*map(self._receive, counts))))
                letters += received
                if not received:
                    break
            yield letters
        finally:
            await self._release(letters)

    async def delete(self, letter: DeadLetter) -> None:
        """Delete the letter permanently."""
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
        return [_letter(message) for message in response.get("Messages", [])]

    async def _release(self, letters: Sequence[DeadLetter]) -> None:
        """Make the letters visible again. For a deleted letter, SQS reports a failure instead of raising an error."""
        receipts = [letter.receipt for letter in letters]
        chunks = [receipts[start : start + BATCH_SIZE] for start in range(0, len(receipts), BATCH_SIZE)]
        await bounded_gather(map(self._release_batch, chunks), limit=MAX_CONCURRENT_CALLS)

    async def _release_batch(self, receipts: Sequence[str]) -> None:
        await self._client.change_message_visibility_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for index, receipt in enumerate(receipts)
            ],
        )


def _letter(message: Mapping[str, Any]) -> DeadLetter:
    return DeadLetter(
        message_id=message["MessageId"],
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        sent_s=int(message["Attributes"]["SentTimestamp"]) // 1000,
        receives=int(message["Attributes"]["ApproximateReceiveCount"]),
        attributes=decode_attributes(message.get("MessageAttributes", {})),
    )
