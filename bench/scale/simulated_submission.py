"""Submission in a simulation: the claim and its lease, the search, CreateJob, as in worker/submission/submit.py."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import simpy
from botocore.exceptions import ClientError

from bench.scale.simulated_aws import SimulatedAws, Waiting
from bench.scale.simulated_deliveries import EPOCH_MS, SQS_S, Deliveries, Tables, Verdicts, verdict_of
from bench.scale.simulated_queue import Letter
from transcode.failures import THROTTLED_STATUS
from worker.claim import Claim, Destination
from worker.outcomes import Done, NotYet
from worker.rest import Rest
from worker.submission.hold_back import READ_AGAIN_S, HoldBack
from worker.submission.pace import BATCHES, Pace
from worker.submission.probe_rule import NotProbed, ProbeOutcome, ProbeRule
from worker.submission.probed_input import ProbedInput

NEW_CLAIM = Claim(
    claim_id="",
    destination=Destination(input_file="", output_path="", key_file="", key_value=""),
    claimed_ms=0,
    lease_token="",
    lease_until_ms=0,
    is_jobless=True,
)
"""The claim that intake writes: no lease, and certainly no job."""


def is_throttled(error: ClientError) -> bool:
    """Return whether MediaConvert throttled the call."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == THROTTLED_STATUS


