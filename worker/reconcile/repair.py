"""The repair of our rows from one job as MediaConvert describes it. Both kinds of passes use it.

A repair is safe beside running workers and other passes, because it uses the same conditional writes as the events do.
A repeated write changes nothing. If an event that seemed lost arrives at the same time, it changes nothing either.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from structlog.contextvars import bind_contextvars

from transcode.correlation import upload_of
from transcode.job import Output
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.apply import Applier
from worker.artifacts import ArtifactStore
from worker.key_table import KeyTable
from worker.outcomes import Done, Message
from worker.reconcile.listed_job import ListedJob
from worker.reconcile.plan import Limits, Step, StoredRows, is_silent, needs_claim, plan
from worker.submission.submit import Submitter

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class PassCounts:
    """The number of jobs that a pass checked and repaired.

    A pass through the index also counts the `open` jobs that were old enough to read their rows, those that were
    `overdue`, and the overdue ones that it `postponed` to the next pass. An `unmended` job needs an operator or a later
    pass. A `silent` job runs, but sends no events. `announced` are the announcements that a crash or an outage left.
    """

    open: int = 0
    overdue: int = 0
    postponed: int = 0
    checked: int = 0
    adopted: int = 0
    canceled: int = 0
    ended: int = 0
    unmended: int = 0
    silent: int = 0
    announced: int = 0

    def as_mapping(self) -> Mapping[str, int]:
        """Return the counts by name, for a log event; `stuck` counts the jobs that an operator should look at."""
        return {**dataclasses.asdict(self), "stuck": self.unmended + self.silent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairer:
    """Repairs the rows of a job. `clock` returns Unix seconds."""

    statuses: StatusTable
    lookups: LookupTable
    key_table: KeyTable
    artifacts: ArtifactStore
    submitter: Submitter
    applier: Applier
    limits: Limits
    clock: Callable[[], float]

    async def repair(self, job: ListedJob, counts: PassCounts) -> None:
        """Compare MediaConvert's job with our rows, take the steps that are planned, and count them.

        A failed step is logged and counted as `unmended`; the next pass tries again.
        """
        counts.checked += 1
        bind_contextvars(upload=upload_of(job.input_file))  # each job is checked in its own task and context
        try:
            rows = await self._rows(job)
            now_ms = int(self.clock() * 1000)
            if is_silent(job, rows, self.limits, now_ms=now_ms):
                counts.silent += 1
                log.warning("reconcile.silent_job", job_id=job.job_id, input_file=job.input_file)
            for step in plan(job, rows, self.limits, now_ms=now_ms):
                await self._take_step(step, job, rows, counts)
        except Exception:
            counts.unmended += 1
            log.exception("reconcile.failed", job_id=job.job_id)

    async def _rows(self, job: ListedJob) -> StoredRows:
        now_s = int(self.clock())
        if job.followed is not None:
            return StoredRows(job=await self.statuses.get(job.job_id, now_s=now_s, consistent=True), lookup=None)
        row, lookup = await asyncio.gather(
            self.statuses.get(job.job_id, now_s=now_s, consistent=True, include_deleted=True),
            self.lookups.get(job.input_file, now_s=now_s, consistent=True, include_deleted=True),
        )
        rows = StoredRows(job=row, lookup=lookup)
        if job.claim_id is None or not needs_claim(job, rows):
            return rows
        return replace(rows, claim=await self.key_table.get_claim(job.claim_id))

    async def _take_step(self, step: Step, job: ListedJob, rows: StoredRows, counts: PassCounts) -> None:
        match step:
            case Step.CANCEL:
                await self.submitter.mediaconvert.cancel(job.job_id)
                counts.canceled += 1
                log.warning("reconcile.duplicate_canceled", job_id=job.job_id)
            case Step.ADOPT:
                if rows.claim is None:
                    return
                await self.submitter.adopt(rows.claim, job.job_id)
                counts.adopted += 1
                log.warning("reconcile.adopted", job_id=job.job_id, input_file=job.input_file)
            case Step.REPORT:
                counts.unmended += 1
                log.error("reconcile.unknown_job", job_id=job.job_id, input_file=job.input_file)
            case Step.END:
                await self._end(job, counts)

    async def _end(self, job: ListedJob, counts: PassCounts) -> None:
        if job.output is not None and job.followed is None:
            job = replace(job, output=await self._existing(job.output))
            if job.output is not None and not job.output.playlists:
                counts.unmended += 1
                log.error("reconcile.playlists_missing", job_id=job.job_id, status=job.status)
                return
        message = Message(message_id=job.job_id, body="")
        outcome = (
            await self.applier.apply(job.final_event(), message, job_created_ms=job.created_ms)
            if job.followed is None
            else await self.applier.apply_followed(job.final_event(), message, job.followed)
        )
        if isinstance(outcome, Done):
            counts.ended += 1
            log.warning("reconcile.ended", job_id=job.job_id, status=job.status)
        else:
            counts.unmended += 1
            log.error("reconcile.key_missing", job_id=job.job_id, status=job.status)

    async def _existing(self, output: Output) -> Output:
        """Return the output without the playlists and files that don't exist in S3."""
        variants = [each.playlist for each in output.renditions if each.playlist is not None]
        names = [*output.playlists.values(), *variants, *(each.name for each in output.files)]
        results = await asyncio.gather(*(self.artifacts.has(output.path + name) for name in names))
        existing = {name for name, exists in zip(names, results, strict=True) if exists}
        return replace(
            output,
            playlists={suffix: name for suffix, name in output.playlists.items() if name in existing},
            renditions=tuple(
                each if each.playlist in existing else replace(each, playlist=None) for each in output.renditions
            ),
            files=tuple(each for each in output.files if each.name in existing),
        )
