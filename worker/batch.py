"""A batch of messages, handled: the one way in for the poll loop and for Lambda.

Messages that say something of the same job are taken together, so that a backlog costs one write a job; all else
goes side by side. One message's failure is its own.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import structlog

from transcode.aws import is_transient
from transcode.correlation import Correlation
from transcode.job import JobEvent, worth_applying
from transcode.telemetry import following
from worker.apply import Applier
from worker.bounded_gather import bounded_gather
from worker.messages.parser import Ignored, MalformedMessageError, MessageParser, ObjectCreated
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry, backoff_s
from worker.submission.submit import Submitter

HANDLED_WITHIN_S = 180
"""Longer than all attempts of all calls that one message takes. What takes longer hangs, and is tried again: its
message would stay hidden for ever, because whoever handles one keeps it so."""

MOST_AT_ONCE = 50
"""Uploads and jobs worked on at the same time for one lot of messages, which can be of thousands of jobs."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Handled:
    """What has become of each message so far, by message id; the worst of it counts."""

    outcomes: dict[str, Outcome]

    def note(self, message: Message, outcome: Outcome) -> None:
        """Record an outcome; a message that carries several things is done only when all of them are."""
        if isinstance(outcome, Done):
            self.outcomes.setdefault(message.message_id, outcome)
        else:
            self.outcomes[message.message_id] = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHandler:
    """Handles whatever S3 and MediaConvert sent."""

    parser: MessageParser
    submitter: Submitter
    applier: Applier
    within_s: float = HANDLED_WITHIN_S

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Return what is to become of each message, by message id. Raises nothing."""
        handled = Handled({})
        uploads: list[tuple[ObjectCreated, Message, Correlation]] = []
        correlations: dict[str, Correlation] = {}
        events: defaultdict[str, list[tuple[JobEvent, Message]]] = defaultdict(list)
        for message in messages:
            try:
                parsed = self.parser.parse(message.body, message.attributes)
            except MalformedMessageError as error:
                log.error("message.malformed", message_id=message.message_id, reason=str(error))  # noqa: TRY400 -- no traceback: the reason says it
                handled.note(message, GiveUp(reason=str(error)))
                continue
            handled.note(message, Done())
            for said in parsed:
                match said.content:
                    case Ignored() as ignored:
                        log.info("message.ignored", message_id=message.message_id, **_ignored(ignored))
                    case ObjectCreated() as upload:
                        uploads.append((upload, message, said.correlation))
                    case event:
                        events[event.job_id].append((event, message))
                        correlations[event.job_id] = said.correlation
        submitting = (self._submit(upload, message, correlation, handled) for upload, message, correlation in uploads)
        applying = (self._apply(of_one_job, correlations[job_id], handled) for job_id, of_one_job in events.items())
        await bounded_gather(chain(submitting, applying), most=MOST_AT_ONCE)
        return handled.outcomes

    async def _submit(
        self, upload: ObjectCreated, message: Message, correlation: Correlation, handled: Handled
    ) -> None:
        with following(correlation, "submit upload"):
            try:
                async with asyncio.timeout(self.within_s):
                    handled.note(message, await self.submitter.submit(upload, message))
            except Exception as error:  # noqa: BLE001 -- the edge of the loop: one message's failure is its own
                handled.note(message, _failed(message, error))

    async def _apply(
        self, of_one_job: Sequence[tuple[JobEvent, Message]], correlation: Correlation, handled: Handled
    ) -> None:
        """Apply the events of one job that count; the others would be stale beside them, and are done."""
        job_id, counting = of_one_job[0][0].job_id, worth_applying([event for event, _ in of_one_job])
        with following(correlation, "apply job events", job_id=job_id):
            if superseded := len(of_one_job) - len(counting):
                log.info("job.events_superseded", job_id=job_id, count=superseded)
            for position in counting:
                event, message = of_one_job[position]
                try:
                    async with asyncio.timeout(self.within_s):
                        handled.note(message, await self.applier.apply(event, message, made_ms=correlation.made_ms))
                except Exception as error:  # noqa: BLE001 -- the edge of the loop
                    handled.note(message, _failed(message, error))


def _failed(message: Message, error: Exception) -> Retry:
    if is_transient(error):
        log.warning("message.released", message_id=message.message_id, reason=type(error).__name__)
    else:
        log.error("message.failed", message_id=message.message_id, exc_info=error)
    return Retry(reason=type(error).__name__, delay_s=backoff_s(message))


def _ignored(ignored: Ignored) -> dict[str, str]:
    return {"reason": ignored.reason, **({"job_id": ignored.job_id} if ignored.job_id else {})}
