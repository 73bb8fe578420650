"""Moves dead letters in paced batches of ten: where SQS has no move tasks, and for a limited number of letters.

It copies a letter with all its attributes, as a move task does, and then deletes it. In this order, a letter is never
lost: after a crash between the two steps, it is in both queues. No AWS type passes this boundary.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from transcode.permissions import ALL_DEAD_LETTER_QUEUES, ALL_QUEUES, allow
from worker.queue import BATCH_SIZE, Queue
from worker.redrive.move_plan import batches
from worker.redrive.queue import HIDDEN_S

PERMISSIONS = allow("sqs:SendMessage", on=ALL_QUEUES) | allow(
    "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", on=ALL_DEAD_LETTER_QUEUES
)

MOVE_HIDDEN_S = 15
"""Seconds for which letters stay hidden after a crash in the middle of a round; a round without faults is shorter."""


@dataclass(slots=True, kw_only=True)
class PacedMove:
    """A move of the letters that were sent before `sent_before_ms`, and of no letter that arrives meanwhile.

    Without this bound, a malformed letter would be moved again as soon as the worker has sent it back.
    """

    queue: Queue
    sent_before_ms: float
    moved: int = 0
    failures: list[str] = field(default_factory=list)
    """The reasons for which SQS refused letters. Those letters stay."""
    _kept: list[str] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """The number of received letters that this move leaves in the dead-letter queue; they are hidden meanwhile."""
        return len(self._kept)

    async def move(self, count: int) -> int:
        """Move up to `count` letters; return the number of received ones, which is 0 if none is visible."""
        sizes = [min(BATCH_SIZE, count - start) for start in range(0, count, BATCH_SIZE)]
        received = list(chain.from_iterable(await asyncio.gather(*map(self._receive, sizes))))
        letters = [each for each in received if int(each["Attributes"]["SentTimestamp"]) < self.sent_before_ms]
        groups = [letters[each.start : each.stop] for each in batches([_size_bytes(letter) for letter in letters])]
        sent = list(chain.from_iterable(await asyncio.gather(*map(self._send, groups))))
        await self._delete(sent)
        self.moved += len(sent)
        await self._keep([each["ReceiptHandle"] for each in received if each not in sent])
        return len(received)

    async def release(self) -> None:
        """Make the letters visible again that this move received and left."""
        await self._hide(self._kept, seconds=0)
        self._kept.clear()

    async def _receive(self, count: int) -> Sequence[Any]:
        response = await self.queue.client.receive_message(
            QueueUrl=self.queue.dead_letter_url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=MOVE_HIDDEN_S,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["SentTimestamp", "MessageGroupId"],
            MessageAttributeNames=["All"],
        )
        return response.get("Messages", [])

    async def _send(self, letters: Sequence[Any]) -> Sequence[Any]:
        """Return the letters that SQS accepted."""
        response = await self.queue.client.send_message_batch(
            QueueUrl=self.queue.url, Entries=[_entry(index, letter) for index, letter in enumerate(letters)]
        )
        self.failures += [each.get("Code", "unknown") for each in response.get("Failed", [])]
        return [letters[int(each["Id"])] for each in response.get("Successful", [])]

    async def _delete(self, letters: Sequence[Any]) -> None:
        await asyncio.gather(
            *(
                self.queue.client.delete_message_batch(QueueUrl=self.queue.dead_letter_url, Entries=entries)
                for entries in _chunks({"ReceiptHandle": letter["ReceiptHandle"]} for letter in letters)
            )
        )

    async def _keep(self, receipts: Sequence[str]) -> None:
        """Hide letters until the end of this move, so that it doesn't receive them again."""
        self._kept += receipts
        await self._hide(receipts, seconds=HIDDEN_S)

    async def _hide(self, receipts: Sequence[str], *, seconds: int) -> None:
        for entries in _chunks({"ReceiptHandle": receipt, "VisibilityTimeout": seconds} for receipt in receipts):
            await self.queue.client.change_message_visibility_batch(
                QueueUrl=self.queue.dead_letter_url, Entries=entries
            )


def _entry(index: int, letter: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- an entry of SQS's, which stays in here
    entry = {"Id": str(index), "MessageBody": letter["Body"]}
    if attributes := letter.get("MessageAttributes"):
        entry["MessageAttributes"] = attributes
    if group := letter["Attributes"].get("MessageGroupId"):
        entry["MessageGroupId"] = group
    return entry


def _chunks(entries: Iterable[dict[str, Any]]) -> Sequence[Any]:
    numbered = [{"Id": str(index % BATCH_SIZE), **entry} for index, entry in enumerate(entries)]
    return [numbered[start : start + BATCH_SIZE] for start in range(0, len(numbered), BATCH_SIZE)]


def _size_bytes(letter: Mapping[str, Any]) -> int:
    """Return the size as SQS counts it: the body, and each attribute's name, type and value."""
    parts = [letter["Body"]]
    for name, attribute in letter.get("MessageAttributes", {}).items():
        parts += [name, attribute["DataType"], attribute.get("StringValue", "")]
    binary = (len(each.get("BinaryValue", b"")) for each in letter.get("MessageAttributes", {}).values())
    return sum(len(part.encode()) for part in parts) + sum(binary)
