"""The queue through which the service requests the deletion of an upload from the worker.

It is the queue of job events, as for a request to cancel: all workers handle its messages at once. No AWS type passes
this boundary.
"""

from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from transcode.delete_requested import delete_requested
from transcode.errors import DeleteNotConfiguredError
from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import current_correlation

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.JOB_EVENTS_QUEUE])


class DeleteRequests:
    """Sends requests to delete; without a queue URL it refuses them."""

    def __init__(self, client: "LazyClient[SQSClient]", *, queue_url: str | None, bucket: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket

    async def send(self, input_file: str, *, urls_until_s: int) -> None:
        """Request the deletion. A repeated request changes nothing.

        Signed URLs can write the input file until `urls_until_s` (Unix seconds).

        Raises:
            DeleteNotConfiguredError: No queue is configured.
        """
        if self._queue_url is None:
            raise DeleteNotConfiguredError
        client = await self._client.get()
        await client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=delete_requested(bucket=self._bucket, input_file=input_file, urls_until_s=urls_until_s),
            MessageAttributes=encode_attributes(current_correlation().as_message_attributes()),
        )
