"""One upload, one job: from an object that came to a MediaConvert job that can be found.

The claim, with key and output path decided, is written first. Whatever line the process dies at, the next delivery
finds the claim: settled, and the rows are written again; or unfinished, and the job is looked for before one is
made. Only the holder of the claim's lease calls CreateJob, and only while the lease lasts.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from transcode.job import Job
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.claim import Claim, Destination, claim_id
from worker.key_table import KeyTable
from worker.messages.parser import ObjectCreated
from worker.outcomes import Done, Message, Outcome, Retry, backoff_s
from worker.submission.mediaconvert import JobRefusedError, MediaConvertBusyError, MediaConvertJobs
from worker.submission.output_names import key_file, output_path

LEASE_KEPT_S = 10
"""Of a lease, what a CreateJob leaves unused at least, or a sixth of a lease shorter than a minute."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Makes jobs; `clock` gives Unix seconds.

    `lease_s` is how long one worker alone may make a claim's job; within it, CreateJob has answered or is given up.
    """

    outputs: KeyTable
    lookups: LookupTable
    statuses: StatusTable
    encoder: MediaConvertJobs
    clock: Callable[[], float]
    lease_s: float = 60

    async def submit(self, upload: ObjectCreated, message: Message) -> Outcome:
        """See to it that the upload has its one job, or a reason why it can't have one. Safe to repeat.

        Raises:
            Exception: Whatever AWS answers unexpectedly; the message is worth another attempt.
        """
        wanted = self._wanted(upload)
        claim = await self.outputs.claim(wanted, now_ms=wanted.claimed_ms)
        if claim.refused:
            return Done()
        if claim.job_id is not None:
            return await self._record(claim, claim.job_id, message)
        if claim.lease_token != wanted.lease_token:
            held_s = max(1, -(-(claim.lease_until_ms - wanted.claimed_ms) // 1000))
            return Retry(reason="another worker makes this job", delay_s=held_s)
        try:
            async with asyncio.timeout(self.lease_s - min(LEASE_KEPT_S, self.lease_s / 6)):
                job_id = await self._make(claim)
        except MediaConvertBusyError:
            await self.outputs.release(claim)
            log.warning("encoder.busy", input_file=upload.input_file)
            return Retry(reason="MediaConvert is busy", delay_s=backoff_s(message))
        except JobRefusedError as refusal:
            return await self._refuse(claim, refusal)
        return await self._settle(claim, job_id, message)

    async def adopt(self, claim: Claim, job_id: str) -> Outcome:
        """Write the rows of a job that was found in MediaConvert, made for this claim. Safe to repeat."""
        return await self._settle(claim, job_id)

    def _wanted(self, upload: ObjectCreated) -> Claim:
        now_ms = int(self.clock() * 1000)
        destination = Destination(
            input_file=upload.input_file,
            output_path=output_path(
                upload.input_file, made_at=datetime.fromtimestamp(now_ms / 1000, UTC), token=secrets.token_hex(3)
            ),
            key_file=key_file(upload.input_file),
            key_value=secrets.token_hex(16),
        )
        return Claim(
            claim_id=claim_id(upload),
            destination=destination,
            claimed_ms=now_ms,
            lease_token=secrets.token_hex(8),
            lease_until_ms=now_ms + round(self.lease_s * 1000),
        )

    async def _make(self, claim: Claim) -> str:
        if not claim.is_fresh and (found := await self.encoder.find(claim)):
            log.info("job.found", job_id=found, input_file=claim.destination.input_file)
            return found
        return await self.encoder.create(claim, now_s=self.clock())

    async def _settle(self, claim: Claim, job_id: str, message: Message | None = None) -> Outcome:
        standing = await self.outputs.settle(claim, job_id)
        if standing != job_id:
            # We slept through our lease, and another worker made the job: ours must not run beside it.
            log.warning("job.duplicate_canceled", job_id=job_id, standing_job_id=standing)
            await self.encoder.cancel(job_id)
        return await self._record(claim, standing, message)

    async def _record(self, claim: Claim, job_id: str, message: Message | None) -> Outcome:
        """Write the job's rows: first the one that COMPLETE needs, last the one by which readers find the job."""
        now_s, input_file = int(self.clock()), claim.destination.input_file
        await self.outputs.put(job_id, claim.destination, now_s=now_s)
        announced = await self.lookups.get(input_file, now_s=now_s, consistent=True)
        job = Job(
            job_id=job_id,
            input_file=input_file,
            file_name=announced.file_name if announced else None,
            owner=announced.owner if announced else None,
        )
        await self.statuses.submit(job, now_s=now_s)
        await self.lookups.link(input_file, job_id, claimed_ms=claim.claimed_ms, now_s=now_s)
        waited_ms = message.waited_ms(self.clock()) if message else None
        log.info("job.submitted", job_id=job_id, input_file=input_file, waited_ms=waited_ms)
        return Done()

    async def _refuse(self, claim: Claim, refusal: JobRefusedError) -> Outcome:
        now_s, input_file = int(self.clock()), claim.destination.input_file
        await self.lookups.refuse(input_file, refusal.failure, claimed_ms=claim.claimed_ms, now_s=now_s)
        await self.outputs.refuse(claim)
        log.error("job.refused", input_file=input_file, code=refusal.failure.code, reason=refusal.failure.message)
        return Done()
