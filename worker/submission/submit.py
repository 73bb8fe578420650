"""Submission of an upload: exactly one MediaConvert job for each object version, and the rows that refer to it.

The worker first writes the claim, which contains the encryption key and the output path. If the process dies at any
later line, the next delivery finds the claim. If the claim has a job, the worker writes the job's rows again. If not,
the worker looks for the job in MediaConvert before it creates one. Only the holder of the claim's lease calls
CreateJob, and only until the lease expires.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from transcode.attempt import UploadDeletedError
from transcode.job import Failure, Job
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.queue_table import QueueTable
from transcode.status_table import StatusTable
from worker.announce.announcing import Announce, announce_nothing
from worker.claim import Claim, claim_id
from worker.key_table import KeyTable
from worker.messages.events import ObjectCreated
from worker.outcomes import Done, Message, NotYet, Verdict
from worker.retry import is_given_up
from worker.submission.admission import Admission
from worker.submission.cancel import Canceller, is_canceled
from worker.submission.deleted_uploads import DeletedUploads
from worker.submission.mediaconvert import JobRefusedError, MediaConvertBusyError, MediaConvertJobs
from worker.submission.new_claim import new_claim
from worker.submission.one_job import OneJobRule
from worker.submission.pacer import Pacer

LEASE_MARGIN_S = 10
"""Seconds before the end of a lease at which CreateJob times out; a sixth of a lease that is shorter than a minute."""

COUNT_TIMEOUT_S = 2
"""Seconds for the count of created jobs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Creates jobs. `clock` returns Unix seconds.

    For `lease_s` seconds, only one worker may create a claim's job. CreateJob responds or times out within that time.
    """

    key_table: KeyTable
    lookups: LookupTable
    statuses: StatusTable
    mediaconvert: MediaConvertJobs
    admission: Admission
    canceller: Canceller
    queue_table: QueueTable
    one_job: OneJobRule
    deleted_uploads: DeletedUploads
    clock: Callable[[], float]
    lease_s: float = 60
    pacer: Pacer | None = None
    """The wait before each submission; None where something else limits the rate, as on Lambda."""
    announce: Announce = announce_nothing

    async def submit(self, upload: ObjectCreated, message: Message) -> Verdict:
        """Make sure that the upload has its one job, or the error for which it can't have one. Safe to repeat.

        Raises:
            Exception: AWS returned an unexpected error; the worker should retry the message.
        """
        try:
            return await self._submit(upload, message)
        except Exception:
            if self.pacer:
                self.pacer.pace.record_failed()
            raise

    async def _submit(self, upload: ObjectCreated, message: Message) -> Verdict:
        started_s = await self._wait()
        now_ms = int(self.clock() * 1000)
        new = new_claim(upload, now_ms=now_ms, lease_s=self.lease_s)
        claim = await self.key_table.claim(new, now_ms=now_ms)
        if claim.refused:
            await self.canceller.end_refused(claim, replaces=upload.replaces)
            return Done()
        if claim.job_id is not None:
            return await self._write_rows(claim, claim.job_id, await self._lookup(claim), message)
        if claim.lease_token != new.lease_token:
            remaining_s = max(1, -(-(claim.lease_until_ms - now_ms) // 1000))
            return NotYet(reason="another worker is creating this job", delay_s=remaining_s)
        if (lookup := await self._admitted(upload, claim, message)) is None:
            return Done()
        if (failure := _earlier_refusal(lookup, claim)) is not None:
            return await self._refuse(claim, JobRefusedError(failure))
        may_create = not is_canceled(lookup, claim, replaces=upload.replaces)
        try:
            async with asyncio.timeout(self.lease_s - min(LEASE_MARGIN_S, self.lease_s / 6)):
                job_id = await self._find(claim)
                if job_id is None and may_create:
                    profile = lookup.profile
                    plan = await self.admission.admit(claim, now_s=self.clock(), profile=profile)
                    claim = replace(claim, plan=plan)
                    job_id = await self.mediaconvert.create(claim, now_s=self.clock(), profile=profile)
        except MediaConvertBusyError as busy:
            self._record_busy(busy, started_s=started_s)
            return await self._release(claim, busy)
        except JobRefusedError as refusal:
            return await self._refuse(claim, refusal)
        if self.pacer and job_id is not None:
            self.pacer.record(started_s=started_s, is_throttled=False)
        return await self._settle(claim, job_id, lookup, message)

    async def _admitted(self, upload: ObjectCreated, claim: Claim, message: Message) -> Lookup | None:
        """Return the file's row; None if the upload gets no job."""
        if message.deliveries == 1 and claim.is_jobless:
            lookup = await self._lookup(claim)  # intake admitted it just before the first attempt
            if lookup is not None and lookup.delete_requested_s is None:
                return lookup
        return await self.one_job.admit(upload, claim, now_s=int(self.clock()))

    async def _settle(self, claim: Claim, job_id: str | None, lookup: Lookup | None, message: Message) -> Verdict:
        """Record the job; without one, a caller wants none, so end the file's wait."""
        if job_id is not None:
            return await self._record_job(claim, job_id, lookup, message)
        is_ended = await self.canceller.cancel_waiting(claim, is_leased=True)
        return Done() if is_ended else NotYet(reason="another worker created the job")

    async def give_up(self, upload: ObjectCreated, failure: Failure, message: Message) -> None:
        """Record on the upload's row that no job will be created, unless its claim has one. Safe to repeat.

        The claim stays as it is: if an operator sends the dead letter back, the worker creates the job after all, and
        the job takes the place of the error.
        """
        now_s = int(self.clock())
        claim = await self.key_table.get_claim(claim_id(upload))
        if claim is not None and claim.is_finished:
            return
        first_seen_ms = message.first_seen_ms or now_s * 1000
        claimed_ms = first_seen_ms if claim is None else claim.claimed_ms
        version = None if upload.replaces else upload.version
        end = await self.lookups.refuse(upload.input_file, failure, claimed_ms=claimed_ms, now_s=now_s, version=version)
        log.error("upload.given_up", input_file=upload.input_file, code=failure.code, reason=failure.message)
        await self.announce(end)

    async def adopt(self, claim: Claim, job_id: str) -> Verdict:
        """Write the rows of a claim's job that reconciliation found in MediaConvert. Safe to repeat."""
        return await self._record_job(claim, job_id, await self._lookup(claim))

    async def _wait(self) -> float:
        """Wait for the pace, and return the time at which the upload's calls may start."""
        return 0 if self.pacer is None else await self.pacer.wait()

    async def _find(self, claim: Claim) -> str | None:
        """Return the id of the job that an earlier attempt created; None if there is none."""
        if not claim.may_have_job or not (found := await self.mediaconvert.find(claim)):
            return None
        log.info("job.found", job_id=found, input_file=claim.destination.input_file)
        return found

    def _record_busy(self, busy: MediaConvertBusyError, *, started_s: float) -> None:
        if busy.is_denied:
            return
        self.admission.rule.record_throttled(now_s=self.clock())
        if self.pacer:
            self.pacer.record(started_s=started_s, is_throttled=True)

    async def _lookup(self, claim: Claim) -> Lookup | None:
        now_s, input_file = int(self.clock()), claim.destination.input_file
        return await self.lookups.get(input_file, now_s=now_s, consistent=True, include_deleted=True)

    async def _release(self, claim: Claim, busy: MediaConvertBusyError) -> Verdict:
        await self.key_table.release(claim, is_jobless=busy.is_jobless)
        input_file = claim.destination.input_file
        if busy.is_denied:
            log.error("encoder.denied", input_file=input_file, reason=str(busy))
            return NotYet(reason="MediaConvert denies access", is_outage=True)
        log.warning("encoder.busy", input_file=input_file)
        delay_s = self.pacer.retry_delay_s() if self.pacer else None
        return NotYet(reason="MediaConvert is busy", delay_s=delay_s, is_outage=True)

    async def _record_job(
        self, claim: Claim, job_id: str, lookup: Lookup | None, message: Message | None = None
    ) -> Verdict:
        recorded_job_id = await self.key_table.record_job(claim, job_id)
        if recorded_job_id != job_id:
            # This worker's lease expired, and another worker created the recorded job. Only that one may run.
            log.warning("job.duplicate_canceled", job_id=job_id, standing_job_id=recorded_job_id)
            await self.mediaconvert.cancel(job_id)
        await self._count_created()
        return await self._write_rows(claim, recorded_job_id, lookup, message)

    async def _count_created(self) -> None:
        """Count the job for the places of waiting files. A lost count makes them less exact, and nothing else."""
        try:
            async with asyncio.timeout(COUNT_TIMEOUT_S):
                await self.queue_table.count_created(now_s=int(self.clock()))
        except Exception as error:  # noqa: BLE001 -- the job's own rows matter more
            log.warning("queue.uncounted", reason=type(error).__name__)

    async def _write_rows(
        self, claim: Claim, job_id: str, lookup: Lookup | None, message: Message | None = None
    ) -> Verdict:
        """Write the job's rows: first the row that COMPLETE needs, last the row with which readers find the job.

        If a caller canceled the file until then, cancel the job. If a caller deleted it, remove the job.
        """
        now_s, input_file = int(self.clock()), claim.destination.input_file
        await self.key_table.put(job_id, claim.destination, now_s=now_s, plan=claim.plan)
        known = lookup or Lookup(input_file=input_file)
        job = Job(
            job_id=job_id,
            input_file=input_file,
            file_name=known.file_name,
            owner=known.owner,
            profile=self.mediaconvert.profile(known.profile),
            external_id=known.external_id,
            metadata=known.metadata,
            revision=known.revision,
            estimate=claim.plan.estimate if claim.plan else None,
        )
        over = await self.statuses.submit(job, now_s=now_s)
        try:
            linked = await self.lookups.link(input_file, job_id, claimed_ms=claim.claimed_ms, now_s=now_s)
        except UploadDeletedError:
            return await self.deleted_uploads.remove_job(claim, job_id)
        if linked.revision != known.revision:
            await self.statuses.describe(job_id, linked)  # the caller changed the labels since they were read
        if over is not None:
            await self.lookups.end(input_file, job_id, over.status, now_s=now_s)
        waited_ms = message.waited_ms(self.clock()) if message else None
        log.info("job.submitted", job_id=job_id, input_file=input_file, waited_ms=waited_ms)
        await self.announce(job_id)
        return await self.canceller.cancel_created(job_id) if is_canceled(linked, claim) else Done()

    async def _refuse(self, claim: Claim, refusal: JobRefusedError) -> Verdict:
        now_s, input_file = int(self.clock()), claim.destination.input_file
        end = await self.lookups.refuse(input_file, refusal.failure, claimed_ms=claim.claimed_ms, now_s=now_s)
        await self.key_table.refuse(claim)
        _log_refusal(input_file, refusal.failure)
        await self.announce(end)
        return Done()


def _earlier_refusal(lookup: Lookup, claim: Claim) -> Failure | None:
    """Return the error with which a worker refused this claim's job, before it died and could refuse the claim.

    The error may be announced already. So it stays, also if the probe or a budget would have another answer now. A
    message that was given up is different: an operator who sends it back wants a job.
    """
    failure = lookup.failure if lookup.claimed_ms == claim.claimed_ms else None
    return None if failure is None or is_given_up(failure) else failure


def _log_refusal(input_file: str, failure: Failure) -> None:
    """Log why there is no job: only MediaConvert's own refusals show that something may be wrong in the deployment."""
    fields = {"input_file": input_file, "code": failure.code, "reason": failure.message}
    if failure.reason is None:
        log.error("job.refused", **fields)
    elif failure.reason == "budget_exhausted":
        log.warning("budget.exhausted", **fields)
    else:
        log.warning("input.refused", **fields, limit=failure.reason)
