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

    async def count(self) -> int:
        """Return the number of messages in all the queues, with one call for each queue. SQS counts approximately."""
        return sum(await asyncio.gather(*map(self._count, self._urls)))

    async def _count(self, url: str) -> int:
        response = await self._client.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)
        return sum(int(response["Attributes"][name]) for name in COUNTS)
