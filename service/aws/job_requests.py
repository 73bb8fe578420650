"""The queue by which the service asks the worker for another job of a file.

No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from service.aws.multipart import StoredObject
from transcode.errors import RetryNotConfiguredError
from transcode.job_requested import job_requested
from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import outgoing

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.UPLOADS_QUEUE])


class JobRequests:
    """Requests for jobs; without a queue's address there can be none."""

    def __init__(self, client: "LazyClient[SQSClient]", *, queue_url: str | None, bucket: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket

    async def send(self, input_file: str, there: StoredObject, *, replaces: str) -> None:
        """Ask for a job of this object version in place of another. Safe to repeat: it makes one job.

        Raises:
            RetryNotConfiguredError: No queue is configured.
        """
        if self._queue_url is None:
            raise RetryNotConfiguredError
        message = job_requested(
            bucket=self._bucket,
            key=input_file,
            size_bytes=there.size_bytes,
            etag=there.etag,
            version_id=there.version_id,
            replaces=replaces,
        )
        client = await self._client.get()
        await client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=message,
            MessageAttributes=encode_attributes(outgoing().as_message_attributes()),
        )
