"""The parser of messages. It returns typed events: a created object, a job event, or the reason to ignore a message.

Pure. This module lists every message format that the worker accepts, and the events that each format becomes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import NoReturn
from urllib.parse import unquote, unquote_plus

from pydantic import ValidationError

from transcode import cancel_requested, delete_requested, job_requested
from transcode.correlation import Correlation, parse_correlation
from transcode.immutable import immutable
from transcode.job import Completed
from worker.messages.complete_event import folder_of
from worker.messages.envelopes import unknown, unwrap
from worker.messages.events import (
    CancelRequested,
    CorrelatedEvent,
    DeleteRequested,
    Ignored,
    IncomingEvent,
    ObjectCreated,
    Unparsed,
)
from worker.messages.final_event import parse_final_event
from worker.messages.followed_jobs import FollowRule, followed_job
from worker.messages.job_event import parse_job_event
from worker.messages.payloads import (
    MAX_KEY_BYTES,
    Body,
    CancelRequestedDetail,
    CancelRequestedEvent,
    CreatedObject,
    DeleteRequestedDetail,
    DeleteRequestedEvent,
    JobDetail,
    JobRequestedDetail,
    JobRequestedEvent,
    JobStateChange,
    Notification,
    NotificationRecord,
    NotifiedEvent,
    ObjectCreatedEvent,
)
from worker.messages.printable import printable
from worker.messages.sanitise import Sanitiser

INPUT_BUCKET_KEY = "InputBucket"
"""The user metadata that marks a job as ours, here and in the EventBridge rule's pattern."""
CLAIM_KEY = "Claim"
"""The user metadata with the id of a job's claim."""


class MalformedMessageError(ValueError):
    """The message has no format that S3, MediaConvert or our service sends."""


@immutable
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
            raise MalformedMessageError(_fields_reason(error)) from None
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError(printable(str(error))) from None

    def _events(self, payload: Body) -> Iterator[IncomingEvent]:
        match payload:
            case {"detail-type": "Object Created"}:
                detail = ObjectCreatedEvent.model_validate(payload).detail
                created = detail.object
                key = unquote(created.key) if self.are_event_keys_encoded else created.key
                yield self._object_created(detail.bucket.name, key, created.size, _version(created))
            case {"detail-type": job_requested.DETAIL_TYPE, "source": job_requested.SOURCE}:
                yield self._requested(JobRequestedEvent.model_validate(payload).detail)
            case {"detail-type": cancel_requested.DETAIL_TYPE, "source": job_requested.SOURCE}:
                yield self._cancel_requested(CancelRequestedEvent.model_validate(payload).detail)
            case {"detail-type": delete_requested.DETAIL_TYPE, "source": job_requested.SOURCE}:
                yield self._delete_requested(DeleteRequestedEvent.model_validate(payload).detail)
            case {"Records": _}:
                yield from self._records(Notification.model_validate(payload).records)
            case {"Event": "s3:TestEvent"}:
                yield Ignored(reason="s3_test_event")
            case {"detail-type": other}:
                yield Ignored(reason=printable(f"detail_type {other}"))
            case _:
                raise unknown(payload)

    def _records(self, records: Sequence[object]) -> Iterator[IncomingEvent]:
        """Yield each record's event. A record that can't be parsed doesn't affect those beside it.

        Raises:
            ValueError: No record can be parsed.
        """
        errors: list[ValueError] = []
        for record in records:
            try:
                yield self._record(record)
            except ValueError as error:
                errors.append(error)
        if errors and len(errors) == len(records):
            raise errors[0]
        for each in errors:
            yield Unparsed(reason=_fields_reason(each) if isinstance(each, ValidationError) else str(each))

    def _record(self, record: object) -> IncomingEvent:
        name = NotifiedEvent.model_validate(record).event_name
        if not name.removeprefix("s3:").startswith("ObjectCreated:"):
            return Ignored(reason=printable(f"event {name}"))
        s3 = NotificationRecord.model_validate(record).s3
        created = s3.object
        version = created.version_id or f"{created.e_tag or ''}.{created.sequencer or ''}"
        return self._object_created(s3.bucket.name, unquote_plus(created.key), created.size, version)

    def _requested(self, detail: JobRequestedDetail) -> IncomingEvent:
        created = detail.object
        event = self._object_created(detail.bucket.name, created.key, created.size, _version(created))
        return replace(event, replaces=detail.replaces) if isinstance(event, ObjectCreated) else event

    def _cancel_requested(self, detail: CancelRequestedDetail) -> IncomingEvent:
        if detail.bucket.name != self.input_bucket:
            return Ignored(reason="another_bucket", job_id=detail.job_id)
        return CancelRequested(job_id=detail.job_id, input_file=detail.input_file)

    def _delete_requested(self, detail: DeleteRequestedDetail) -> IncomingEvent:
        if detail.bucket.name != self.input_bucket:
            return Ignored(reason="another_bucket")
        if not detail.input_file.startswith(self.upload_prefix):
            return Ignored(reason="outside_upload_prefix")
        return DeleteRequested(input_file=detail.input_file, urls_until_s=detail.urls_until)

    def _object_created(self, bucket: str, key: str, size_bytes: int, version: str) -> IncomingEvent:
        if len(key.encode()) > MAX_KEY_BYTES:
            _refuse("has an object with a key longer than S3 allows")
        if bucket != self.input_bucket:
            return Ignored(reason="another_bucket")
        if not key.startswith(self.upload_prefix):
            return Ignored(reason="outside_upload_prefix")
        if key.endswith("/"):
            return Ignored(reason="folder")
        if size_bytes <= 0:
            return Ignored(reason="empty_object")
        return ObjectCreated(input_file=key, size_bytes=size_bytes, version=version)

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


def _version(created: CreatedObject) -> str:
    return created.version_id or f"{created.etag or ''}.{created.sequencer or ''}"


def _correlation(event: IncomingEvent, attributes: Mapping[str, str] | None) -> Correlation:
    """Return the ids of an upload, or of a request to cancel or delete, from its key and the message's attributes."""
    return (
        parse_correlation(attributes, input_file=event.input_file)
        if isinstance(event, ObjectCreated | CancelRequested | DeleteRequested)
        else Correlation()
    )


def _fields_reason(error: ValidationError) -> str:
    fields = ", ".join(".".join(map(str, line["loc"])) for line in error.errors())
    return printable(f"wrong or missing: {fields}")


def _refuse(problem: str) -> NoReturn:
    raise MalformedMessageError(f"the message {problem}")
