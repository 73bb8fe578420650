"""The queue through which the service requests the end of a job, or of a file's wait for one, from the worker.

It is the queue of job events: a request must not wait behind the uploads of the submission queue, and intake never
calls MediaConvert. No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from transcode.cancel_requested import cancel_requested
from transcode.errors import CancelNotConfiguredError
from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import current_correlation

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.JOB_EVENTS_QUEUE])


class CancelRequests:
    """Sends requests to cancel; without a queue URL it refuses them."""

    def __init__(self, client: "LazyClient[SQSClient]", *, queue_url: str | None, bucket: str) -> None:
        self._client = client
        self._queue_url = queue_url
        self._bucket = bucket

    def require_queue(self) -> str:
        """Return the queue's URL.

        Raises:
            CancelNotConfiguredError: No queue is configured.
        """
        if self._queue_url is None:
            raise CancelNotConfiguredError
        return self._queue_url

    async def send(self, *, input_file: str | None, job_id: str | None) -> None:
        """Request the end of the job, or without its id, of the file's wait. A repeated request changes nothing.

        Raises:
            CancelNotConfiguredError: No queue is configured.
        """
        queue_url = self.require_queue()
        client = await self._client.get()
        await client.send_message(
            QueueUrl=queue_url,
            MessageBody=cancel_requested(bucket=self._bucket, input_file=input_file, job_id=job_id),
            MessageAttributes=encode_attributes(current_correlation().as_message_attributes()),
        )
