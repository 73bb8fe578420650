"""The handling of a batch of messages: the verdict on each message.

It groups the events of each job, so that a backlog costs one write per job. It handles uploads, jobs and requests to
cancel and delete concurrently.
The failure of one message doesn't affect the others. worker/deliveries.py turns verdicts into outcomes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol, assert_never

import structlog

from transcode.correlation import Correlation
from transcode.failures import FailureClass, classify
from transcode.job import Canceled, Completed, JobEvent, Progressed, WarningRaised, worth_applying
from transcode.job import Failed as JobFailed
from transcode.telemetry import continue_trace
from worker.apply import Applier
from worker.bounded_gather import bounded_gather
from worker.deletion.deleter import Deleter
from worker.messages.events import CancelRequested, CorrelatedEvent, DeleteRequested, Ignored, ObjectCreated, Unparsed
from worker.messages.followed_jobs import FollowedJob
from worker.messages.parser import MalformedMessageError, MessageParser
from worker.outcomes import Done, Failed, Impossible, Message, NotYet, Verdict, combine
from worker.submission.cancel import Canceller
from worker.submission.intake import Intake
from worker.submission.submit import Submitter

EVENT_TIMEOUT_S = 180
"""Seconds that one event may take: longer than all attempts of all its AWS calls together. An event that takes longer
hangs, and its message is retried. Without the timeout, the worker would keep the message hidden without end."""

MAX_CONCURRENCY = 50
"""Uploads and jobs of one batch that are handled at the same time. A backlog's batch can have thousands of jobs."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Verdicts:
    """The verdicts so far, by message id."""

    by_message_id: dict[str, Verdict] = field(default_factory=dict)

    def record(self, message: Message, verdict: Verdict) -> None:
        """Record the verdict on one item of the message, combined with those on its other items."""
        earlier = self.by_message_id.get(message.message_id, Done())
        self.by_message_id[message.message_id] = combine(earlier, verdict)


@dataclass(slots=True)
class Work:
    """The work in a batch of messages. Each job's correlation ids are those of its last event in the batch."""

    uploads: list[tuple[ObjectCreated, Message, Correlation]] = field(default_factory=list)
    cancels: list[tuple[CancelRequested, Message, Correlation]] = field(default_factory=list)
    deletions: list[tuple[DeleteRequested, Message, Correlation]] = field(default_factory=list)
    job_events: defaultdict[str, list[tuple[JobEvent, Message]]] = field(default_factory=lambda: defaultdict(list))
    job_correlations: dict[str, Correlation] = field(default_factory=dict)
    followed_jobs: dict[str, FollowedJob] = field(default_factory=dict)
    """Those of the jobs that another program created."""

    def add(self, parsed: CorrelatedEvent, message: Message) -> None:
        """Add an event to the uploads or to its job; log an ignored event and an unparsed record."""
        match parsed.event:
            case Ignored(reason=reason, job_id=None):
                log.info("message.ignored", message_id=message.message_id, reason=reason)
            case Ignored(reason=reason, job_id=job_id):
                log.info("message.ignored", message_id=message.message_id, reason=reason, job_id=job_id)
            case ObjectCreated() as upload:
                self.uploads.append((upload, message, parsed.correlation))
            case CancelRequested() as request:
                self.cancels.append((request, message, parsed.correlation))
            case DeleteRequested() as deletion:
                self.deletions.append((deletion, message, parsed.correlation))
            case Unparsed(reason=reason):
                log.error("message.malformed", message_id=message.message_id, reason=reason)
            case Progressed() | WarningRaised() | Completed() | JobFailed() | Canceled() as event:
                if parsed.unparsed:
                    log.warning("job.fields_unparsed", job_id=event.job_id, fields=list(parsed.unparsed))
                self.job_events[event.job_id].append((event, message))
                self.job_correlations[event.job_id] = parsed.correlation
                if parsed.followed is not None:
                    self.followed_jobs[event.job_id] = parsed.followed
            case _:
                assert_never(parsed.event)


