"""The number of messages in the queues of uploads: uploads that have no job yet.

No AWS type passes this boundary.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.literals import QueueAttributeNameType

PERMISSIONS = allow("sqs:GetQueueAttributes", on=[Resource.UPLOADS_QUEUE, Resource.SUBMISSION_QUEUE])

COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
"""Messages that a worker can receive, that are delayed, and that a worker holds or that wait for their next attempt."""


class WaitingMessages:
    """The queues of uploads."""

    def __init__(self, client: "SQSClient", urls: Sequence[str]) -> None:
        self._client = client
        self._urls = urls

    async def count(self) -> int | None:
        """Return the number of messages in all the queues; None if SQS doesn't return one of the numbers.

        It makes one call for each queue. SQS counts approximately.
        """
        counts = await asyncio.gather(*map(self._count, self._urls))
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    async def _count(self, url: str) -> int | None:
        response = await self._client.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)
        numbers = [response.get("Attributes", {}).get(name) for name in COUNTS]
        known = [int(number) for number in numbers if number is not None]
        return sum(known) if len(known) == len(COUNTS) else None
