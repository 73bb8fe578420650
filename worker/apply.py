"""A job's events, applied: progress to the status table, and on COMPLETE the files first and the status last."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from transcode.job import Completed, Job, JobEvent
from transcode.status import StatusTable
from worker.artifacts import ArtifactStore
from worker.outputs import OutputTable
from worker.settle import Done, Later, Message, Outcome, backoff_s

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies events; `clock` gives Unix seconds."""

    statuses: StatusTable
    outputs: OutputTable
    artifacts: ArtifactStore
    clock: Callable[[], float]

    async def apply(self, event: JobEvent, message: Message) -> Outcome:
        """Apply the event. Safe to repeat, in any order with the job's other events.

        Raises:
            Exception: Whatever AWS answers unexpectedly; the message is worth another attempt.
        """
        if isinstance(event, Completed):
            return await self._complete(event, message)
        changed = await self.statuses.advance(event, now_s=int(self.clock()))
        self._report(event, changed=changed)
        return Done()

    async def _complete(self, event: Completed, message: Message) -> Outcome:
        """Write key file, info.json, status, in this order: whoever reads COMPLETE can play."""
        now_s = int(self.clock())
        destination, job = await asyncio.gather(
            self.outputs.get(event.job_id, now_s=now_s),
            self.statuses.get(event.job_id, now_s=now_s, consistent=True),
        )
        if job is not None and job.status.is_final:
            self._report(event, changed=False)
            return Done()
        if destination is None:
            # The event overtook our own writes; or they are lost, and the dead-letter queue keeps the event.
            log.warning("job.key_row_missing", job_id=event.job_id)
            return Later(reason="the job's key row is not there", delay_s=backoff_s(message))
        event = replace(event, output=replace(event.output, path=destination.output_path))
        await self.artifacts.put_key_file(destination)
        await self.artifacts.put_info(destination, event)
        known = Job(job_id=event.job_id, input_file=destination.input_file)
        self._report(event, changed=await self.statuses.advance(event, now_s=now_s, known=known))
        return Done()

    def _report(self, event: JobEvent, *, changed: bool) -> None:
        name = "job.advanced" if changed else "job.event_stale"
        log.info(name, job_id=event.job_id, event_type=type(event).__name__, event_time_ms=event.time_ms)
