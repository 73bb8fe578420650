"""The parser of messages. It returns typed events: a created object, a job event, or the reason to ignore a message.

Pure. worker/messages/upload_events.py lists the formats of S3 and of our service, and the events that each becomes;
worker/messages/job_event.py those of MediaConvert.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from transcode.correlation import Correlation, parse_correlation
from transcode.job import Completed
from worker.messages.complete_event import folder_of
from worker.messages.envelopes import unwrap
from worker.messages.events import (
    CancelRequested,
    CorrelatedEvent,
    DeleteRequested,
    Ignored,
    IncomingEvent,
    ObjectCreated,
)
from worker.messages.final_event import parse_final_event
from worker.messages.followed_jobs import FollowRule, followed_job
from worker.messages.job_event import parse_job_event
from worker.messages.payloads import Body, JobDetail, JobStateChange
from worker.messages.printable import printable, wrong_fields
from worker.messages.sanitise import Sanitiser
from worker.messages.upload_events import UploadEventParser

INPUT_BUCKET_KEY = "InputBucket"
"""The user metadata that marks a job as ours, here and in the EventBridge rule's pattern."""
CLAIM_KEY = "Claim"
"""The user metadata with the id of a job's claim."""


class MalformedMessageError(ValueError):
    """The message has no format that S3, MediaConvert or our service sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParser:
    """Parses messages, both from SQS and from direct invocations of the Lambda function."""

    input_bucket: str
    upload_prefix: str
    sanitiser: Sanitiser
    follow: FollowRule = field(default_factory=FollowRule)
    are_event_keys_encoded: bool = False
    """True if EventBridge events percent-encode `detail.object.key`: LocalStack does, AWS and MiniStack don't."""

    def parse_events(self, body: str) -> Sequence[IncomingEvent]:
        """Return the message's events without correlation ids; raise the same errors as `parse`."""
        return [parsed.event for parsed in self.parse(body)]

    def parse(self, body: str, attributes: Mapping[str, str] | None = None) -> Sequence[CorrelatedEvent]:
        """Return the message's events; more than one only if S3 put several records into the message.

        Raises:
            MalformedMessageError: The body has no known format; a retry would fail too.
        """
        try:
            payload = unwrap(json.loads(body))
            if payload.get("detail-type") == "MediaConvert Job State Change":
                return [self._job_event(payload)]
            return [
                CorrelatedEvent(event=each, correlation=_correlation(each, attributes))
                for each in self._events(payload)
            ]
        except ValidationError as error:
            raise MalformedMessageError(wrong_fields(error)) from None
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError(printable(str(error))) from None

    def _events(self, payload: Body) -> Iterator[IncomingEvent]:
        parser = UploadEventParser(
            input_bucket=self.input_bucket,
            upload_prefix=self.upload_prefix,
            are_event_keys_encoded=self.are_event_keys_encoded,
        )
        return parser.events(payload)

    def _job_event(self, payload: Body) -> CorrelatedEvent:
        unparsed: Sequence[str] = ()
        try:
            detail = JobStateChange.model_validate(payload).detail
        except ValidationError as error:
            final = parse_final_event(payload, error)
            detail, unparsed = final.detail, [printable(name) for name in final.unparsed]
        metadata = detail.user_metadata or {}
        if not is_ours(metadata, input_bucket=self.input_bucket, is_following=bool(self.follow.queues)):
            return self._followed_event(detail, metadata, unparsed)
        event = parse_job_event(detail, self.sanitiser)
        correlation = Correlation() if isinstance(event, Ignored) else parse_correlation(metadata)
        return CorrelatedEvent(event=event, correlation=correlation, unparsed=unparsed)

    def _followed_event(
        self, detail: JobDetail, metadata: Mapping[str, str], unparsed: Sequence[str]
    ) -> CorrelatedEvent:
        """Return the event of another program's job. Its correlation ids would be those of that program."""
        if not self.follow.follows(detail.queue):
            return CorrelatedEvent(event=Ignored(reason="not_our_job", job_id=detail.job_id), correlation=Correlation())
        event = parse_job_event(detail, self.sanitiser)
        if isinstance(event, Completed):
            event = replace(event, output=replace(event.output, path=self.follow.output_path(folder_of(detail))))
        return CorrelatedEvent(
            event=event, correlation=Correlation(), unparsed=unparsed, followed=followed_job(metadata)
        )


def is_ours(metadata: Mapping[str, str], *, input_bucket: str, is_following: bool) -> bool:
    """Return whether our code created the job with this user metadata.

    Where other jobs are followed, a claim is needed too: another program may name our input bucket in its own jobs.
    """
    return metadata.get(INPUT_BUCKET_KEY) == input_bucket and (not is_following or CLAIM_KEY in metadata)


def _correlation(event: IncomingEvent, attributes: Mapping[str, str] | None) -> Correlation:
    """Return the ids of an upload, or of a request to cancel or delete, from its key and the message's attributes."""
    return (
        parse_correlation(attributes, input_file=event.input_file)
        if isinstance(event, ObjectCreated | CancelRequested | DeleteRequested)
        else Correlation()
    )
