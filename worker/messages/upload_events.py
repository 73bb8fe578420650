"""The parser of S3's events, and of our service's requests to create a job, cancel and delete. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from urllib.parse import unquote, unquote_plus

from pydantic import ValidationError

from transcode import cancel_requested, delete_requested, job_requested
from worker.messages.envelopes import unknown
from worker.messages.events import CancelRequested, DeleteRequested, Ignored, ObjectCreated, Unparsed
from worker.messages.printable import printable, wrong_fields
from worker.messages.upload_payloads import (
    MAX_KEY_BYTES,
    CancelRequestedDetail,
    CancelRequestedEvent,
    CreatedObject,
    DeleteRequestedDetail,
    DeleteRequestedEvent,
    JobRequestedDetail,
    JobRequestedEvent,
    Notification,
    NotificationRecord,
    NotifiedEvent,
    ObjectCreatedEvent,
)

UploadEvent = ObjectCreated | CancelRequested | DeleteRequested | Ignored | Unparsed


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadEventParser:
    """Parses the messages that are no job events; worker/messages/parser.py describes the attributes."""

    input_bucket: str
    upload_prefix: str
    are_event_keys_encoded: bool

    def events(self, payload: Mapping[str, Any]) -> Iterator[UploadEvent]:
        """Yield the message's events.

        Raises:
            ValueError: The message has no known format.
        """
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

    def _records(self, records: Sequence[object]) -> Iterator[UploadEvent]:
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
            yield Unparsed(reason=wrong_fields(each) if isinstance(each, ValidationError) else str(each))

    def _record(self, record: object) -> UploadEvent:
        name = NotifiedEvent.model_validate(record).event_name
        if not name.removeprefix("s3:").startswith("ObjectCreated:"):
            return Ignored(reason=printable(f"event {name}"))
        s3 = NotificationRecord.model_validate(record).s3
        created = s3.object
        version = created.version_id or f"{created.e_tag or ''}.{created.sequencer or ''}"
        return self._object_created(s3.bucket.name, unquote_plus(created.key), created.size, version)

    def _requested(self, detail: JobRequestedDetail) -> UploadEvent:
        created = detail.object
        event = self._object_created(detail.bucket.name, created.key, created.size, _version(created))
        return replace(event, replaces=detail.replaces) if isinstance(event, ObjectCreated) else event

    def _cancel_requested(self, detail: CancelRequestedDetail) -> UploadEvent:
        if detail.bucket.name != self.input_bucket:
            return Ignored(reason="another_bucket", job_id=detail.job_id)
        return CancelRequested(job_id=detail.job_id, input_file=detail.input_file)

    def _delete_requested(self, detail: DeleteRequestedDetail) -> UploadEvent:
        if detail.bucket.name != self.input_bucket:
            return Ignored(reason="another_bucket")
        if not detail.input_file.startswith(self.upload_prefix):
            return Ignored(reason="outside_upload_prefix")
        return DeleteRequested(input_file=detail.input_file, urls_until_s=detail.urls_until)

    def _object_created(self, bucket: str, key: str, size_bytes: int, version: str) -> UploadEvent:
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


def _version(created: CreatedObject) -> str:
    return created.version_id or f"{created.etag or ''}.{created.sequencer or ''}"


def _refuse(problem: str) -> NoReturn:
    raise ValueError(f"the message {problem}")
