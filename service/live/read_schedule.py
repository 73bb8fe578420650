"""The rule for when the hub reads a watched job or file again. Pure: the clock is an argument.

MediaConvert sends a job's progress events at a fixed interval, so the hub can know when the next row is due. It reads
the row just after that time. Between two events it reads seldom, for news that no schedule announces: an error, a
cancellation, an end that comes early.

Gaps are counted in ticks of the hub; a tick is a second unless TICK_S says otherwise. Times are Unix seconds.
docs/design.md, "Live progress", has the bounds that follow from these numbers.
"""

import math
from dataclasses import dataclass, replace

from service.views.followed import Followed
from transcode.job import Job, Status, eta_s

SOON_TICKS = 2
"""Gap while news is near: the job is young, is about to end, or its next event is late."""
WAITING_TICKS = 4
"""Gap while the file waits for its object or its job, or the job waits in MediaConvert's queue."""
QUIET_TICKS = 5
"""Longest gap in the middle of a transcode, while the reads keep to their budget of one for each `QUIET_TICKS`."""
SPARSE_TICKS = 10
"""Longest gap between an event and the expected next one, after more reads than that: the event came late."""

SETTLE_S = 1.25
"""Seconds between the expected write of an event and the read: events take unequal time on their way."""
LATE_TICKS = 4
"""Time after an expected write in which the hub reads every `SOON_TICKS`."""
YOUNG_S = 30
"""Age of a job, or of its transcode, until which the next news is near."""
YOUNG_UPLOAD_S = 60
ENDING_S = 20
"""Estimated seconds before its end from which a job counts as about to end."""
ENDING_PERCENT = 95
"""The same, for a job without an estimate."""
MAX_ENDING_S = 60
"""Seconds since its last write after which a job no longer counts as about to end, because its events are missing."""

