"""The rule for open jobs: which of them reconciliation asks MediaConvert about, and in which order. Pure.

A job has news when an event changes its row. A job without news for too long may have ended without an event that
reached us. A job that waits in MediaConvert's queue sends no events, so reconciliation asks about it less and less.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from transcode.job import Status

MIN_OVERDUE_S = 120
OVERDUE_INTERVALS = 3
"""A running job is overdue after so many intervals of its events, and after 120 seconds at least."""

MAX_WAITING_S = 30 * 60
"""The longest time between two calls about a job that waits in MediaConvert's queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job in the index of open jobs, as its row describes it. Times are Unix seconds.

    `checked_status` is the job's status in MediaConvert at `checked_s`, when reconciliation last asked; None if
    reconciliation never asked, or if MediaConvert didn't have the job.
    """

    job_id: str
    status: Status
    news_s: int
    checked_s: int | None = None
    checked_status: Status | None = None
    is_announced: bool = True
    """False if its creation or its end was not announced."""

    @property
    def last_known_s(self) -> int:
        """The time of the last event, or of the last look at MediaConvert if that was later."""
        return max(self.news_s, self.checked_s or 0)

    @property
    def has_news(self) -> bool:
        """True if there was an event since the last look at MediaConvert, or no look at all."""
        return self.checked_s is None or self.checked_s < self.news_s

    @property
    def is_waiting(self) -> bool:
        """True if the job waited in MediaConvert's queue at the last look, and nothing happened since."""
        return not self.has_news and self.checked_status is Status.SUBMITTED


def overdue_after_s(status_update_interval_s: int) -> int:
    """Return the seconds without news after which a job is overdue.

    >>> [overdue_after_s(interval_s) for interval_s in (10, 60, 600)]
    [120, 180, 1800]
    """
    return max(MIN_OVERDUE_S, OVERDUE_INTERVALS * status_update_interval_s)


def is_overdue(job: OpenJob, *, overdue_s: int, now_s: int) -> bool:
    """Return whether reconciliation should ask MediaConvert about the job now."""
    return now_s - job.last_known_s >= _patience_s(job, overdue_s=overdue_s)


def in_order(jobs: Iterable[OpenJob]) -> list[OpenJob]:
    """Return the jobs in the order in which to ask: those that wait in MediaConvert's queue last, the oldest first.

    A pass that can't ask about all of them asks about the others in the next pass.
    """
    return sorted(jobs, key=lambda job: (job.is_waiting, job.last_known_s, job.job_id))


def _patience_s(job: OpenJob, *, overdue_s: int) -> int:
    """Return the seconds to wait after the last known time.

    For a waiting job, the time without news doubles. A job that runs without news is looked at in each pass.
    """
    if job.has_news:
        return overdue_s
    if job.is_waiting:
        return max(overdue_s, min(job.last_known_s - job.news_s, MAX_WAITING_S))
    return min(overdue_s, MIN_OVERDUE_S)
