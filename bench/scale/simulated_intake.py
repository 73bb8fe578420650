"""Intake in a simulation: it claims an upload, shows QUEUED, and sends its message on. It never calls MediaConvert."""

from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from bench.scale.simulated_aws import Waiting
from bench.scale.simulated_deliveries import EPOCH_MS, SQS_S, Deliveries, Verdicts, verdict_of
from bench.scale.simulated_queue import Letter, SimulatedQueue
from bench.scale.simulated_submission import NEW_CLAIM
from worker.outcomes import Done
from worker.queue import BATCH_SIZE
from worker.rest import Rest


@dataclass(slots=True, kw_only=True)
class IntakePoller:
    """A poller of the uploads queue. All pollers of a worker share its rest."""

    deliveries: Deliveries
    submission: SimulatedQueue
    rest: Rest

    def run(self) -> Waiting:
        """Handle batches until the simulation ends."""
        env = self.deliveries.env
        while True:
            if remaining_s := self.rest.remaining_s(now_s=env.now):
                yield env.timeout(remaining_s)
                continue
            yield env.timeout(SQS_S)
            batch = yield from self.deliveries.queue.poll(BATCH_SIZE)
            if batch:
                outcomes = yield from self.deliveries.handle(batch, self._send_on)
                self.rest.record(outcomes, now_s=env.now)

    def _send_on(self, letter: Letter) -> Verdicts:
        env, tables = self.deliveries.env, self.deliveries.tables
        try:
            yield from self.deliveries.aws.dynamodb(calls=2)  # the claim, and the input file's row
        except ClientError as error:
            return verdict_of(error)
        now_ms = EPOCH_MS + int(env.now * 1000)
        tables.claims.setdefault(letter.upload, replace(NEW_CLAIM, claimed_ms=now_ms))
        tables.queued_s.setdefault(letter.upload, env.now)
        yield env.timeout(SQS_S)
        self.submission.send(letter.upload, group=letter.group, first_seen_s=letter.first_seen_s)
        return Done()
