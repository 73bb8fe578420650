"""The deletion of an upload, from a caller's request to the tombstone, and the second sweep after it.

The order makes each line safe to die at. First the row is marked, so that no new job starts. Then the jobs end, and
their ids are recorded. Objects are removed before the rows that lead to them, and the upload's own row is the last. If
the process dies, or a delivery's time is over, the next delivery of the message does the same again, and finds less.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from transcode.failures import FailureClass, classify
from worker.announce.announcing import DeletionAnnouncements
from worker.claim import Claim
from worker.deletion.deleted_rows import DeletedRows, JobStillNeededError
from worker.deletion.invalidations import Invalidations, TooManyInvalidationsError
from worker.deletion.jobs import JobsOfUpload, NotYetDeletedError
from worker.deletion.marked_upload import MarkedUpload
from worker.deletion.owned_outputs import JobFolder, is_job_folder, job_folder, output_prefix
from worker.deletion.stored_objects import StoredObjects
from worker.deletion.sweep_queue import SweepQueue
from worker.messages.events import DeleteRequested
from worker.outcomes import Done, NotYet, Verdict

WORK_S = 10.0
"""Seconds after which a delivery stops and the next one goes on. Job events of the same batch wait for it."""
SWEEP_MARGIN_S = 60
"""Seconds from the end of the last signed URL to the second sweep, because a transfer that has begun goes on."""
INVALIDATION_WAIT_S = 60
"""Seconds until the next attempt at an invalidation. CloudFront needs about a minute for one."""
INFO_FILE = "info.json"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleter:
    """Deletes uploads. `clock` returns Unix seconds; `work_clock` never goes back."""

    rows: DeletedRows
    jobs: JobsOfUpload
    inputs: StoredObjects
    outputs: StoredObjects
    invalidations: Invalidations
    sweeps: SweepQueue
    clock: Callable[[], float]
    work_clock: Callable[[], float] = time.monotonic
    work_s: float = WORK_S
    announcements: DeletionAnnouncements | None = None
    """None if no subscriber is configured."""

    async def delete(self, request: DeleteRequested) -> Verdict:
        """Delete everything of the upload; later, make sure that nothing came back. Safe to repeat.

        Raises:
            Exception: A defect, or DynamoDB returned an unexpected error; the worker should retry the message.
        """
        try:
            upload = await self.rows.mark(request.input_file, now_s=int(self.clock()))
            if not upload.is_tombstone:
                await self._delete(upload)
                log.info("upload.deleted", input_file=upload.input_file, jobs=len(upload.job_ids))
            elif not self._remaining_s(request):
                await self._sweep(upload)
                return Done()
            return await self._sweep_later(request)
        except NotYetDeletedError as error:
            return NotYet(reason=str(error), delay_s=error.delay_s)
        except TooManyInvalidationsError:
            return NotYet(reason="too many invalidations are in progress", delay_s=INVALIDATION_WAIT_S)
        except Exception as error:  # noqa: BLE001 -- it waits, whatever the environment's fault; a defect is raised again
            return _not_yet(request.input_file, error)

    async def remove_object(self, input_file: str) -> None:
        """Remove an object that arrived under the key of a deleted upload. Safe to repeat."""
        await self.inputs.remove(input_file, is_owned=input_file.__eq__)
        log.warning("upload.arrival_deleted", input_file=input_file)

    async def remove_job(self, claim: Claim, job_id: str) -> Verdict:
        """End and remove a job that was created while its upload was deleted. Safe to repeat."""
        input_file = claim.destination.input_file
        try:
            await self.rows.add_jobs(input_file, [job_id])
            await self.jobs.end(job_id)
            folder = JobFolder(path=claim.destination.output_path)
            await self.outputs.remove(folder.path, is_owned=folder.has)
            await self._bury_job(job_id)
            await self.rows.remove_keys([job_id], [claim.claim_id])
        except NotYetDeletedError as error:
            return NotYet(reason=str(error), delay_s=error.delay_s)
        log.info("job.deleted", job_id=job_id, input_file=input_file)
        return Done()

    async def _delete(self, upload: MarkedUpload) -> None:
        until_s = self.work_clock() + self.work_s
        job_ids = await self.jobs.find(upload)
        folders = await self._folders(upload.input_file)
        job_ids |= {folder.job_id for folder in folders if folder.job_id is not None}
        await self.rows.add_jobs(upload.input_file, job_ids)
        for job_id in sorted(job_ids):
            await self.jobs.end(job_id)
        await self._remove_objects(upload, folders, until_s=until_s)
        announcement = await self.announcements.request(upload.input_file) if self.announcements else None
        await self._bury_jobs(upload, job_ids)
        await self.invalidations.invalidate(output_prefix(upload.input_file), requested_s=upload.requested_s)
        await self.rows.bury(await self.rows.mark(upload.input_file, now_s=int(self.clock())), now_s=int(self.clock()))
        if self.announcements:
            await self.announcements.announce(announcement)

    async def _bury_jobs(self, upload: MarkedUpload, job_ids: set[str]) -> None:
        for job_id in sorted(job_ids):
            await self._bury_job(job_id)
        await self.rows.remove_keys(sorted(job_ids), sorted(upload.claim_ids))

    async def _bury_job(self, job_id: str) -> None:
        if self.announcements:
            await self.announcements.announce(job_id)
        is_announced = self.announcements is not None
        try:
            await self.rows.bury_job(job_id, now_s=int(self.clock()), after_announcement=is_announced)
        except JobStillNeededError as error:
            raise NotYetDeletedError("the job has not ended, or its end is not announced") from error

    async def _sweep(self, upload: MarkedUpload) -> None:
        """Remove what came after the deletion: an object by a signed URL, or MediaConvert's last files."""
        until_s = self.work_clock() + self.work_s
        await self._remove_objects(upload, await self._folders(upload.input_file), until_s=until_s)
        log.info("upload.swept", input_file=upload.input_file)

    async def _remove_objects(self, upload: MarkedUpload, folders: list[JobFolder], *, until_s: float) -> None:
        def is_time_left() -> bool:
            return self.work_clock() < until_s

        await self.inputs.abort_uploads(upload.input_file)
        owned = upload.input_file.__eq__
        is_complete = await self.inputs.remove(upload.input_file, is_owned=owned, is_time_left=is_time_left)
        for folder in folders:
            if is_complete:
                is_complete = await self.outputs.remove(folder.path, is_owned=folder.has, is_time_left=is_time_left)
        if not is_complete:
            raise NotYetDeletedError("there are more objects than one delivery removes", delay_s=1)

    async def _folders(self, input_file: str) -> list[JobFolder]:
        """Return the folders of the upload's jobs in the output bucket."""
        prefix = output_prefix(input_file)
        found = [each for each in await self.outputs.folders(prefix) if is_job_folder(each, prefix=prefix)]
        read = [job_folder(path, await self.outputs.read(path + INFO_FILE), input_file=input_file) for path in found]
        return [folder for folder in read if folder is not None]

    def _remaining_s(self, request: DeleteRequested) -> int:
        return max(0, request.urls_until_s + SWEEP_MARGIN_S - int(self.clock()))

    async def _sweep_later(self, request: DeleteRequested) -> Verdict:
        delay_s = self._remaining_s(request)
        await self.sweeps.send(request.input_file, urls_until_s=request.urls_until_s, delay_s=delay_s)
        return Done()


def _not_yet(input_file: str, error: Exception) -> Verdict:
    """Return the verdict on a failed call. It is no outage of the queue: other messages may need other services."""
    match classify(error):
        case FailureClass.DENIED:
            log.error("deletion.denied", input_file=input_file, reason=str(error))
        case FailureClass.UNAVAILABLE:
            log.warning("deletion.postponed", input_file=input_file, reason=type(error).__name__)
        case FailureClass.DEFECT:
            raise error
    return NotYet(reason="AWS doesn't delete now")