MAX_DEBT, MAX_CREDIT = -2.0, 1.0
LATE_CREDIT = -1.5
"""Credit below which a late event is no reason to read sooner: the events of many jobs are late, or lost."""
TOLERANCE = 0.1
"""Share of a read by which the budget may be exceeded, so that the loop's delays of milliseconds don't count."""
LAG_GROWTH_S = 0.1
"""Seconds by which the expected lag grows with each event that took longer; it shrinks at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHistory:
    """The facts from earlier reads of a watched job or file that the next read depends on."""

    read_s: float
    """Time of the last read."""
    interval_s: float
    """Seconds between two progress events, as configured or as last observed."""
    lag_s: float | None = None
    """Shortest recent time from MediaConvert's timestamp of an event until its row was written; None without events.

    It includes the difference of the two clocks, which therefore need not agree.
    """
    observed_s: float | None = None
    """Seconds between the last two events that the reads found."""
    credit: float = 0.0
    """Reads that are left of the budget; negative after more reads than the budget allows."""


def first_read(followed: Followed, *, now_s: float, interval_s: float) -> ReadHistory:
    """Return the history that begins with a read at `now_s`; `interval_s` is the configured interval."""
    return ReadHistory(read_s=now_s, interval_s=interval_s, lag_s=_lag_s(followed.job, since_s=-math.inf, now_s=now_s))


def after_read(
    history: ReadHistory, *, before: Followed, after: Followed, now_s: float, tick_s: float, is_requested: bool = False
) -> ReadHistory:
    """Return the history after a read at `now_s`, which found `after` where the last one had found `before`.

    A read that a client's request caused (`is_requested`) doesn't count against the budget: otherwise many new clients
    would delay the news of those who wait.
    """
    ticks = min(max(0.0, now_s - history.read_s) / tick_s, SPARSE_TICKS)
    if is_requested or not is_news_near(before, history, now_s=history.read_s):
        credit = history.credit + ticks / QUIET_TICKS - (0 if is_requested else 1)
        history = replace(history, credit=min(MAX_CREDIT, max(MAX_DEBT, credit)))
    old, new = before.job, after.job
    if new is None or (old is not None and old.event_time_ms == new.event_time_ms):
        return replace(history, read_s=now_s)
    observed_s = _lag_s(new, since_s=history.read_s, now_s=now_s)
    if old is None or old.job_id != new.job_id or history.lag_s is None or observed_s is None:
        return replace(history, read_s=now_s, lag_s=observed_s)
    interval_s = (new.event_time_ms - old.event_time_ms) / 1000
    return replace(
        history,
        read_s=now_s,
        interval_s=_expected_interval_s(history, interval_s) if interval_s >= tick_s else history.interval_s,
        observed_s=interval_s,
        lag_s=min(observed_s, history.lag_s + LAG_GROWTH_S),
    )


def next_read_s(followed: Followed, history: ReadHistory, *, now_s: float, tick_s: float) -> float:
    """Return the seconds from `now_s` until the next read, at least a tick and at most `SPARSE_TICKS`."""
    if is_news_near(followed, history, now_s=now_s):
        return SOON_TICKS * tick_s
    if followed.job is None or followed.job.status is not Status.PROGRESSING:
        return WAITING_TICKS * tick_s
    late_s = _late_s(followed.job, history, now_s=now_s)
    if late_s is None:
        return QUIET_TICKS * tick_s
    if late_s < -tick_s / 2:
        longest = QUIET_TICKS if history.credit >= -TOLERANCE else SPARSE_TICKS
        return min(longest * tick_s, max(tick_s, -late_s))
    if late_s < LATE_TICKS * tick_s and history.credit > LATE_CREDIT:
        return SOON_TICKS * tick_s
    # The event is lost, or its message waits. It may still come at any time, or with the next one, an interval later.
    return min(QUIET_TICKS * tick_s, max(tick_s, history.interval_s - late_s % history.interval_s))


def is_news_near(followed: Followed, history: ReadHistory, *, now_s: float) -> bool:
    """Return whether the upload or the job is young, or the job is about to end."""
    job, lookup = followed.job, followed.lookup
    if job is None:
        return lookup is not None and lookup.announced_s is not None and now_s - lookup.announced_s < YOUNG_UPLOAD_S
    if job.status is Status.SUBMITTED:
        return job.submitted_s is not None and now_s - job.submitted_s < YOUNG_S
    if job.started_ms is not None and history.lag_s is not None:
        started_s = job.started_ms / 1000 + history.lag_s  # by our clock
        if now_s - started_s < YOUNG_S:
            return True
    return _is_about_to_end(job, now_s=now_s)


def _is_about_to_end(job: Job, *, now_s: float) -> bool:
    if job.progress_percent is None or job.updated_s is None or now_s - job.updated_s > MAX_ENDING_S:
        return False
    # The estimate counts from the last event, so our clock must not be compared with MediaConvert's.
    left_s = eta_s(job, now_ms=job.event_time_ms)
    if left_s is None:
        return job.progress_percent >= ENDING_PERCENT
    return left_s - (now_s - job.updated_s) < ENDING_S


def _late_s(job: Job, history: ReadHistory, *, now_s: float) -> float | None:
    """Return the seconds since the read that should find the job's next event, negative before; None without events."""
    if history.lag_s is None:
        return None
    return now_s - (job.event_time_ms / 1000 + history.lag_s + history.interval_s + SETTLE_S)


def _expected_interval_s(history: ReadHistory, observed_s: float) -> float:
    """Return the interval after an observed one. A longer one may be two with a lost event, so it has to repeat."""
    expected_s, last_s = history.interval_s, history.observed_s
    if abs(observed_s - expected_s) <= expected_s / 4:
        return (expected_s + observed_s) / 2
    is_repeated = last_s is not None and abs(observed_s - last_s) <= observed_s / 10
    return observed_s if observed_s < expected_s or is_repeated else expected_s


def _lag_s(job: Job | None, *, since_s: float, now_s: float) -> float | None:
    """Return the seconds from the job's last event until its row was written, between `since_s` and `now_s`.

    The row has the second of the write, so half a second is added.
    """
    if job is None or job.updated_s is None or job.event_time_ms == 0:
        return None
    written_s = max(since_s, min(now_s, job.updated_s + 0.5))
    return written_s - job.event_time_ms / 1000
