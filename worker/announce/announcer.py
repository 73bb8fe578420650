"""The announcer: it reads a row that requests an announcement, sends to every subscriber, and records that it did.

It sends at least once. If the process dies at any line before the last write, the row still requests the announcement,
and reconciliation finds it in the index of open jobs. A repetition has the same id.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from transcode.announcement import AnnouncedJob, Announcement
from transcode.announcement_types import AnnouncementType, announcement_id
from transcode.failures import is_transient
from transcode.job import Job
from transcode.job_view import JobView, job_view, view_without_job
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.outbox import OutboxEntry
from worker.announce.unannounced import UnannouncedJob, UnannouncedRows
from worker.rest import Rest

TIMEOUT_S = 5
"""Seconds that an announcement may delay the message that caused it."""
ROUNDS = 3
"""Times that a row is read again because it requested another announcement meanwhile."""

log = structlog.get_logger(__name__)


class Channel(Protocol):
    """A way to subscribers."""

    async def send(self, announcement: Announcement) -> None:
        """Send the announcement, or store it where it can't be lost. Safe to repeat.

        Raises:
            Exception: It was not sent.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Sends announcements. `clock` returns Unix seconds; `rest_clock` never goes back."""

    rows: UnannouncedRows
    lookups: LookupTable
    channels: Sequence[Channel]
    clock: Callable[[], float]
    playback_base_url: str | None = None
    rest: Rest = field(default_factory=Rest)
    rest_clock: Callable[[], float] = time.monotonic

    async def try_announce(self, key: str | None) -> None:
        """Announce what the row requests, within seconds; leave it to reconciliation if that fails.

        After a failure it doesn't try for some seconds, so that an outage delays no other message.
        """
        if key is None or self.rest.remaining_s(now_s=self.rest_clock()):
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self.announce(key)
        except Exception as error:  # noqa: BLE001 -- the row keeps the request, and the job's own message must not wait
            self.rest.extend(now_s=self.rest_clock())
            self.log_postponed(key, error)
        else:
            self.rest.end()

    def log_postponed(self, key: str, error: BaseException) -> None:
        """Log that a later pass of reconciliation announces the row; as an error if an operator must repair something.

        The alarm on the worker's errors then shows that a bus denies access, or that it doesn't exist.
        """
        if is_transient(error):
            log.warning("announcement.postponed", row=key, reason=type(error).__name__)
        else:
            log.error("announcement.postponed", row=key, reason=str(error) or type(error).__name__)

    async def announce(self, key: str) -> int:
        """Announce what the row requests, and return the number of announcements. Safe to repeat.

        Raises:
            Exception: A subscriber's service or DynamoDB is unavailable; the row still requests the announcements.
        """
        count = 0
        for _ in range(ROUNDS):
            requested = await self.rows.read(key)
            if requested is None:
                break
            count += await self.send(requested)
            if await self.rows.record_announced(key, _types(requested)):
                break
        return count

    async def send(self, requested: UnannouncedJob | OutboxEntry) -> int:
        """Send what is requested to every subscriber; return the number of announcements. Safe to repeat."""
        announcements = await self._announcements(requested)
        for announcement in announcements:
            await asyncio.gather(*(channel.send(announcement) for channel in self.channels))
            _log_sent(announcement)
        return len(announcements)

    async def upload_deleted(self, job: JobView, *, owner: str | None, deleted_s: int) -> str:
        """Store the request to announce that the upload was deleted; return the key for `try_announce`.

        Call this before the upload's rows are deleted: the announcement is complete in itself. Safe to repeat.
        """
        input_file = job.input_file or ""
        entry = OutboxEntry(
            type=AnnouncementType.UPLOAD_DELETED, input_file=input_file, subject="deleted", time_s=deleted_s
        )
        content = AnnouncedJob(id=entry.id, owner=owner, job=job)
        await self.rows.put(replace(entry, content=content.model_dump_json()))
        return entry.key

    async def _announcements(self, requested: UnannouncedJob | OutboxEntry) -> Sequence[Announcement]:
        match requested:
            case UnannouncedJob(job=job, types=types):
                view = job_view(job, now_ms=int(self.clock() * 1000), playback_base_url=self.playback_base_url)
                time_s = job.updated_s or int(self.clock())
                return [Announcement(type=each, time_s=time_s, content=_content_of(job, each, view)) for each in types]
            case OutboxEntry(content=str() as content):
                shown = AnnouncedJob.model_validate_json(content)
                return [Announcement(type=requested.type, time_s=requested.time_s, content=shown)]
            case OutboxEntry():
                return [await self._end_without_job(requested)]

    async def _end_without_job(self, entry: OutboxEntry) -> Announcement:
        stored = await self.lookups.get(entry.input_file, now_s=int(self.clock()), consistent=True)
        lookup = replace(
            stored or Lookup(input_file=entry.input_file),
            job_id=None,
            failure=entry.failure,
            queued_s=None,
            replaces=None,
            canceled_s=entry.time_s,
        )
        content = AnnouncedJob(id=entry.id, owner=lookup.owner, job=view_without_job(lookup))
        return Announcement(type=entry.type, time_s=entry.time_s, content=content)


def _content_of(job: Job, announcement_type: AnnouncementType, view: JobView) -> AnnouncedJob:
    id_ = announcement_id(announcement_type, job.job_id)
    return AnnouncedJob(id=id_, owner=job.owner, followed=job.is_followed, job=view)


def _types(requested: UnannouncedJob | OutboxEntry) -> tuple[AnnouncementType, ...]:
    return requested.types if isinstance(requested, UnannouncedJob) else (requested.type,)


def _log_sent(announcement: Announcement) -> None:
    job = announcement.content.job
    log.info(
        "announcement.sent",
        job_id=job.job_id,
        input_file=job.input_file,
        announcement_type=announcement.type.value,
        announcement_id=announcement.id,
    )
