"""A pass through MediaConvert's list of jobs, for an operator: `python -m worker.reconcile --list`.

It finds what the index of open jobs can't contain: jobs whose rows were never written or were lost, and rows that were
open before the index existed. Its cost grows with the number of jobs that were created, so no schedule starts it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from worker.reconcile.job_list import JobList
from worker.reconcile.listed_job import ListedJob
from worker.reconcile.open_jobs import OpenJobs
from worker.reconcile.repair import PassCounts, Repairer


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPass:
    """Runs passes through the list. `clock` returns Unix seconds."""

    jobs: JobList
    open_jobs: OpenJobs
    repairer: Repairer
    clock: Callable[[], float]

    async def run(self, *, lookback_s: int) -> PassCounts:
        """Check the jobs created within the last `lookback_s` seconds, and return the counts.

        A job that has not ended is added to the index of open jobs, if its row isn't there already.

        Raises:
            Exception: MediaConvert's list can't be read; repairs made before that stay.
        """
        counts = PassCounts()
        async for page in self.jobs.created_since(int((self.clock() - lookback_s) * 1000)):
            await asyncio.gather(*(self._check(job, counts) for job in page))
        return counts

    async def _check(self, job: ListedJob, counts: PassCounts) -> None:
        await self.repairer.repair(job, counts)
        if not job.is_final:
            await self.open_jobs.add(job.job_id)
