"""The submission queue as intake sees it: a place to send uploads to. No AWS type passes this boundary."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.permissions import Resource, allow
from transcode.sqs import encode_attributes
from transcode.telemetry import current_correlation
from worker.messages.events import ObjectCreated
from worker.outcomes import Message
from worker.submission.queued_upload import attributes, body

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import SendMessageRequestTypeDef

PERMISSIONS = allow("sqs:SendMessage", on=[Resource.SUBMISSION_QUEUE])


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionQueue:
    """The queue. `is_fair` is false where SQS is an emulator that refuses groups in a standard queue."""

    client: "SQSClient"
    url: str
    input_bucket: str
    is_fair: bool = True

    async def send(self, upload: ObjectCreated, message: Message, *, group: str) -> None:
        """Send the upload. `message` is the message that it came in; the new one keeps the time from which it waits."""
        request: SendMessageRequestTypeDef = {
            "QueueUrl": self.url,
            "MessageBody": body(upload, bucket=self.input_bucket),
            "MessageAttributes": encode_attributes(attributes(message, current_correlation())),
        }
        if self.is_fair:
            request["MessageGroupId"] = group
        await self.client.send_message(**request)
