"""The queue through which the service requests another job of a file from the worker.

No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from service.aws.multipart import StoredObject
from transcode.errors import RetryNotConfiguredError
from transcode.job_requested import job_requested
from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import current_correlation

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.UPLOADS_QUEUE])


class JobRequests:
    """Sends requests for jobs; without a queue URL it refuses them."""

    def __init__(self, client: "LazyClient[SQSClient]", *, queue_url: str | None, bucket: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket

    async def send(self, input_file: str, stored: StoredObject, *, replaces: str) -> None:
        """Request a job for this object version in place of another. A repeated request creates no further job.

        Raises:
            RetryNotConfiguredError: No queue is configured.
        """
        if self._queue_url is None:
            raise RetryNotConfiguredError
        message = job_requested(
            bucket=self._bucket,
            key=input_file,
            size_bytes=stored.size_bytes,
            etag=stored.etag,
            version_id=stored.version_id,
            replaces=replaces,
        )
        client = await self._client.get()
        await client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=message,
            MessageAttributes=encode_attributes(current_correlation().as_message_attributes()),
        )
