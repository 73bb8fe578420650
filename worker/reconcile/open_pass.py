"""A pass through the index of open jobs: it asks MediaConvert about the overdue ones only, at a bounded rate.

Its cost grows with the number of jobs that are open and old enough, not with the number of jobs that were created. It
lists no jobs in MediaConvert. `python -m worker.reconcile --list` does; see `list_pass`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from transcode.failures import is_transient
from transcode.outbox import OUTBOX_PREFIX
from worker.reconcile.job_reader import JobReader
from worker.reconcile.listed_job import ListedJob
from worker.reconcile.open_jobs import OpenJobs
from worker.reconcile.overdue import OpenJob, in_order, is_overdue
from worker.reconcile.repair import PassCounts, Repairer

if TYPE_CHECKING:
    from worker.announce.announcer import Announcer

UNANNOUNCED_S = 120
"""Seconds after the creation of a row from which a pass announces what the row requests. The worker itself announces
it within seconds, unless it dies."""
MAX_CONCURRENCY = 20
"""Jobs of one pass that are repaired at the same time."""
MAX_FAILURES = 3
"""Jobs in a row that couldn't be checked, after which a pass ends. MediaConvert may be throttling, and CreateJob needs
its rate."""

log = structlog.get_logger(__name__)


class NoJobCheckedError(Exception):
    """The pass's first calls were throttled or not answered, so it checked no job. The next pass tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPass:
    """Runs passes through the index. `clock` returns Unix seconds.

    A pass starts at most `calls_per_s` GetJob calls a second, and ends after `limit_s` seconds.
    """

    open_jobs: OpenJobs
    jobs: JobReader
    repairer: Repairer
    overdue_s: int
    calls_per_s: float
    limit_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    announcer: "Announcer | None" = None

    async def run(self) -> PassCounts:
        """Check the overdue jobs, and return the counts. Safe to cancel and to repeat.

        Raises:
            NoJobCheckedError: AWS throttled or didn't answer the first calls.
            Exception: The index can't be read, or not within `limit_s`.
        """
        counts = PassCounts()
        checks = _Checks()
        try:
            async with asyncio.timeout(self.limit_s):
                overdue = await self._overdue(counts)
                await self._check_at_rate(overdue, counts, checks)
        except TimeoutError:
            if not counts.overdue:
                raise
        counts.postponed = counts.overdue - checks.finished
        if counts.postponed and not checks.finished:
            raise NoJobCheckedError
        return counts

    async def _overdue(self, counts: PassCounts) -> list[OpenJob]:
        now_s = int(self.clock())
        enough = self.calls_per_s * self.limit_s
        overdue: list[OpenJob] = []
        async with aclosing(self.open_jobs.opened_before(now_s - min(self.overdue_s, UNANNOUNCED_S))) as batches:
            async for keys in batches:
                outbox = [key for key in keys if key.startswith(OUTBOX_PREFIX)]
                await self._announce(outbox, counts)
                jobs = await self._still_open([key for key in keys if key not in outbox], counts, now_s=now_s)
                counts.open += len(jobs)
                overdue.extend(job for job in jobs if is_overdue(job, overdue_s=self.overdue_s, now_s=now_s))
                if sum(not job.is_waiting for job in overdue) >= enough:
                    break  # after an outage of hours; the next passes find the others
        counts.overdue = len(overdue)
        return in_order(overdue)

    async def _still_open(self, job_ids: Sequence[str], counts: PassCounts, *, now_s: int) -> list[OpenJob]:
        jobs = await self.open_jobs.read(job_ids, now_s=now_s) if job_ids else []
        await self._announce([job.job_id for job in jobs if not job.is_announced], counts)
        for job in jobs:
            if job.status.is_final and (job.is_announced or self.announcer is None):
                await self.open_jobs.remove(job.job_id)
        return [job for job in jobs if not job.status.is_final]

    async def _announce(self, keys: Sequence[str], counts: PassCounts) -> None:
        """Announce what a crash or an outage left. A failure stays for the next pass, and no job waits for it."""
        if self.announcer is None:
            return
        results = await asyncio.gather(*map(self.announcer.announce, keys), return_exceptions=True)
        for key, result in zip(keys, results, strict=True):
            if isinstance(result, BaseException):
                self.announcer.log_postponed(key, result)
            else:
                counts.announced += result

    async def _check_at_rate(self, overdue: Sequence[OpenJob], counts: PassCounts, checks: "_Checks") -> None:
        slots = asyncio.Semaphore(MAX_CONCURRENCY)
        async with asyncio.TaskGroup() as group:
            for position, job in enumerate(overdue):
                if position:
                    await self.sleep(1 / self.calls_per_s)
                await slots.acquire()
                if checks.failures_in_a_row >= MAX_FAILURES:
                    return
                task = group.create_task(self._check(job, counts, checks))
                task.add_done_callback(lambda _: slots.release())

    async def _check(self, open_job: OpenJob, counts: PassCounts, checks: "_Checks") -> None:
        try:
            await self._repair(open_job, await self.jobs.get(open_job.job_id), counts)
        except Exception as error:
            checks.failures_in_a_row += 1
            if is_transient(error):
                log.warning("reconcile.postponed", job_id=open_job.job_id, reason=type(error).__name__)
                return
            counts.unmended += 1
            log.exception("reconcile.failed", job_id=open_job.job_id)
        else:
            checks.failures_in_a_row = 0
        checks.finished += 1

    async def _repair(self, open_job: OpenJob, job: ListedJob | None, counts: PassCounts) -> None:
        if job is None:
            counts.checked += 1
            counts.unmended += 1
            log.error("reconcile.job_missing", job_id=open_job.job_id)
        else:
            await self.repairer.repair(job, counts)
        status = job.status if job is not None else None
        await self.open_jobs.record_check(open_job.job_id, status, now_s=int(self.clock()))


@dataclass(slots=True, kw_only=True)
class _Checks:
    """The progress of one pass."""

    finished: int = 0
    failures_in_a_row: int = 0
