"""The job queue: starts jobs in order, at most `concurrency` at a time, and sends their events."""

import asyncio
import time

import structlog

from mediaconvert_emulator.errors import ConflictException, JobError, UnknownJobError
from mediaconvert_emulator.events import (
    Account,
    complete_detail,
    error_detail,
    input_information_detail,
    job_event,
    status_update_detail,
    warning_detail,
)
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.progress import Progress
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.runner import JobRunner

log = structlog.get_logger(__name__)


def now_ms() -> int:
    """Return the current time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Scheduler:
    """The queued jobs and the running jobs."""

    def __init__(
        self, runner: JobRunner, publisher: Publisher, account: Account, *, concurrency: int, time_factor: float
    ) -> None:
        self._runner = runner
        self._publisher = publisher
        self._account = account
        self._concurrency = concurrency
        self._time_factor = time_factor
        self._queue: asyncio.PriorityQueue[tuple[int, int, Job]] = asyncio.PriorityQueue()
        self._submitted_count = 0
        self._running: dict[str, asyncio.Task[None]] = {}
        self._slots: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start one task for each job that may run at the same time."""
        self._slots = [
            asyncio.create_task(self._run_queued_jobs(), name=f"mediaconvert-slot-{n}")
            for n in range(self._concurrency)
        ]

    async def stop(self) -> None:
        """Stop the running jobs. They fail, with an event, because jobs don't survive the process."""
        running = list(self._running.values())
        for task in (*self._slots, *running):
            task.cancel()
        await asyncio.gather(*self._slots, *running, return_exceptions=True)

    def submit(self, job: Job) -> None:
        """Queue `job`: after jobs of the same priority, before jobs of a lower one."""
        self._submitted_count += 1
        self._queue.put_nowait((-job.priority, self._submitted_count, job))
        log.info("job.submitted", job_id=job.id, input=job.spec.input.uri)
        for unused in job.unused_settings:
            log.warning("job.setting_unused", job_id=job.id, setting=unused)

    def cancel(self, job: Job) -> None:
        """Cancel `job`. A job that has not started sends no event, as on AWS.

        Raises:
            ConflictException: The job has finished.
        """
        if job.is_finished:
            raise ConflictException(f"The job {job.id} can't be canceled: it is {job.status}")
        was_running = job.status is Status.PROGRESSING
        job.finish(Status.CANCELED, now_ms())
        log.info("job.canceled", job_id=job.id, was_running=was_running)
        if was_running:
            self._running[job.id].cancel()
            self._publish(job, "CANCELED")

    async def _run_queued_jobs(self) -> None:
        while True:
            _, _, job = await self._queue.get()
            task = asyncio.create_task(self._run(job), name=f"mediaconvert-{job.id}")
            self._running[job.id] = task
            await asyncio.wait([task])
            del self._running[job.id]

    async def _run(self, job: Job) -> None:
        if job.is_finished:  # the job was canceled while it was queued
            return
        job.start(now_ms())
        self._publish(job, "PROGRESSING")
        log.info("job.started", job_id=job.id)
        updates = asyncio.create_task(self._send_updates(job))
        try:
            await self._complete(job)
        except JobError as error:
            self._fail(job, error)
        except asyncio.CancelledError:
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
        self._publish(job, "COMPLETE", complete_detail(job))
        log.info("job.complete", job_id=job.id, took_s=round((now_ms() - (job.started_ms or 0)) / 1000, 1))

    def _fail(self, job: Job, error: JobError) -> None:
        if job.is_finished:  # the job was canceled, so this error is not its result
            return
        job.finish(Status.ERROR, now_ms(), error=error)
        self._publish(job, "ERROR", error_detail(error.code, error.message))
        log.info("job.failed", job_id=job.id, error_code=error.code, error_message=error.message)

    async def _send_updates(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.status_update_interval_s / self._time_factor)
            if job.is_finished:  # the job was canceled, and ffmpeg has not ended yet
                return
            self._publish(job, "STATUS_UPDATE", status_update_detail(job))

    def _publish(self, job: Job, status: str, extra: JsonObject | None = None) -> None:
        self._publisher.publish(job_event(job, self._account, now_ms(), status=status, extra=extra))
