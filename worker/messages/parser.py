"""What a message says, in our own terms: an object that came, a job's event, or why it is none of our business.

Pure. Whoever reads this module knows every shape that we accept and everything that we make of it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import unquote, unquote_plus

from pydantic import ValidationError

from transcode import job_requested
from transcode.correlation import Correlation, correlation_of
from transcode.job import (
    Canceled,
    Completed,
    Failed,
    Failure,
    JobEvent,
    JobWarning,
    Progressed,
    WarningRaised,
)
from worker.messages.complete_event import output_of
from worker.messages.payloads import (
    MAX_KEY_BYTES,
    Body,
    JobDetail,
    JobProgress,
    JobRequestedDetail,
    JobRequestedEvent,
    JobStateChange,
    Notification,
    ObjectCreatedEvent,
)
from worker.messages.sanitise import Sanitiser

INPUT_BUCKET_KEY = "InputBucket"
"""The user metadata by which a job of ours is known, in the rule's pattern and here."""
LONGEST_REASON = 250


class MalformedMessageError(ValueError):
    """The message is in no shape that S3 or MediaConvert sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated:
    """One version of an object came into the input bucket; `size_bytes` as S3 tells it.

    `version` tells versions of one key apart: S3's version id where the bucket keeps versions, else entity tag and
    sequencer, of which the latter is constant in some emulators and must not be relied on alone.
    """

    input_file: str
    size_bytes: int
    version: str
    replaces: str | None = None
    """Where another job of the version was asked for: the job, or the refused claim, that it replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A well-formed message that asks nothing of us, and why; `job_id` where it is about a job."""

    reason: str
    job_id: str | None = None


MessageContent = ObjectCreated | JobEvent | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedContent:
    """One thing that a message says, and where that comes from, as far as the message tells."""

    content: MessageContent
    correlation: Correlation


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParser:
    """Reads messages, whichever way they came: from SQS or straight into a Lambda function."""

    input_bucket: str
    upload_prefix: str
    sanitiser: Sanitiser
    are_event_keys_encoded: bool = False
    """LocalStack percent-encodes `detail.object.key` of its EventBridge events; AWS and MiniStack send it plain."""

    def read(self, body: str) -> Sequence[MessageContent]:
        """Return what the message says, and nothing of where it comes from; raises as `hear` does."""
        return [parsed.content for parsed in self.parse(body)]

    def parse(self, body: str, attributes: Mapping[str, str] | None = None) -> Sequence[ParsedContent]:
        """Return what the message says; several things only where S3 put several records into it.

        Raises:
            MalformedMessageError: The body is in none of the known shapes; no later attempt will change that.
        """
        try:
            payload = json.loads(body)
            if not isinstance(payload, dict):
                _refuse("is not a JSON object")
            return [
                ParsedContent(content=each, correlation=_correlation(each, payload, attributes))
                for each in self._meanings(payload)
            ]
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, line["loc"])) for line in error.errors())
            raise MalformedMessageError(_shown(f"wrong or missing: {fields}")) from None
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError(str(error)) from None

    def _meanings(self, payload: Body) -> Iterator[MessageContent]:
        match payload:
            case {"detail-type": "MediaConvert Job State Change"}:
                yield self._job_event(JobStateChange.model_validate(payload).detail)
            case {"detail-type": "Object Created"}:
                detail = ObjectCreatedEvent.model_validate(payload).detail
                created = detail.object
                yield self._object_created(
                    detail.bucket.name,
                    unquote(created.key) if self.are_event_keys_encoded else created.key,
                    created.size,
                    created.version_id or f"{created.etag}.{created.sequencer or ''}",
                )
            case {"detail-type": job_requested.DETAIL_TYPE, "source": job_requested.SOURCE}:
                yield self._requested(JobRequestedEvent.model_validate(payload).detail)
            case {"Records": _}:
                yield from self._notification(Notification.model_validate(payload))
            case {"Event": "s3:TestEvent"}:
                yield Ignored(reason="s3_test_event")
            case {"detail-type": other}:
                yield Ignored(reason=_shown(f"detail_type {other}"))
            case _:
                _refuse("is neither an event nor a notification")

    def _notification(self, notification: Notification) -> Iterator[MessageContent]:
        for record in notification.records:
            if not record.event_name.removeprefix("s3:").startswith("ObjectCreated:"):
                yield Ignored(reason=_shown(f"event {record.event_name}"))
                continue
            created = record.s3.object
            if created.size is None:
                _refuse("has an object without a size")
            yield self._object_created(
                record.s3.bucket.name,
                unquote_plus(created.key),
                created.size,
                created.version_id or f"{created.e_tag}.{created.sequencer or ''}",
            )

    def _requested(self, detail: JobRequestedDetail) -> MessageContent:
        there = detail.object
        meaning = self._object_created(
            detail.bucket.name, there.key, there.size, there.version_id or f"{there.etag}.{there.sequencer or ''}"
        )
        return replace(meaning, replaces=detail.replaces) if isinstance(meaning, ObjectCreated) else meaning

    def _object_created(self, bucket: str, key: str, size_bytes: int, version: str) -> MessageContent:
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

    def _job_event(self, detail: JobDetail) -> MessageContent:
        if (detail.user_metadata or {}).get(INPUT_BUCKET_KEY) != self.input_bucket:
            return Ignored(reason="not_our_job", job_id=detail.job_id)
        return _meaning_of(detail, self.sanitiser)


def _correlation(meaning: MessageContent, payload: Body, attributes: Mapping[str, str] | None) -> Correlation:
    """Return what an upload's key and its message's attributes tell, or a job's user metadata."""
    match meaning:
        case ObjectCreated(input_file=input_file):
            return correlation_of(attributes, input_file=input_file)
        case Ignored():
            return Correlation()
        case _:
            return correlation_of(payload["detail"]["userMetadata"])


def _meaning_of(detail: JobDetail, sanitiser: Sanitiser) -> MessageContent:
    job_id, time_ms, progress = detail.job_id, detail.timestamp, detail.job_progress or JobProgress()
    match detail.status:
        case "PROGRESSING":
            return Progressed(job_id=job_id, time_ms=time_ms)
        case "STATUS_UPDATE":
            percent, phase = progress.job_percent_complete, progress.current_phase
            return Progressed(job_id=job_id, time_ms=time_ms, percent=percent, phase=phase)
        case "COMPLETE":
            warnings = frozenset(JobWarning(code=warning.code) for warning in detail.warnings)
            return Completed(job_id=job_id, time_ms=time_ms, output=output_of(detail), warnings=warnings)
        case "ERROR":
            message = sanitiser.clean(detail.error_message or "") or "The job failed."
            failure = Failure(code=detail.error_code, message=message)
            return Failed(job_id=job_id, time_ms=time_ms, failure=failure)
        case "CANCELED":
            return Canceled(job_id=job_id, time_ms=time_ms)
        case "NEW_WARNING" if detail.warning_code is not None:
            warning = JobWarning(code=detail.warning_code, message=sanitiser.clean(detail.warning_message or ""))
            return WarningRaised(job_id=job_id, time_ms=time_ms, warning=warning)
        case other:
            # INPUT_INFORMATION and QUEUE_HOP change no status; what AWS may add later doesn't either.
            return Ignored(reason=_shown(f"status {other}"), job_id=job_id)


def _shown(reason: str) -> str:
    """Return the reason as it may stand in a log line and in a message attribute, which takes no control characters."""
    return "".join(character if character.isprintable() else "?" for character in reason[:LONGEST_REASON])


def _refuse(why: str) -> NoReturn:
    raise MalformedMessageError(f"the message {why}")
