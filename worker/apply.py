"""A job's events, applied: progress to the status table, and on COMPLETE the files first and the status last."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from transcode.job import Canceled, Completed, Failed, Job, JobEvent
from transcode.status_table import StatusTable
from worker.artifacts import ArtifactStore
from worker.key_table import KeyTable
from worker.outcomes import Done, Message, Outcome, Retry, backoff_s

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies events; `clock` gives Unix seconds."""

    statuses: StatusTable
    outputs: KeyTable
    artifacts: ArtifactStore
    clock: Callable[[], float]

    async def apply(self, event: JobEvent, message: Message, *, made_ms: int | None = None) -> Outcome:
        """Apply the event. Safe to repeat, in any order with the job's other events.

        `made_ms` (Unix milliseconds) is when the job was made, where that is known: for the log.

        Raises:
            Exception: Whatever AWS answers unexpectedly; the message is worth another attempt.
        """
        if isinstance(event, Completed):
            return await self._complete(event, message, made_ms)
        changed = await self.statuses.advance(event, now_s=int(self.clock()))
        self._report(event, message, made_ms, changed=changed)
        return Done()

    async def _complete(self, event: Completed, message: Message, made_ms: int | None) -> Outcome:
        """Write key file, info.json, status, in this order: whoever reads COMPLETE can play."""
        now_s = int(self.clock())
        destination, job = await asyncio.gather(
            self.outputs.get(event.job_id, now_s=now_s),
            self.statuses.get(event.job_id, now_s=now_s, consistent=True),
        )
        if job is not None and job.status.is_final:
            self._report(event, message, made_ms, changed=False)
            return Done()
        if destination is None:
            # The event overtook our own writes; or they are lost, and the dead-letter queue keeps the event.
            log.warning("job.key_row_missing", job_id=event.job_id)
            return Retry(reason="the job's key row is not there", delay_s=backoff_s(message))
        event = replace(event, output=replace(event.output, path=destination.output_path))
        await self.artifacts.put_key_file(destination)
        await self.artifacts.put_info(destination, event)
        known = Job(job_id=event.job_id, input_file=destination.input_file)
        changed = await self.statuses.advance(event, now_s=now_s, known=known)
        self._report(event, message, made_ms, changed=changed)
        return Done()

    def _report(self, event: JobEvent, message: Message, made_ms: int | None, *, changed: bool) -> None:
        name = "job.advanced" if changed else "job.event_stale"
        known: dict[str, int] = {}
        if (waited_ms := message.waited_ms(self.clock())) is not None:
            known["waited_ms"] = waited_ms
        if made_ms is not None and isinstance(event, Completed | Failed | Canceled):
            known["took_ms"] = max(0, event.time_ms - made_ms)
        log.info(name, job_id=event.job_id, event_type=type(event).__name__, event_time_ms=event.time_ms, **known)
