"""Deliveries in a simulation: the worker's own verdicts, retry rule and notes, as in worker/deliveries.py.

Only the calls of AWS and the queues are simulated. Each method of a call takes simulated time, or raises botocore's
exception.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import simpy
from botocore.exceptions import ClientError

from bench.scale.simulated_aws import SimulatedAws
from bench.scale.simulated_queue import Letter, SimulatedQueue
from transcode.failures import FailureClass, classify
from worker.claim import Claim
from worker.outcomes import Done, Failed, GiveUp, NotYet, Outcome, Retry, Verdict
from worker.retry import DeliveryNote, RetryRule

EPOCH_MS = 1_900_000_000_000
SQS_S = 0.01
"""Assumed seconds of one call of SQS."""

Verdicts = Generator[simpy.Event, Any, Verdict]
Outcomes = Generator[simpy.Event, Any, Outcome]
BatchOutcomes = Generator[simpy.Event, Any, list[Outcome]]


@dataclass(slots=True, kw_only=True)
class Tables:
    """The rows of all uploads."""

    claims: dict[int, Claim] = field(default_factory=dict)
    notes: dict[int, DeliveryNote] = field(default_factory=dict)
    queued_s: dict[int, float] = field(default_factory=dict)
    """The time at which each upload's row showed QUEUED."""


@dataclass(slots=True, kw_only=True)
class Deliveries:
    """The handling of deliveries of one queue: the worker's retry rule, and the notes of later deliveries."""

    env: simpy.Environment
    aws: SimulatedAws
    queue: SimulatedQueue
    tables: Tables
    rule: RetryRule
    dead_letters: list[int] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    """Deliveries by upload."""

    @property
    def now_ms(self) -> int:
        """Return the time in Unix milliseconds."""
        return EPOCH_MS + int(self.env.now * 1000)

    def begin(self, letter: Letter) -> Generator[simpy.Event, Any, Outcome | None]:
        """Record that the delivery begins; return an outcome if the message must not be handled now."""
        self.counts[letter.upload] += 1
        if letter.receives == 1:
            return None
        message = letter.message(epoch_ms=EPOCH_MS)
        try:
            yield from self.aws.dynamodb()
        except ClientError as error:
            return self.rule.after(message, verdict_of(error), DeliveryNote(), now_ms=self.now_ms)
        note = self.tables.notes.get(letter.upload, DeliveryNote())
        note = replace(note, open_deliveries=note.open_deliveries + 1)
        self.tables.notes[letter.upload] = note
        return self.rule.before(message, note, now_ms=self.now_ms)

    def end(self, letter: Letter, verdict: Verdict) -> Outcomes:
        """Record that the delivery ended, apply its outcome to the queue, and return it."""
        note = self.tables.notes.get(letter.upload, DeliveryNote())
        if letter.receives > 1:
            try:
                yield from self.aws.dynamodb()
                note = DeliveryNote(failures=note.failures + isinstance(verdict, Failed))
                self.tables.notes[letter.upload] = note
            except ClientError:
                note = DeliveryNote()  # as the worker does: a lost end counts as a death, and harms nothing
        message = letter.message(epoch_ms=EPOCH_MS)
        return (yield from self.apply(letter, self.rule.after(message, verdict, note, now_ms=self.now_ms)))

    def apply(self, letter: Letter, outcome: Outcome) -> Outcomes:
        """Delete the message, hide it, or move it to the dead-letter queue; return the outcome."""
        yield self.env.timeout(SQS_S)
        match outcome:
            case Done():
                self.queue.delete(letter)
            case Retry(delay_s=delay_s):
                self.queue.hide(letter, delay_s)
            case GiveUp():
                self.dead_letters.append(letter.upload)
                self.queue.delete(letter)
        return outcome

    def handle(self, letters: Sequence[Letter], handler: Callable[[Letter], Verdicts]) -> BatchOutcomes:
        """Handle the messages of a batch at the same time, and return their outcomes."""
        outcomes: list[Outcome] = []

        def handle_one(letter: Letter) -> Generator[simpy.Event, Any, None]:
            outcomes.append((yield from self._handle_one(letter, handler)))

        yield self.env.all_of([self.env.process(handle_one(letter)) for letter in letters])
        return outcomes

    def _handle_one(self, letter: Letter, handler: Callable[[Letter], Verdicts]) -> Outcomes:
        outcome = yield from self.begin(letter)
        if outcome is not None:
            return (yield from self.apply(letter, outcome))
        verdict = yield from handler(letter)
        return (yield from self.end(letter, verdict))


def verdict_of(error: Exception) -> Verdict:
    """Return the verdict on a message whose handling raised the exception."""
    if classify(error) is FailureClass.DEFECT:
        return Failed(reason=type(error).__name__)
    return NotYet(reason=type(error).__name__, is_outage=True)
