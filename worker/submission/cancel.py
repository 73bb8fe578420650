"""The end of a job, or of a file's wait for its job, that a caller requested. Only the worker ends either of them.

A job's cancellation is a call to MediaConvert. It waits as long as MediaConvert throttles or doesn't respond, and holds
up no other message: after a failed call, no cancellation calls MediaConvert for some seconds, and each call ends after
ten. A file that waits for its job needs no call: its claim is refused, unless a worker may be creating the job now.
That worker finds the request on the file's row, before and after it creates the job.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from transcode.failures import FailureClass, classify
from transcode.job import Canceled
from transcode.lookup import Lookup, attempt_names
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.announce.announcing import Announce, announce_nothing
from worker.claim import Claim
from worker.job_end import JobEnds
from worker.key_table import KeyTable
from worker.messages.events import CancelRequested
from worker.outcomes import Done, NotYet, Verdict
from worker.rest import Rest
from worker.submission.mediaconvert import JobNotOverError, MediaConvertJobs

CALL_TIMEOUT_S = 10
"""Seconds for the calls of one cancellation. Job events of the same batch wait for it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Cancels jobs and waiting files. `clock` returns Unix seconds; `rest_clock` never goes back."""

    key_table: KeyTable
    lookups: LookupTable
    statuses: StatusTable
    mediaconvert: MediaConvertJobs
    ends: JobEnds
    clock: Callable[[], float]
    rest: Rest = field(default_factory=Rest)
    rest_clock: Callable[[], float] = time.monotonic
    announce: Announce = announce_nothing

    async def cancel(self, request: CancelRequested) -> Verdict:
        """Cancel the job, or the file's wait for one. Safe to repeat.

        Raises:
            Exception: DynamoDB returned an unexpected error; the worker should retry the message.
        """
        if request.job_id is not None:
            return await self.cancel_job(request.job_id)
        if request.input_file is not None:
            await self._cancel_waiting(request.input_file)
        return Done()

    async def cancel_job(self, job_id: str, *, is_row_needed: bool = True) -> Verdict:
        """Cancel the job in MediaConvert, and write CANCELED. Do nothing if the job is over, or ends by itself now.

        `is_row_needed` is false for a job that must end although it has no row. It gets no row then.

        MediaConvert may send no event for a job that it cancels while the job waits in its queue, so the worker writes
        the status. The write keeps the rule of an event: if one ended the job first, that status stays.
        """
        job = await self.statuses.get(job_id, now_s=int(self.clock()), consistent=True, include_deleted=True)
        if (job is None and is_row_needed) or (job is not None and job.status.is_final):
            await self.ends.record(job_id, now_s=int(self.clock()))
            log.info("job.cancel_stale", job_id=job_id, status=job.status if job is not None else None)
            return Done()
        if job is not None and job.is_followed:
            log.warning("job.cancel_refused", job_id=job_id)
            return Done()
        if self.rest.remaining_s(now_s=self.rest_clock()):
            return NotYet(reason="MediaConvert failed another cancellation")
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                is_canceled = await self.mediaconvert.end(job_id)
        except JobNotOverError as error:
            log.warning("encoder.busy", job_id=job_id, reason=str(error))
            return NotYet(reason="MediaConvert doesn't cancel the job now")
        except Exception as error:  # noqa: BLE001 -- it waits, whatever the environment's fault; a defect is raised again
            return self._not_yet(job_id, error)
        self.rest.record([Done()], now_s=self.rest_clock())
        if job is None:
            return Done()
        if not is_canceled:
            log.info("job.cancel_stale", job_id=job_id, status=job.status)
            return Done()  # its own final event is on the way; reconciliation repairs a lost one
        now_ms = int(self.clock() * 1000)
        await self.statuses.advance(Canceled(job_id=job_id, time_ms=now_ms), now_s=now_ms // 1000)
        await self.ends.record(job_id, now_s=now_ms // 1000)
        log.info("job.canceled", job_id=job_id, input_file=job.input_file)
        await self.announce(job_id)
        return Done()

    async def cancel_waiting(self, claim: Claim, *, is_leased: bool) -> bool:
        """Refuse the claim, and end the file's wait; return False if a job of the claim exists or is being created.

        `is_leased` is true if the caller holds the claim's lease, and has made sure that no job exists.
        """
        table, now_ms = self.key_table, int(self.clock() * 1000)
        is_refused = await (table.refuse(claim) if is_leased else table.refuse_jobless(claim.claim_id, now_ms=now_ms))
        if is_refused:
            await self._end_wait(claim, now_s=now_ms // 1000)
        return is_refused

    async def end_refused(self, claim: Claim, *, replaces: str | None = None) -> None:
        """End the wait of a canceled file whose claim is refused; do nothing for any other file. Safe to repeat.

        The worker that refused the claim may have died before it ended the wait. The message of the upload is then the
        only one that is left, because the message of the request was handled before.
        """
        now_s, input_file = int(self.clock()), claim.destination.input_file
        lookup = await self.lookups.get(input_file, now_s=now_s, consistent=True)
        if lookup is not None and lookup.cancel_requested and is_canceled(lookup, claim, replaces=replaces):
            await self._end_wait(claim, now_s=now_s)

    async def cancel_created(self, job_id: str) -> Verdict:
        """Cancel a job that was created although its file was canceled: the request came at the same time."""
        await self.statuses.request_cancel(job_id, now_s=int(self.clock()))
        return await self.cancel_job(job_id)

    async def _end_wait(self, claim: Claim, *, now_s: int) -> None:
        input_file = claim.destination.input_file
        end = await self.lookups.cancel(input_file, claimed_ms=claim.claimed_ms, now_s=now_s)
        log.info("upload.canceled", input_file=input_file)
        await self.announce(end)

    async def _cancel_waiting(self, input_file: str) -> None:
        lookup = await self.lookups.get(input_file, now_s=int(self.clock()), consistent=True)
        claim_id = lookup.claim_id if lookup is not None and lookup.cancel_requested else None
        claim = None if claim_id is None else await self.key_table.get_claim(claim_id)
        if claim is None or not await self.cancel_waiting(claim, is_leased=False):
            # The attempt is over, or intake or a submitter has it now, and finds the request on the file's row.
            log.info("upload.cancel_left", input_file=input_file)

    def _not_yet(self, job_id: str, error: Exception) -> Verdict:
        match classify(error):
            case FailureClass.DENIED:
                log.error("encoder.denied", job_id=job_id, reason=str(error))
            case FailureClass.UNAVAILABLE:
                log.warning("encoder.busy", job_id=job_id, reason=type(error).__name__)
            case FailureClass.DEFECT:
                raise error
        if not self.rest.remaining_s(now_s=self.rest_clock()):
            self.rest.extend(now_s=self.rest_clock())
        # It is no outage of the queue: the job events beside this message don't need MediaConvert.
        return NotYet(reason="MediaConvert doesn't cancel the job now")


def is_canceled(lookup: Lookup | None, claim: Claim, *, replaces: str | None = None) -> bool:
    """Return whether a caller canceled the claim's attempt. `replaces` is that of the upload's message."""
    names = attempt_names(claim_id=claim.claim_id, replaces=replaces, claimed_ms=claim.claimed_ms)
    return lookup is not None and lookup.cancel_requested_for in names
