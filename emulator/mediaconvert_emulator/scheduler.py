"""Starts jobs in the order of their queues, moves them to other queues, and sends their events."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial

import structlog

from mediaconvert_emulator.errors import ConflictException, JobError, UnknownJobError
from mediaconvert_emulator.events import (
    Account,
    complete_detail,
    error_detail,
    input_information_detail,
    job_event,
    queue_hop_detail,
    status_update_detail,
    warning_detail,
)
from mediaconvert_emulator.hops import Hop
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.progress import Progress
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.queues import QueueStore, WaitingJobs
from mediaconvert_emulator.runner import JobRunner
from mediaconvert_emulator.store import JobStore

log = structlog.get_logger(__name__)


def now_ms() -> int:
    """Return the current time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerLimits:
    """The number of jobs that run at once in all queues, and the factor that makes time pass faster."""

    concurrency: int
    time_factor: float


class Scheduler:
    """The queued jobs and the running jobs. A change of the queues needs a call of `dispatch`."""

    def __init__(
        self,
        runner: JobRunner,
        publisher: Publisher,
        account: Account,
        queues: QueueStore,
        limits: SchedulerLimits,
        jobs: JobStore,
    ) -> None:
        self._jobs = jobs
        self._runner = runner
        self._publisher = publisher
        self._account = account
        self._queues = queues
        self._limits = limits
        self._waiting = WaitingJobs()
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._hops: dict[str, list[asyncio.TimerHandle]] = {}
        self._is_started = False

    def start(self) -> None:
        """Start the jobs that wait."""
        self._is_started = True
        self.dispatch()

    async def stop(self) -> None:
        """Stop the running jobs.

        Without a folder of jobs they fail, with an event. With a folder, the emulator's next start repeats them.
        """
        self._is_started = False
        for job_id in list(self._hops):
            self._stop_hops(job_id)
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def submit(self, job: Job) -> None:
        """Queue `job`: after jobs of the same priority, before jobs of a lower one."""
        self._waiting.add(job)
        log.info("job.submitted", job_id=job.id, input=job.spec.input.uri)
        for unused in job.unused_settings:
            log.warning("job.setting_unused", job_id=job.id, setting=unused)
        loop = asyncio.get_running_loop()
        waited_s = (now_ms() - job.submitted_ms) / 1000
        coming = job.hops[len(job.transitions) :]  # a restored job has had the others
        delays = [(hop, hop.wait_minutes * 60 / self._limits.time_factor - waited_s) for hop in coming]
        self._hops[job.id] = [loop.call_later(max(0, delay_s), self._hop, job, hop) for hop, delay_s in delays]
        self.dispatch()

    def cancel(self, job: Job) -> None:
        """Cancel `job`. A job that has not started sends no event, as on AWS.

        Raises:
            ConflictException: The job has finished.
        """
        if job.is_finished:
            raise ConflictException(f"The job {job.id} can't be canceled: it is {job.status}")
        was_running = job.status is Status.PROGRESSING
        job.finish(Status.CANCELED, now_ms())
        self._jobs.save(job)
        log.info("job.canceled", job_id=job.id, was_running=was_running)
        if was_running:
            self._running[job.id][1].cancel()
            self._publish(job, "CANCELED")
        else:
            self._waiting.remove(job)
            self._stop_hops(job.id)

    def dispatch(self) -> None:
        """Start each job that may start now."""
        while self._is_started:
            running = [job for job, _ in self._running.values()]
            job = self._waiting.next_job(running, self._queues.queues, max_running=self._limits.concurrency)
            if job is None:
                return
            self._waiting.remove(job)
            self._stop_hops(job.id)
            task = asyncio.create_task(self._run(job), name=f"mediaconvert-{job.id}")
            self._running[job.id] = (job, task)
            task.add_done_callback(partial(self._on_done, job.id))

    def _on_done(self, job_id: str, _: "asyncio.Task[None]") -> None:
        del self._running[job_id]
        self.dispatch()

    def _hop(self, job: Job, hop: Hop) -> None:
        if job.status is not Status.SUBMITTED or hop.queue not in self._queues.queues:
            return
        previous = (job.queue, job.priority)
        job.hop(hop, now_ms())
        self._jobs.save(job)
        self._waiting.remove(job)
        self._waiting.add(job)
        self._publish(job, "QUEUE_HOP", queue_hop_detail(job, self._account, previous))
        log.info("job.hopped", job_id=job.id, queue=job.queue)
        self.dispatch()

    def _stop_hops(self, job_id: str) -> None:
        for handle in self._hops.pop(job_id, ()):
            handle.cancel()

    async def _run(self, job: Job) -> None:
        job.start(now_ms())
        self._jobs.save(job)
        self._publish(job, "PROGRESSING")
        log.info("job.started", job_id=job.id)
        updates = asyncio.create_task(self._send_updates(job))
        try:
            await self._complete(job)
        except JobError as error:
            self._fail(job, error)
        except asyncio.CancelledError:
            if not self._jobs.is_persistent:
                self._fail(job, UnknownJobError("The emulator was stopped"))
            raise
        except Exception:
            log.exception("job.crashed", job_id=job.id)
            self._fail(job, UnknownJobError("Unexpected error"))
        finally:
            updates.cancel()

    async def _complete(self, job: Job) -> None:
        def on_progress(progress: Progress) -> None:
            job.progress = progress

        result = await self._runner.run(job.spec, job_id=job.id, on_progress=on_progress)
        job.groups = result.groups
        job.warnings = result.warnings
        self._publish(job, "INPUT_INFORMATION", input_information_detail(job.spec.input.uri, result.media))
        for warning in job.warnings:
            self._publish(job, "NEW_WARNING", warning_detail(warning))
        job.finish(Status.COMPLETE, now_ms())
        self._jobs.save(job)
        self._publish(job, "COMPLETE", complete_detail(job))
        took_s = (now_ms() - (job.started_ms or 0)) / 1000
        log.info("job.complete", job_id=job.id, took_s=round(took_s, 2), transcoding_s=round(result.transcoding_s, 2))

    def _fail(self, job: Job, error: JobError) -> None:
        if job.is_finished:  # the job was canceled, so this error is not its result
            return
        job.finish(Status.ERROR, now_ms(), error=error)
        self._jobs.save(job)
        self._publish(job, "ERROR", error_detail(error.code, error.message))
        log.info("job.failed", job_id=job.id, error_code=error.code, error_message=error.message)

    async def _send_updates(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.status_update_interval_s / self._limits.time_factor)
            if job.is_finished:  # the job was canceled, and ffmpeg has not ended yet
                return
            self._publish(job, "STATUS_UPDATE", status_update_detail(job))

    def _publish(self, job: Job, status: str, extra: JsonObject | None = None) -> None:
        self._publisher.publish(job_event(job, self._account, now_ms(), status=status, extra=extra))
