"""Application of job events: progress to the status table; on COMPLETE, first the files and then the status."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from transcode.job import Canceled, Completed, Failed, Job, JobEvent
from transcode.status_table import StatusTable
from worker.announce.announcing import Announce, announce_nothing
from worker.artifacts import ArtifactStore
from worker.job_end import JobEnds
from worker.job_plan import with_cost
from worker.key_table import KeyTable
from worker.messages.followed_jobs import FollowedJob
from worker.outcomes import Done, Message, NotYet, Verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies job events. `clock` returns Unix seconds."""

    statuses: StatusTable
    key_table: KeyTable
    artifacts: ArtifactStore
    ends: JobEnds
    clock: Callable[[], float]
    price_usd: float | None = None
    """The price of a billable minute, if it is known."""
    announce: Announce = announce_nothing

    async def apply_followed(self, event: JobEvent, message: Message, followed: FollowedJob) -> Verdict:
        """Apply an event of a job that another program created. Safe to repeat, in any order.

        Only the job's row is written: no key file, no info.json, and no row of an upload. The end is announced like
        that of our own jobs; the creation isn't, because the program that created the job knows of it.
        """
        job = Job(
            job_id=event.job_id,
            input_file=followed.input_file,
            file_name=followed.file_name,
            owner=followed.owner,
            is_followed=True,
        )
        is_changed = await self.statuses.advance(event, now_s=int(self.clock()), known=job)
        self._log(event, message, None, is_changed=is_changed)
        if is_changed and isinstance(event, Completed | Failed | Canceled):
            await self.announce(event.job_id)
        return Done()

    async def apply(self, event: JobEvent, message: Message, *, job_created_ms: int | None = None) -> Verdict:
        """Apply the event. Safe to repeat, in any order with the job's other events.

        Args:
            event: The job event.
            message: The message that contained the event.
            job_created_ms: When the job was created (Unix milliseconds), for the log; None if unknown.

        Raises:
            Exception: AWS returned an unexpected error; the worker should retry the message.
        """
        if isinstance(event, Completed):
            return await self._complete(event, message, job_created_ms)
        now_s = int(self.clock())
        is_changed = await self.statuses.advance(event, now_s=now_s)
        if isinstance(event, Failed | Canceled):
            await self.ends.record(event.job_id, now_s=now_s)
        self._log(event, message, job_created_ms, is_changed=is_changed)
        if is_changed and isinstance(event, Failed | Canceled):
            await self.announce(event.job_id)
        return Done()

    async def _complete(self, event: Completed, message: Message, job_created_ms: int | None) -> Verdict:
        """Write key file, info.json and status, in this order: a client that reads COMPLETE can play the video."""
        now_s = int(self.clock())
        planned, job = await asyncio.gather(
            self.key_table.get_planned(event.job_id, now_s=now_s),
            self.statuses.get(event.job_id, now_s=now_s, consistent=True, include_deleted=True),
        )
        if job is not None and job.status.is_final:
            await self.ends.record(event.job_id, now_s=now_s)
            self._log(event, message, job_created_ms, is_changed=False)
            return Done()
        if planned is None:
            # The event came before the worker had written the job's rows. The worker writes them once DynamoDB and
            # MediaConvert are available, however long that takes. If the rows are lost, the message ends by its age.
            log.warning("job.key_row_missing", job_id=event.job_id)
            return NotYet(reason="the job's key row is not there")
        destination, plan = planned
        output = await self.artifacts.with_sizes(replace(event.output, path=destination.output_path))
        event = replace(event, output=output)
        event = with_cost(event, plan, price_usd=self.price_usd)
        await self.artifacts.put_key_file(destination)
        await self.artifacts.put_info(destination, event)
        job = Job(job_id=event.job_id, input_file=destination.input_file)
        is_changed = await self.statuses.advance(event, now_s=now_s, known=job)
        if is_changed:
            await self.ends.record_complete(destination.input_file, event.job_id, now_s=now_s)
        else:
            await self.ends.record(event.job_id, now_s=now_s)
        self._log(event, message, job_created_ms, is_changed=is_changed)
        await self.announce(event.job_id if is_changed else None)
        return Done()

    def _log(self, event: JobEvent, message: Message, job_created_ms: int | None, *, is_changed: bool) -> None:
        name = "job.advanced" if is_changed else "job.event_stale"
        durations: dict[str, int] = {}
        if (waited_ms := message.waited_ms(self.clock())) is not None:
            durations["waited_ms"] = waited_ms
        if job_created_ms is not None and isinstance(event, Completed | Failed | Canceled):
            durations["took_ms"] = max(0, event.time_ms - job_created_ms)
        log.info(name, job_id=event.job_id, event_type=type(event).__name__, event_time_ms=event.time_ms, **durations)