@dataclass(slots=True, kw_only=True)
class SimulatedSubmitter:
    """Creates the job of an upload's claim, as worker/submission/submit.py does."""

    env: simpy.Environment
    aws: SimulatedAws
    tables: Tables
    lease_s: float

    def submit(self, upload: int, pace: Pace, probes: ProbeRule, *, started_s: float) -> Verdicts:
        """Make sure that the upload has its job, and record in the two rules how MediaConvert responded."""
        try:
            yield from self.aws.dynamodb()
            claim = self._take_lease(upload)
            if claim is None:
                return self._leased(upload)
            if claim.job_id is not None:
                return Done()
            yield from self.aws.dynamodb()  # the input file's row shows QUEUED
            try:
                yield from self._find_or_create(claim, upload, probes)
            except ClientError as error:
                if is_throttled(error):
                    pace.record_throttled(started_s=started_s, now_s=self.env.now)
                    probes.record_throttled(now_s=self.env.now)
                    delay_s = pace.retry_delay_s(now_s=self.env.now)
                    return NotYet(reason="MediaConvert is busy", delay_s=delay_s, is_outage=True)
                raise
            pace.record_success(now_s=self.env.now)
            yield from self.aws.dynamodb(calls=5)  # the claim's job, the key, the input file's row twice, the status
        except ClientError as error:
            pace.record_failed()
            return verdict_of(error)
        self.tables.claims[upload] = replace(claim, job_id=str(upload))
        return Done()

    def _take_lease(self, upload: int) -> Claim | None:
        """Return the claim with a lease of this worker; None if another worker has it."""
        now_ms = EPOCH_MS + int(self.env.now * 1000)
        until_ms = now_ms + round(self.lease_s * 1000)
        existing = self.tables.claims.get(upload, NEW_CLAIM)
        if existing.is_finished:
            return existing
        if existing.lease_until_ms > now_ms:
            return None
        claim = replace(existing, lease_until_ms=until_ms)
        self.tables.claims[upload] = replace(claim, is_jobless=False)
        return claim

    def _leased(self, upload: int) -> NotYet:
        remaining_ms = self.tables.claims[upload].lease_until_ms - EPOCH_MS - int(self.env.now * 1000)
        return NotYet(reason="another worker is creating this job", delay_s=max(1, -(-remaining_ms // 1000)))

    def _find_or_create(self, claim: Claim, upload: int, probes: ProbeRule) -> Waiting:
        if not (claim.may_have_job and (yield from self._find(upload))):
            if probes.is_due(now_s=self.env.now):
                probes.record_probe((yield from self._probe()), now_s=self.env.now)
            yield from self._create(upload)

    def _probe(self) -> Generator[simpy.Event, Any, ProbeOutcome]:
        try:
            yield from self.aws.probe()
        except ClientError as error:
            return NotProbed(error=error, is_throttled=is_throttled(error))
        return ProbedInput()

    def _find(self, upload: int) -> Generator[simpy.Event, Any, bool]:
        try:
            return (yield from self.aws.search(upload))
        except ClientError as error:
            yield from self._release(upload, error, is_jobless=False)
            raise

    def _create(self, upload: int) -> Waiting:
        try:
            yield from self.aws.create_job(upload)
        except ClientError as error:
            yield from self._release(upload, error, is_jobless=True)
            raise

    def _release(self, upload: int, error: ClientError, *, is_jobless: bool) -> Waiting:
        """End the lease after a 429. After a 500 the job may exist, so the lease stays until its end."""
        if is_throttled(error):
            yield from self.aws.dynamodb()
            claim = self.tables.claims[upload]
            self.tables.claims[upload] = replace(claim, lease_until_ms=0, is_jobless=is_jobless)


@dataclass(slots=True, kw_only=True)
class SubmissionPoller:
    """A submitter that holds a slot: the gate before its queue, its pace, its probes and its batches."""

    deliveries: Deliveries
    submitter: SimulatedSubmitter
    rest: Rest
    pace: Pace
    probes: ProbeRule
    hold_back: HoldBack
    is_busy: bool = False
    in_hand: int = 0
    """Messages that are handled now."""

    def run(self) -> Waiting:
        """Handle batches until the simulation ends."""
        env, batches = self.deliveries.env, list[simpy.Process]()
        while True:
            batches = [each for each in batches if each.is_alive]
            if len(batches) >= BATCHES:
                yield env.any_of(batches)
                continue
            if remaining_s := self.rest.remaining_s(now_s=env.now):
                yield env.timeout(remaining_s)
                continue
            if self.rest.is_trying and not (yield from self._mediaconvert_responds()):
                continue
            wanted = 1 if self.rest.is_trying else self.pace.batch_size
            permitted = (yield from self._permitted(wanted)) if self.is_busy else wanted
            if not permitted:
                yield env.timeout(READ_AGAIN_S)
                continue
            yield env.timeout(SQS_S)
            batch = yield from self.deliveries.queue.poll(permitted)
            self.is_busy = bool(batch)
            if batch:
                started = [env.event() for _ in batch]
                handling = env.process(self._handle(batch, started))
                batches.append(handling)
                yield env.any_of([handling, env.all_of(started)])
                if not self.pace.is_steady and handling.is_alive:
                    yield handling

    def _handle(self, batch: Sequence[Letter], started: Sequence[simpy.Event]) -> Waiting:
        env, calls = self.deliveries.env, iter(started)

        def submit(letter: Letter) -> Verdicts:
            started_s = self.pace.reserve(now_s=env.now)
            if started_s > env.now:
                yield env.timeout(started_s - env.now)
            next(calls).succeed()
            return (yield from self.submitter.submit(letter.upload, self.pace, self.probes, started_s=started_s))

        self.in_hand += len(batch)
        outcomes = yield from self.deliveries.handle(batch, submit)
        self.in_hand -= len(batch)
        self.rest.record(outcomes, now_s=env.now)
        self.hold_back.record_created(sum(isinstance(outcome, Done) for outcome in outcomes))

    def _mediaconvert_responds(self) -> Generator[simpy.Event, Any, bool]:
        try:
            waiting = yield from self.deliveries.aws.get_queue()
        except ClientError:
            self.rest.extend(now_s=self.deliveries.env.now)
            return False
        self.hold_back.record_read(waiting, now_s=self.deliveries.env.now)
        return True

    def _permitted(self, wanted: int) -> Generator[simpy.Event, Any, int]:
        env, hold_back = self.deliveries.env, self.hold_back
        if hold_back.must_read(now_s=env.now):
            waiting: int | None = None
            with contextlib.suppress(ClientError):  # without the count, nothing is held back
                waiting = yield from self.deliveries.aws.get_queue()
            hold_back.record_read(waiting, now_s=env.now)
        return hold_back.permitted(wanted, now_s=env.now, in_hand=self.in_hand)
