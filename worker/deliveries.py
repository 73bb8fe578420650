"""The handling of deliveries, which both the poll loop and the Lambda function call: from a message to its outcome.

A message's first delivery costs no call here. Each later delivery is recorded in the message's note, before and after
it is handled, so that a worker can tell a message that waits from one that kills workers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from transcode.failures import is_transient
from worker.apply import Applier
from worker.batch import MAX_CONCURRENCY, BatchHandler
from worker.bounded_gather import bounded_gather
from worker.delivery_notes import DeliveryNotes
from worker.messages.events import ObjectCreated
from worker.messages.parser import MessageParser
from worker.outcomes import Done, Failed, GiveUp, Impossible, Message, NotYet, Outcome, Retry, Verdict
from worker.retry import ALONE_GRACE_S, ALONE_TIMEOUT_S, DeliveryNote, RetryRule, backoff_s
from worker.submission.submit import Submitter

if TYPE_CHECKING:
    from worker.announce.announcer import Announcer

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Screening:
    """The messages that may be handled together, those that must be handled alone, and outcomes that are clear already.

    A message that must be handled alone was delivered to five workers in turn that died.
    """

    ready: list[Message] = field(default_factory=list)
    suspects: list[Message] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)


class MessageHandler(Protocol):
    """The handler of a queue's messages."""

    async def screen(self, messages: Sequence[Message]) -> Screening:
        """Return which messages may be handled, and which must be handled alone. Raises no exception."""

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Return the outcome of each message, by message id. Raises no exception."""

    async def handle_alone(self, message: Message) -> Mapping[str, Outcome]:
        """Handle a message that may kill this worker."""

    async def release(self, messages: Sequence[Message]) -> None:
        """Record that the worker gives the messages back because it stops. Raises no exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHandler:
    """Handles deliveries. `clock` returns Unix seconds."""

    batch: BatchHandler
    notes: DeliveryNotes
    rule: RetryRule
    clock: Callable[[], float]
    announcer: "Announcer | None" = None
    """The sender of announcements; None if the deployment has no subscriber."""

    @property
    def submitter(self) -> Submitter:
        """Return the part that creates jobs."""
        return self.batch.submitter

    @property
    def applier(self) -> Applier:
        """Return the part that applies job events."""
        return self.batch.applier

    @property
    def parser(self) -> MessageParser:
        """Return the parser of messages."""
        return self.batch.parser

    async def screen(self, messages: Sequence[Message]) -> Screening:
        """Record that the deliveries begin, and return which messages may be handled. Raises no exception."""
        screening = Screening()
        redelivered = [message for message in messages if message.deliveries > 1]
        await bounded_gather((self._screen(message, screening) for message in redelivered), limit=MAX_CONCURRENCY)
        decided = {*screening.outcomes, *(message.message_id for message in screening.suspects)}
        screening.ready = [message for message in messages if message.message_id not in decided]
        return screening

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Return the outcome of each message, by message id. Raises no exception."""
        verdicts, outcomes = await self.batch.handle(messages), dict[str, Outcome]()

        async def settle(message: Message) -> None:
            outcomes[message.message_id] = await self._settle(message, verdicts[message.message_id])

        await bounded_gather(map(settle, messages), limit=MAX_CONCURRENCY)
        return outcomes

    async def handle_alone(self, message: Message) -> Mapping[str, Outcome]:
        """Handle a message that may kill this worker. The caller handles no other message at the same time."""
        try:
            is_first = await self.notes.begin_alone(message, now_ms=self._now_ms())
        except Exception as error:  # noqa: BLE001 -- the outer level: the message waits, whatever the reason
            log.warning("message.released", message_id=message.message_id, reason=type(error).__name__)
            return {message.message_id: await self._decide(message, _unavailable(error))}
        if not is_first:
            return {message.message_id: Retry(reason="another worker handles it alone", delay_s=ALONE_GRACE_S)}
        log.warning("message.handled_alone", message_id=message.message_id, deliveries=message.deliveries)
        timeout_s = min(self.batch.event_timeout_s, ALONE_TIMEOUT_S)
        return await replace(self, batch=replace(self.batch, event_timeout_s=timeout_s)).handle([message])

    async def release(self, messages: Sequence[Message]) -> None:
        """Record that this worker didn't die, but gives the messages back because it stops. Raises no exception."""

        async def end(message: Message) -> None:
            await self._record(message, NotYet(reason="the worker stops"))

        await bounded_gather(map(end, messages), limit=MAX_CONCURRENCY)

    async def _screen(self, message: Message, screening: Screening) -> None:
        try:
            note = await self.notes.begin(message, now_ms=self._now_ms())
        except Exception as error:  # noqa: BLE001 -- the outer level: the message waits, whatever the reason
            log.warning("message.released", message_id=message.message_id, reason=type(error).__name__)
            screening.outcomes[message.message_id] = await self._decide(message, _unavailable(error))
            return
        outcome = self.rule.before(message, note, now_ms=self._now_ms())
        if isinstance(outcome, GiveUp):
            outcome = await self._give_up(message, outcome)
        if outcome is not None:
            screening.outcomes[message.message_id] = outcome
        elif note.is_suspect:
            screening.suspects.append(message)

    async def _settle(self, message: Message, verdict: Verdict) -> Outcome:
        return await self._decide(message, verdict, await self._record(message, verdict))

    async def _record(self, message: Message, verdict: Verdict) -> DeliveryNote:
        """Record that the delivery ended, and return the message's note; an empty one if it can't be written.

        A failure that isn't counted gives the message one more attempt. A lost end counts as a death, and five of
        them cause only that the message is handled alone.
        """
        now_ms = self._now_ms()
        try:
            match verdict:
                case Failed():
                    return await self.notes.fail(message, now_ms=now_ms)
                case NotYet() if message.deliveries > 1:
                    return await self.notes.end(message, now_ms=now_ms)
                case Done() if message.deliveries > 1:
                    await self.notes.clear(message, now_ms=now_ms)
                case Done() | NotYet() | Impossible():
                    pass
        except Exception as error:
            if not is_transient(error):
                log.exception("message.note_lost", message_id=message.message_id)
        return DeliveryNote()

    async def _decide(self, message: Message, verdict: Verdict, note: DeliveryNote | None = None) -> Outcome:
        outcome = self.rule.after(message, verdict, note or DeliveryNote(), now_ms=self._now_ms())
        return await self._give_up(message, outcome) if isinstance(outcome, GiveUp) else outcome

    async def _give_up(self, message: Message, outcome: GiveUp) -> Outcome:
        """Write the end on the rows of the message's uploads, and forget its note. Safe to repeat.

        While the rows can't be written, the message waits, because a front end would wait for its job forever. Before
        SQS deletes the message, it goes to the dead-letter queue all the same.
        """
        now_ms = self._now_ms()
        try:
            if outcome.failure is not None:
                for parsed in self.parser.parse(message.body, message.attributes):
                    if isinstance(parsed.event, ObjectCreated):
                        await self.submitter.give_up(parsed.event, outcome.failure, message)
            if message.deliveries > 1:
                await self.notes.clear(message, now_ms=now_ms)
        except Exception as error:
            if outcome.failure is None or self.rule.must_go(message, now_ms=now_ms):
                return outcome
            log.exception("message.end_not_recorded", message_id=message.message_id)
            return Retry(reason=type(error).__name__, delay_s=backoff_s(message), is_outage=True)
        return outcome

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)


def _unavailable(error: Exception) -> NotYet:
    return NotYet(reason=type(error).__name__, is_outage=True)
