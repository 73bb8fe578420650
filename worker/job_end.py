"""The record of a job's end on the row of its file, by which lists of uploads skip what a filter excludes.

The status itself is in the job's row. If a worker dies between the two writes, the job's last event is delivered again,
and this record is written then.
"""

from dataclasses import dataclass

from transcode.job import Status
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnds:
    """Records ends."""

    statuses: StatusTable
    lookups: LookupTable

    async def record(self, job_id: str, *, now_s: int) -> None:
        """Record the end of the job as its row has it; do nothing if the job is not over. Safe to repeat."""
        job = await self.statuses.get(job_id, now_s=now_s, consistent=True)
        if job is not None and job.status.is_final and job.input_file is not None:
            await self.lookups.end(job.input_file, job_id, job.status, now_s=now_s)

    async def record_complete(self, input_file: str, job_id: str, *, now_s: int) -> None:
        """Record that the job is COMPLETE: the caller has just written that status. Safe to repeat."""
        await self.lookups.end(input_file, job_id, Status.COMPLETE, now_s=now_s)
