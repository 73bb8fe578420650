"""The queue: starts jobs in order, so many at a time, and follows each to its end."""

import asyncio
import time

import structlog

from mediaconvert_emulator.errors import ConflictException, JobError, Unknown
from mediaconvert_emulator.events import (
    Names,
    complete_detail,
    error_detail,
    input_information_detail,
    job_event,
    status_update_detail,
    warning_detail,
)
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.progress import Progress
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.runner import Runner

log = structlog.get_logger(__name__)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Scheduler:
    """Jobs that wait and jobs that run."""

    def __init__(
        self, runner: Runner, publisher: Publisher, names: Names, *, concurrency: int, time_factor: float
    ) -> None:
        self._runner = runner
        self._publisher = publisher
        self._names = names
        self._concurrency = concurrency
        self._time_factor = time_factor
        self._waiting: asyncio.PriorityQueue[tuple[int, int, Job]] = asyncio.PriorityQueue()
        self._submitted = 0
        self._running: dict[str, asyncio.Task[None]] = {}
        self._lanes: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to run jobs."""
        self._lanes = [
            asyncio.create_task(self._lane(), name=f"mediaconvert-lane-{n}") for n in range(self._concurrency)
        ]

    async def stop(self) -> None:
        """Stop the running jobs. They fail, with an event: nobody will take them up again."""
        running = list(self._running.values())
        for task in (*self._lanes, *running):
            task.cancel()
        await asyncio.gather(*self._lanes, *running, return_exceptions=True)

    def submit(self, job: Job) -> None:
        """Queue `job`: behind those of its priority, before those of a lower one."""
        self._submitted += 1
        self._waiting.put_nowait((-job.priority, self._submitted, job))
        log.info("job.submitted", job_id=job.id, input=job.spec.input.uri)

    def cancel(self, job: Job) -> None:
        """Stop `job` for good. One that hasn't started ends without an event, as on AWS.

        Raises:
            ConflictException: it has finished.
        """
        if job.is_finished:
            raise ConflictException(f"The job {job.id} can't be canceled: it is {job.status}")
        was_running = job.status is Status.PROGRESSING
        job.finish(Status.CANCELED, now_ms())
        log.info("job.canceled", job_id=job.id, was_running=was_running)
        if was_running:
            self._running[job.id].cancel()
            self._publish(job, "CANCELED")

    async def _lane(self) -> None:
        while True:
            _, _, job = await self._waiting.get()
            task = asyncio.create_task(self._follow(job), name=f"mediaconvert-{job.id}")
            self._running[job.id] = task
            await asyncio.wait([task])
            del self._running[job.id]

    async def _follow(self, job: Job) -> None:
        if job.is_finished:  # canceled since the lane took it
            return
        job.start(now_ms())
        self._publish(job, "PROGRESSING")
        log.info("job.started", job_id=job.id)
        updates = asyncio.create_task(self._send_updates(job))
        try:
            await self._run(job)
        except JobError as error:
            self._fail(job, error)
        except asyncio.CancelledError:
            self._fail(job, Unknown("The emulator was stopped"))
            raise
        except Exception:
            log.exception("job.crashed", job_id=job.id)
            self._fail(job, Unknown("Unexpected error"))
        finally:
            updates.cancel()

    async def _run(self, job: Job) -> None:
        def on_progress(progress: Progress) -> None:
            job.progress = progress

        result = await self._runner.run(job.spec, job_id=job.id, on_progress=on_progress)
        job.groups = result.groups
        job.notes = result.notes
        self._publish(job, "INPUT_INFORMATION", input_information_detail(job.spec.input.uri, result.media))
        for note in job.notes:
            self._publish(job, "NEW_WARNING", warning_detail(note))
        job.finish(Status.COMPLETE, now_ms())
        self._publish(job, "COMPLETE", complete_detail(job))
        log.info("job.complete", job_id=job.id, took_s=round((now_ms() - (job.started_ms or 0)) / 1000, 1))

    def _fail(self, job: Job, error: JobError) -> None:
        if job.is_finished:  # canceled, and what broke then is no failure of the job
            return
        job.finish(Status.ERROR, now_ms(), error=error)
        self._publish(job, "ERROR", error_detail(error.code, error.message))
        log.info("job.failed", job_id=job.id, error_code=error.code, error_message=error.message)

    async def _send_updates(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.status_update_interval_s / self._time_factor)
            if job.is_finished:  # canceled, and ffmpeg still dying
                return
            self._publish(job, "STATUS_UPDATE", status_update_detail(job))

    def _publish(self, job: Job, status: str, added: JsonObject | None = None) -> None:
        self._publisher.publish(job_event(job, self._names, now_ms(), status=status, added=added))
