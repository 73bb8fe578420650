"""One pass of reconciliation: MediaConvert's list is gone through, and what our rows lack is mended.

Safe beside running workers and in several copies: whatever is written goes through the same conditional writes as
the events do, so doing it twice, or at the same time as the event that was thought lost, changes nothing.
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
from worker.reconcile.job_list import JobList
from worker.reconcile.known_job import KnownJob
from worker.reconcile.plan import Limits, Step, StoredRows, has_question, is_silent, plan
from worker.submission.submit import Submitter

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a pass looked at and mended; `unmended` jobs need a person, or a later pass; `silent` ones give no news."""

    checked: int = 0
    adopted: int = 0
    canceled: int = 0
    ended: int = 0
    unmended: int = 0
    silent: int = 0

    def as_mapping(self) -> Mapping[str, int]:
        """Return the counts by name, for a log line; `stuck` are those that somebody should look at."""
        return {**dataclasses.asdict(self), "stuck": self.unmended + self.silent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Reconciles; `clock` gives Unix seconds."""

    jobs: JobList
    statuses: StatusTable
    lookups: LookupTable
    outputs: KeyTable
    artifacts: ArtifactStore
    submitter: Submitter
    applier: Applier
    limits: Limits
    clock: Callable[[], float]

    async def run(self, *, lookback_s: int) -> Tally:
        """Go through the jobs made within `lookback_s` seconds, and return what was done.

        Raises:
            Exception: MediaConvert's list can't be had; what was mended before stays mended.
        """
        tally = Tally()
        async for page in self.jobs.back_to(int((self.clock() - lookback_s) * 1000)):
            await asyncio.gather(*(self._look_at(job, tally) for job in page))
        return tally

    async def _look_at(self, job: KnownJob, tally: Tally) -> None:
        tally.checked += 1
        bind_contextvars(upload=upload_of(job.input_file))  # each job is looked at in a task, and context, of its own
        try:
            rows = await self._rows(job)
            now_ms = int(self.clock() * 1000)
            if is_silent(job, rows, self.limits, now_ms=now_ms):
                tally.silent += 1
                log.warning("reconcile.silent_job", job_id=job.job_id, input_file=job.input_file)
            for step in plan(job, rows, self.limits, now_ms=now_ms):
                await self._take(step, job, rows, tally)
        except Exception:
            tally.unmended += 1
            log.exception("reconcile.failed", job_id=job.job_id)

    async def _rows(self, job: KnownJob) -> StoredRows:
        now_s = int(self.clock())
        row, lookup = await asyncio.gather(
            self.statuses.get(job.job_id, now_s=now_s, consistent=True),
            self.lookups.get(job.input_file, now_s=now_s, consistent=True),
        )
        rows = StoredRows(job=row, lookup=lookup)
        if job.claim_id is None or not has_question(job, rows):
            return rows
        return replace(rows, claim=await self.outputs.get_claim(job.claim_id))

    async def _take(self, step: Step, job: KnownJob, rows: StoredRows, tally: Tally) -> None:
        match step:
            case Step.CANCEL:
                await self.submitter.encoder.cancel(job.job_id)
                tally.canceled += 1
                log.warning("reconcile.duplicate_canceled", job_id=job.job_id)
            case Step.ADOPT:
                if rows.claim is None:
                    return
                await self.submitter.adopt(rows.claim, job.job_id)
                tally.adopted += 1
                log.warning("reconcile.adopted", job_id=job.job_id, input_file=job.input_file)
            case Step.REPORT:
                tally.unmended += 1
                log.error("reconcile.unknown_job", job_id=job.job_id, input_file=job.input_file)
            case Step.END:
                await self._end(job, tally)

    async def _end(self, job: KnownJob, tally: Tally) -> None:
        if job.output is not None:
            job = replace(job, output=await self._found(job.output))
            if job.output is not None and not job.output.playlists:
                tally.unmended += 1
                log.error("reconcile.playlists_missing", job_id=job.job_id, status=job.status)
                return
        outcome = await self.applier.apply(
            job.final_event(), Message(message_id=job.job_id, body=""), made_ms=job.created_ms
        )
        if isinstance(outcome, Done):
            tally.ended += 1
            log.warning("reconcile.ended", job_id=job.job_id, status=job.status)
        else:
            tally.unmended += 1
            log.error("reconcile.key_missing", job_id=job.job_id, status=job.status)

    async def _found(self, output: Output) -> Output:
        """Return the output without the playlists that are not there."""
        variants = [each.playlist for each in output.renditions if each.playlist is not None]
        names = [*output.playlists.values(), *variants]
        found = await asyncio.gather(*(self.artifacts.has(output.path + name) for name in names))
        there = {name for name, is_there in zip(names, found, strict=True) if is_there}
        return replace(
            output,
            playlists={suffix: name for suffix, name in output.playlists.items() if name in there},
            renditions=tuple(
                each if each.playlist in there else replace(each, playlist=None) for each in output.renditions
            ),
        )
