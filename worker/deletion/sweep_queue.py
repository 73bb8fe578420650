"""The queue through which the worker comes back to a deleted upload, after the last signed URL has expired.

SQS delays a message by 15 minutes at most, and a message that a worker hides counts against the queue's limit of
messages in flight. So a worker sends the message on until its time has come. No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from transcode.delete_requested import delete_requested
from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import current_correlation

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.JOB_EVENTS_QUEUE])

MAX_DELAY_S = 240
"""Seconds for which one message waits: less than the age of a job event at which the alarm fires (OldestJobEventS)."""


class SweepQueue:
    """Sends the messages."""

    def __init__(self, client: "SQSClient", *, queue_url: str, bucket: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket

    async def send(self, input_file: str, *, urls_until_s: int, delay_s: int) -> None:
        """Request another look at the deleted upload, after `delay_s` seconds or after the longest delay."""
        await self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=delete_requested(bucket=self._bucket, input_file=input_file, urls_until_s=urls_until_s),
            DelaySeconds=min(delay_s, MAX_DELAY_S),
            MessageAttributes=encode_attributes(current_correlation().as_message_attributes()),
        )
