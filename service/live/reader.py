"""The one reader of jobs and files: reads that are asked for at the same time become one call.

A read that is asked for alone is sent at once. While others are under way, new ones gather for a few milliseconds, and
a key asked for twice is read once. Nothing joins a read already sent.

A job's row answers whoever asks within `fresh_s` of its reading, which is less than the replica may lag that it was
read from. A file's row is read consistently, and so for each who asks.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass
from itertools import islice

from service.live.batch_get import BATCH_SIZE, BatchGet, Row
from service.views.followed import FileKey, Followed, JobKey, Key, later_of
from transcode.errors import AwsUnavailableError, JobNotFoundError, UploadNotFoundError
from transcode.job import Job
from transcode.lookup import Lookup
from transcode.status_table import StatusTable

GATHER_S = 0.005
MOST_UNDER_WAY = 20
MOST_KEPT = 1_000
"""Jobs' rows, of about a kilobyte."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A job's row, and until when by the event loop's clock it serves."""

    job: Job
    until_s: float


class JobReader:
    """Gathers reads. Everything happens in one event loop."""

    def __init__(self, batch_get: BatchGet, statuses: StatusTable, *, fresh_s: float) -> None:
        """`fresh_s` is for how many seconds a job's row answers others than who asked for it."""
        self._batch_get = batch_get
        self._statuses = statuses
        self._fresh_s = fresh_s
        self._asked: dict[Key, list[asyncio.Future[Row | None]]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._kept: dict[Key, _Kept] = {}
        self._changes = 0

    def forget(self) -> None:
        """Read everything anew, for whoever asks from now on: this process has changed a job."""
        self._changes += 1
        self._kept.clear()

    async def follow(self, key: Key, known: Followed | None = None) -> Followed:
        """Return what there is of a job or file, never behind what is `known` of it.

        A file's own row is read until it names a job, and once more when that job is over: a newer one of the same
        file is then followed instead.

        Raises:
            JobNotFoundError, UploadNotFoundError: There is none, or it has expired.
            AwsUnavailableError: DynamoDB asks to be called less often.
        """
        known_job = known.job if known else None
        if isinstance(key, JobKey):
            return Followed(job=await self._job(key.job_id, known_job))
        if known is None or known_job is None:
            return await self._file(key, None)
        job = await self._job(known_job.job_id, known_job)
        return await self._file(key, job) if job.status.is_final else Followed(lookup=known.lookup, job=job)

    async def close(self) -> None:
        """Give up what is under way: whoever waits for it is told that the service stops."""
        for task in (under_way := list(self._under_way)):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for answers in self._asked.values():
            _refuse(answers, AwsUnavailableError("The service stops."))

    async def _file(self, key: FileKey, known_job: Job | None) -> Followed:
        lookup = await self._read(key)
        if not isinstance(lookup, Lookup):
            raise UploadNotFoundError
        if lookup.job_id is None:
            is_superseded = lookup.failure is not None or lookup.replaces is not None
            return Followed(lookup=lookup, job=None if is_superseded else known_job)
        if known_job is not None and lookup.job_id == known_job.job_id:
            return Followed(lookup=lookup, job=known_job)
        return Followed(lookup=lookup, job=await self._job(lookup.job_id, None, is_linked=True))

    async def _job(self, job_id: str, known: Job | None, *, is_linked: bool = False) -> Job:
        job = await self._read(JobKey(job_id))
        if job is None and is_linked:
            # The row was written before the link to it: a replica lags, or the row has expired.
            job = await self._statuses.get(job_id, now_s=int(time.time()), consistent=True)
        if not isinstance(job, Job):
            raise JobNotFoundError
        return job if known is None else later_of(known, job)

    async def _read(self, key: Key) -> Row | None:
        loop = asyncio.get_running_loop()
        kept = self._kept.get(key)
        if kept is not None and loop.time() < kept.until_s:
            return kept.job
        answer: asyncio.Future[Row | None] = loop.create_future()
        self._asked.setdefault(key, []).append(answer)
        self._send_soon()
        return await answer

    def _send_soon(self) -> None:
        if self._timer is not None or len(self._under_way) >= MOST_UNDER_WAY:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(GATHER_S, self._send) if self._under_way else loop.call_soon(self._send)

    def _send(self) -> None:
        """Send what is still wanted: whoever went away meanwhile has cancelled their future."""
        self._timer = None
        self._asked = {key: answers for key, answers in self._asked.items() if not all(each.done() for each in answers)}
        while self._asked and len(self._under_way) < MOST_UNDER_WAY:
            batch = {key: self._asked.pop(key) for key in list(islice(self._asked, BATCH_SIZE))}
            # In a context of its own: what is read for many belongs to no one request's log lines and trace.
            task = asyncio.get_running_loop().create_task(self._fetch(batch), name="read rows", context=Context())
            self._under_way.add(task)
            task.add_done_callback(self._fetched)

    def _fetched(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if self._asked:
            self._send_soon()

    async def _fetch(self, batch: dict[Key, list["asyncio.Future[Row | None]"]]) -> None:
        until_s, changes = asyncio.get_running_loop().time() + self._fresh_s, self._changes
        try:
            read = await self._batch_get.read(batch)
        except Exception as error:  # noqa: BLE001 -- handed to everyone who asked
            for answers in batch.values():
                _refuse(answers, error)
            return
        except asyncio.CancelledError:
            for answers in batch.values():
                _refuse(answers, AwsUnavailableError("The service stops."))
            raise
        if changes == self._changes:
            self._keep(read.rows, until_s)
        for key, answers in batch.items():
            if key in read.unread:
                _refuse(answers, AwsUnavailableError("DynamoDB asks to be called less often; try again."))
                continue
            for answer in answers:
                if not answer.done():
                    answer.set_result(read.rows.get(key))

    def _keep(self, rows: Mapping[Key, Row], until_s: float) -> None:
        if len(self._kept) + len(rows) > MOST_KEPT:
            self._kept.clear()
        self._kept.update((key, _Kept(row, until_s)) for key, row in rows.items() if isinstance(row, Job))


def _refuse(answers: Iterable["asyncio.Future[Row | None]"], error: Exception) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