class UploadHandler(Protocol):
    """The part that handles uploads: intake, or the submitter."""

    async def submit(self, upload: ObjectCreated, message: Message) -> Verdict:
        """Return the verdict on the upload of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHandler:
    """Handles the messages of S3, MediaConvert and our service."""

    parser: MessageParser
    submitter: Submitter
    applier: Applier
    canceller: Canceller
    deleter: Deleter
    intake: Intake | None = None
    """The part that handles uploads in the submitter's place; None in the handler of the submission queue."""
    event_timeout_s: float = EVENT_TIMEOUT_S

    @property
    def uploads(self) -> UploadHandler:
        """Return the part that handles uploads."""
        return self.intake or self.submitter

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Verdict]:
        """Return the verdict on each message, by message id. Raises no exception."""
        verdicts, work = Verdicts(), Work()
        for message in messages:
            try:
                events = self.parser.parse(message.body, message.attributes)
            except MalformedMessageError as error:
                log.error("message.malformed", message_id=message.message_id, reason=str(error))  # noqa: TRY400 -- no traceback: the reason says it
                verdicts.record(message, Impossible(reason=str(error)))
                continue
            verdicts.record(message, Done())
            for parsed in events:
                if isinstance(parsed.event, Unparsed):
                    verdicts.record(message, Impossible(reason=parsed.event.reason))
                work.add(parsed, message)
        submissions = (self._submit(*upload, verdicts) for upload in work.uploads)
        applications = (
            self._apply(events, work.job_correlations[job_id], work.followed_jobs.get(job_id), verdicts)
            for job_id, events in work.job_events.items()
        )
        await bounded_gather(chain(submissions, applications), limit=MAX_CONCURRENCY)
        # After the events: a job whose end is in the same batch needs no call to MediaConvert.
        await bounded_gather((self._cancel(*cancel, verdicts) for cancel in work.cancels), limit=MAX_CONCURRENCY)
        await bounded_gather((self._delete(*deletion, verdicts) for deletion in work.deletions), limit=MAX_CONCURRENCY)
        return verdicts.by_message_id

    async def _submit(
        self, upload: ObjectCreated, message: Message, correlation: Correlation, verdicts: Verdicts
    ) -> None:
        with continue_trace(correlation, "queue upload" if self.intake else "submit upload"):
            try:
                async with asyncio.timeout(self.event_timeout_s):
                    verdicts.record(message, await self.uploads.submit(upload, message))
            except Exception as error:  # noqa: BLE001 -- the outer level: one message's failure must not affect the others
                verdicts.record(message, _log_failure(message, error))

    async def _cancel(
        self, request: CancelRequested, message: Message, correlation: Correlation, verdicts: Verdicts
    ) -> None:
        with continue_trace(correlation, "cancel", **({"job_id": request.job_id} if request.job_id else {})):
            try:
                async with asyncio.timeout(self.event_timeout_s):
                    verdicts.record(message, await self.canceller.cancel(request))
            except Exception as error:  # noqa: BLE001 -- the outer level: one message's failure must not affect the others
                verdicts.record(message, _log_failure(message, error))

    async def _delete(
        self, request: DeleteRequested, message: Message, correlation: Correlation, verdicts: Verdicts
    ) -> None:
        with continue_trace(correlation, "delete upload"):
            try:
                async with asyncio.timeout(self.event_timeout_s):
                    verdicts.record(message, await self.deleter.delete(request))
            except Exception as error:  # noqa: BLE001 -- the outer level: one message's failure must not affect the others
                verdicts.record(message, _log_failure(message, error))

    async def _apply(
        self,
        job_events: Sequence[tuple[JobEvent, Message]],
        correlation: Correlation,
        followed: FollowedJob | None,
        verdicts: Verdicts,
    ) -> None:
        """Apply the events of one job that can change it. The others are superseded, and their messages are done."""
        job_id, positions = job_events[0][0].job_id, worth_applying([event for event, _ in job_events])
        with continue_trace(correlation, "apply job events", job_id=job_id):
            if superseded := len(job_events) - len(positions):
                log.info("job.events_superseded", job_id=job_id, count=superseded)
            for position in positions:
                event, message = job_events[position]
                try:
                    async with asyncio.timeout(self.event_timeout_s):
                        verdict = (
                            await self.applier.apply(event, message, job_created_ms=correlation.job_created_ms)
                            if followed is None
                            else await self.applier.apply_followed(event, message, followed)
                        )
                        verdicts.record(message, verdict)
                except Exception as error:  # noqa: BLE001 -- the outer level: one event's failure must not affect the others
                    verdicts.record(message, _log_failure(message, error))


def _log_failure(message: Message, error: Exception) -> Verdict:
    reason = type(error).__name__
    match classify(error):
        case FailureClass.UNAVAILABLE:
            log.warning("message.released", message_id=message.message_id, reason=reason)
            return NotYet(reason=reason, is_outage=True)
        case FailureClass.DENIED:
            # At level error, because the alarm counts such lines: only an operator can repair it.
            log.error("message.access_denied", message_id=message.message_id, reason=str(error))
            return NotYet(reason=reason, is_outage=True)
        case FailureClass.DEFECT:
            log.error("message.failed", message_id=message.message_id, exc_info=error)
            return Failed(reason=reason)
