"""The shared reader of jobs and files, which combines concurrent reads into one BatchGetItem call.

The reader sends a single read at once. While other calls are in flight, it collects new reads for a few milliseconds,
and reads each key once however many callers need it. A read never joins a call that was already sent.

The reader caches a job's row for `fresh_s`, which is less than the row's replica may lag. It reads a file's row
consistently, and so never caches it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass
from itertools import islice

from service.live.batch_get import BATCH_SIZE, BatchGet, Row
from service.live.queue_figures_cache import QueueFiguresCache
from service.views.followed import FileKey, Followed, JobKey, Key, later_of, with_place
from transcode.errors import AwsUnavailableError, JobNotFoundError, UploadNotFoundError
from transcode.job import Job
from transcode.lookup import Lookup
from transcode.status_table import StatusTable

COLLECT_S = 0.005
MAX_CALLS_IN_FLIGHT = 20
MAX_CACHED_JOBS = 1_000
"""Rows of about a kilobyte."""


@dataclass(frozen=True, slots=True)
class _CachedJob:
    """A job's row, and the event loop's time until which it is fresh."""

    job: Job
    until_s: float


class JobReader:
    """Reads jobs and files. All methods must run in one event loop."""

    def __init__(
        self,
        batch_get: BatchGet,
        statuses: StatusTable,
        figures: QueueFiguresCache,
        *,
        fresh_s: float,
        clock: Callable[[], float],
    ) -> None:
        """`fresh_s` is the seconds for which a job's row is cached; `clock` returns Unix seconds."""
        self._batch_get = batch_get
        self._statuses = statuses
        self._figures = figures
        self._fresh_s = fresh_s
        self._clock = clock
        self._waiting: dict[Key, list[asyncio.Future[Row | None]]] = {}
        self._in_flight: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._cached: dict[Key, _CachedJob] = {}
        self._invalidations = 0

    def invalidate(self) -> None:
        """Empty the cache, because this process has changed a job: later reads go to DynamoDB."""
        self._invalidations += 1
        self._cached.clear()

    async def follow(self, key: Key, known: Followed | None = None) -> Followed:
        """Return the state of a job or file, never an older one than `known`.

        A file's own row is read until it names a job, and again when that job has ended: if the file then has a newer
        job, the reader continues with that one. A waiting file or job has its place in the queue, if it is known.

        Raises:
            JobNotFoundError, UploadNotFoundError: It doesn't exist, or it has expired.
            AwsUnavailableError: DynamoDB throttles the reads.
        """
        followed = await self._state(key, known)
        if not followed.is_waiting:
            return followed
        now_s = int(self._clock())
        return with_place(followed, await self._figures.current(now_s=now_s), known=known, now_s=now_s)

    async def _state(self, key: Key, known: Followed | None) -> Followed:
        known_job = known.job if known else None
        if isinstance(key, JobKey):
            return Followed(job=await self._job(key.job_id, known_job))
        if known is None or known_job is None:
            return await self._file(key, None)
        job = await self._job(known_job.job_id, known_job)
        return await self._file(key, job) if job.status.is_final else Followed(lookup=known.lookup, job=job)

    async def close(self) -> None:
        """Cancel the calls in flight; their callers get an error that says that the service is stopping."""
        for task in (in_flight := list(self._in_flight)):
            task.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)
        for futures in self._waiting.values():
            _fail(futures, AwsUnavailableError("The service is stopping."))

    async def _file(self, key: FileKey, known_job: Job | None) -> Followed:
        lookup = await self._read(key)
        if not isinstance(lookup, Lookup):
            raise UploadNotFoundError
        if lookup.job_id is None:
            is_superseded = lookup.is_over or lookup.is_queued
            return Followed(lookup=lookup, job=None if is_superseded else known_job)
        if known_job is not None and lookup.job_id == known_job.job_id:
            return Followed(lookup=lookup, job=known_job)
        return Followed(lookup=lookup, job=await self._job(lookup.job_id, None, is_linked=True))

    async def _job(self, job_id: str, known: Job | None, *, is_linked: bool = False) -> Job:
        job = await self._read(JobKey(job_id))
        if job is None and is_linked:
            # The worker writes the row before the link to it, so either a replica lags or the row has expired.
            job = await self._statuses.get(job_id, now_s=int(self._clock()), consistent=True)
        if not isinstance(job, Job):
            raise JobNotFoundError
        return job if known is None else later_of(known, job)

    async def _read(self, key: Key) -> Row | None:
        loop = asyncio.get_running_loop()
        cached = self._cached.get(key)
        if cached is not None and loop.time() < cached.until_s:
            return cached.job
        future: asyncio.Future[Row | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        self._send_soon()
        return await future

    def _send_soon(self) -> None:
        if self._timer is not None or len(self._in_flight) >= MAX_CALLS_IN_FLIGHT:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(COLLECT_S, self._send) if self._in_flight else loop.call_soon(self._send)

    def _send(self) -> None:
        """Send the waiting reads, except those whose callers have all left and so have cancelled their futures."""
        self._timer = None
        self._waiting = {
            key: futures for key, futures in self._waiting.items() if not all(each.done() for each in futures)
        }
        while self._waiting and len(self._in_flight) < MAX_CALLS_IN_FLIGHT:
            batch = {key: self._waiting.pop(key) for key in list(islice(self._waiting, BATCH_SIZE))}
            # Many requests share this call, so it must not have the id and trace of one of them.
            task = asyncio.get_running_loop().create_task(self._fetch(batch), name="read rows", context=Context())
            self._in_flight.add(task)
            task.add_done_callback(self._fetched)

    def _fetched(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        if self._waiting:
            self._send_soon()

    async def _fetch(self, batch: dict[Key, list["asyncio.Future[Row | None]"]]) -> None:
        until_s, invalidations = asyncio.get_running_loop().time() + self._fresh_s, self._invalidations
        try:
            result = await self._batch_get.read(batch)
        except Exception as error:  # noqa: BLE001 -- passed to every caller
            for futures in batch.values():
                _fail(futures, error)
            return
        except asyncio.CancelledError:
            for futures in batch.values():
                _fail(futures, AwsUnavailableError("The service is stopping."))
            raise
        if invalidations == self._invalidations:
            self._cache(result.rows, until_s)
        for key, futures in batch.items():
            if key in result.unread:
                _fail(futures, AwsUnavailableError("DynamoDB throttles reads at the moment; retrying is safe."))
                continue
            for future in futures:
                if not future.done():
                    future.set_result(result.rows.get(key))

    def _cache(self, rows: Mapping[Key, Row], until_s: float) -> None:
        if len(self._cached) + len(rows) > MAX_CACHED_JOBS:
            self._cached.clear()
        self._cached.update((key, _CachedJob(row, until_s)) for key, row in rows.items() if isinstance(row, Job))


def _fail(futures: Iterable["asyncio.Future[Row | None]"], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
