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

from transcode.aws import is_passing
from transcode.correlation import Trail
from transcode.job import JobEvent, worth_applying
from transcode.telemetry import following
from worker.apply import Applier
from worker.bounded_gather import side_by_side
from worker.messages.parser import Ignored, MalformedMessageError, ObjectCreated, Reader
from worker.outcomes import Bury, Done, Later, Message, Outcome, backoff_s
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

    reader: Reader
    submitter: Submitter
    applier: Applier
    within_s: float = HANDLED_WITHIN_S

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Return what is to become of each message, by message id. Raises nothing."""
        handled = Handled({})
        uploads: list[tuple[ObjectCreated, Message, Trail]] = []
        trails: dict[str, Trail] = {}
        events: defaultdict[str, list[tuple[JobEvent, Message]]] = defaultdict(list)
        for message in messages:
            try:
                heard = self.reader.hear(message.body, message.attributes)
            except MalformedMessageError as error:
                log.error("message.malformed", message_id=message.message_id, reason=str(error))  # noqa: TRY400 -- no traceback: the reason says it
                handled.note(message, Bury(reason=str(error)))
                continue
            handled.note(message, Done())
            for said in heard:
                match said.meaning:
                    case Ignored() as ignored:
                        log.info("message.ignored", message_id=message.message_id, **_ignored(ignored))
                    case ObjectCreated() as upload:
                        uploads.append((upload, message, said.trail))
                    case event:
                        events[event.job_id].append((event, message))
                        trails[event.job_id] = said.trail
        submitting = (self._submit(upload, message, trail, handled) for upload, message, trail in uploads)
        applying = (self._apply(of_one_job, trails[job_id], handled) for job_id, of_one_job in events.items())
        await side_by_side(chain(submitting, applying), most=MOST_AT_ONCE)
        return handled.outcomes

    async def _submit(self, upload: ObjectCreated, message: Message, trail: Trail, handled: Handled) -> None:
        with following(trail, "submit upload"):
            try:
                async with asyncio.timeout(self.within_s):
                    handled.note(message, await self.submitter.submit(upload, message))
            except Exception as error:  # noqa: BLE001 -- the edge of the loop: one message's failure is its own
                handled.note(message, _failed(message, error))

    async def _apply(self, of_one_job: Sequence[tuple[JobEvent, Message]], trail: Trail, handled: Handled) -> None:
        """Apply the events of one job that count; the others would be stale beside them, and are done."""
        job_id, counting = of_one_job[0][0].job_id, worth_applying([event for event, _ in of_one_job])
        with following(trail, "apply job events", job_id=job_id):
            if superseded := len(of_one_job) - len(counting):
                log.info("job.events_superseded", job_id=job_id, count=superseded)
            for position in counting:
                event, message = of_one_job[position]
                try:
                    async with asyncio.timeout(self.within_s):
                        handled.note(message, await self.applier.apply(event, message, made_ms=trail.made_ms))
                except Exception as error:  # noqa: BLE001 -- the edge of the loop
                    handled.note(message, _failed(message, error))


def _failed(message: Message, error: Exception) -> Later:
    if is_passing(error):
        log.warning("message.released", message_id=message.message_id, reason=type(error).__name__)
    else:
        log.error("message.failed", message_id=message.message_id, exc_info=error)
    return Later(reason=type(error).__name__, delay_s=backoff_s(message))


def _ignored(ignored: Ignored) -> dict[str, str]:
    return {"reason": ignored.reason, **({"job_id": ignored.job_id} if ignored.job_id else {})}
