"""The jobs of an upload that is deleted: found, and brought to their end.

A job can exist although no row names it: a worker died, or still works, between CreateJob and the write of its id. So
each claim of the upload is settled first: it gets a recorded job, or it is certain that it never gets one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from transcode.status_table import StatusTable
from worker.claim import Claim
from worker.deletion.marked_upload import MarkedUpload
from worker.key_table import KeyTable
from worker.outcomes import Done, NotYet
from worker.submission.cancel import Canceller
from worker.submission.mediaconvert import MediaConvertBusyError, MediaConvertJobs

LEASE_S = 60
"""Seconds for which the deletion holds a claim's lease while it looks for the claim's job."""
EVENT_WAIT_S = 5
"""Seconds until the next look at a job that ended by itself, and whose last event is on its way."""


class NotYetDeletedError(Exception):
    """The deletion waits for something outside."""

    def __init__(self, reason: str, *, delay_s: int | None = None) -> None:
        super().__init__(reason)
        self.delay_s = delay_s


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsOfUpload:
    """Finds and ends jobs. `clock` returns Unix seconds."""

    key_table: KeyTable
    statuses: StatusTable
    mediaconvert: MediaConvertJobs
    canceller: Canceller
    clock: Callable[[], float]

    async def find(self, upload: MarkedUpload) -> set[str]:
        """Return the ids of the upload's jobs; after that, no claim that the row names gets another one.

        Raises:
            NotYetDeletedError: A worker may be creating a job, or MediaConvert can't be asked.
        """
        found = set(upload.job_ids)
        for claim_id in sorted(upload.claim_ids):
            claim = await self.key_table.get_claim(claim_id)
            job_id = await self._settled(claim) if claim is not None else None
            found |= {job_id} if job_id is not None else set()
        if not upload.is_announced:  # each version of such an object got a job, and the row names only the newest
            found |= await self._search(upload.input_file)
        return found

    async def end(self, job_id: str) -> None:
        """Cancel the job if it runs, and make sure that its row is final.

        Raises:
            NotYetDeletedError: It has not ended yet.
        """
        verdict = await self.canceller.cancel_job(job_id, is_row_needed=False)
        if not isinstance(verdict, Done):
            delay_s = verdict.delay_s if isinstance(verdict, NotYet) else None
            raise NotYetDeletedError(verdict.reason, delay_s=delay_s)
        job = await self.statuses.get(job_id, now_s=0, consistent=True, include_deleted=True)
        if job is not None and not job.status.is_final:
            raise NotYetDeletedError("the job's last event is not there yet", delay_s=EVENT_WAIT_S)

    async def _search(self, input_file: str) -> set[str]:
        try:
            return await self.mediaconvert.find_open(input_file)
        except MediaConvertBusyError as error:
            raise NotYetDeletedError("MediaConvert is busy") from error

    async def _settled(self, claim: Claim) -> str | None:
        """Return the claim's job; None if it has none, and will get none."""
        now_ms = int(self.clock() * 1000)
        if claim.is_finished:
            return claim.job_id
        if await self.key_table.refuse_jobless(claim.claim_id, now_ms=now_ms):
            return None
        wanted = replace(claim, lease_token=secrets.token_hex(8), lease_until_ms=now_ms + LEASE_S * 1000)
        leased = await self.key_table.claim(wanted, now_ms=now_ms)
        if leased.is_finished:
            return leased.job_id
        if leased.lease_token != wanted.lease_token:
            delay_s = max(1, -(-(leased.lease_until_ms - now_ms) // 1000))
            raise NotYetDeletedError("a worker is creating the job", delay_s=delay_s)
        try:
            job_id = await self.mediaconvert.find(leased)
        except MediaConvertBusyError as error:
            await self.key_table.release(leased)
            raise NotYetDeletedError("MediaConvert is busy") from error
        if job_id is not None:
            return await self.key_table.record_job(leased, job_id)
        await self.key_table.refuse(leased)
        return None
