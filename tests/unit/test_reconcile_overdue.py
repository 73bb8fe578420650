"""The rule for open jobs: which of them reconciliation asks MediaConvert about, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.job import Status
from worker.reconcile.overdue import MAX_WAITING_S, OpenJob, in_order, is_overdue

NOW_S = 1_900_000_000
OVERDUE_S = 120


def job(
    news_ago_s: int,
    checked_ago_s: int | None = None,
    checked_status: Status | None = None,
    *,
    job_id: str = "1-a",
) -> OpenJob:
    """Return a job whose last news and last check were that many seconds ago."""
    return OpenJob(
        job_id=job_id,
        status=Status.PROGRESSING,
        news_s=NOW_S - news_ago_s,
        checked_s=None if checked_ago_s is None else NOW_S - checked_ago_s,
        checked_status=checked_status,
    )


@pytest.mark.parametrize(
    ("open_job", "expected"),
    [
        (job(119), False),
        (job(120), True),
        (job(5_000, 119, Status.PROGRESSING), False),
        (job(5_000, 120, Status.PROGRESSING), True),
        (job(300, 150, Status.SUBMITTED), True),
        (job(300, 140, Status.SUBMITTED), False),
        (job(130, 120, Status.SUBMITTED), True),
        (job(90_000, MAX_WAITING_S, Status.SUBMITTED), True),
        (job(90_000, MAX_WAITING_S - 1, Status.SUBMITTED), False),
        (job(120, 5_000, Status.SUBMITTED), True),
        (job(5_000, 120, None), True),
        (job(5_000, 120, Status.COMPLETE), True),
        (job(-10), False),
    ],
    ids=[
        "recent news",
        "no news for the limit",
        "runs, checked recently",
        "runs, checked long ago",
        "waits, silence has doubled",
        "waits, silence has not doubled",
        "waits, at least the limit",
        "waits, at most half an hour",
        "waits for hours, checked recently",
        "started after the check",
        "unknown to MediaConvert",
        "ended, but not repaired",
        "another clock is ahead",
    ],
)
def test_a_job_without_news_is_overdue(open_job: OpenJob, *, expected: bool) -> None:
    """A waiting job is overdue whenever the time without news has doubled."""
    assert is_overdue(open_job, overdue_s=OVERDUE_S, now_s=NOW_S) is expected


@pytest.mark.parametrize(("checked_ago_s", "expected"), [(119, False), (120, True)])
def test_a_job_that_runs_without_news_is_looked_at_in_each_pass(checked_ago_s: int, *, expected: bool) -> None:
    """So the alarm on silent jobs stays on, also if events are ten minutes apart."""
    assert is_overdue(job(9_000, checked_ago_s, Status.PROGRESSING), overdue_s=1_800, now_s=NOW_S) is expected
    assert not is_overdue(job(1_799), overdue_s=1_800, now_s=NOW_S)


@given(
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.sampled_from([None, *Status]),
    st.integers(0, 4_000),
)
def test_no_job_is_forgotten(news_ago_s: int, checked_ago_s: int | None, status: Status | None, limit_s: int) -> None:
    """Each job is overdue when the longest wait has passed since its last news and its last check."""
    open_job = job(news_ago_s, checked_ago_s, status)
    later_s = open_job.last_known_s + max(limit_s, MAX_WAITING_S)
    assert is_overdue(open_job, overdue_s=limit_s, now_s=later_s)


@pytest.mark.parametrize("passes_s", [60, 300])
def test_a_job_that_waits_for_a_day_takes_few_calls(passes_s: int) -> None:
    """Six calls in the first half hour or so, then two an hour."""
    open_job, calls = job(0), 0
    for now_s in range(NOW_S, NOW_S + 86_400, passes_s):
        if is_overdue(open_job, overdue_s=OVERDUE_S, now_s=now_s):
            calls += 1
            open_job = OpenJob(
                job_id="1-a",
                status=Status.SUBMITTED,
                news_s=NOW_S,
                checked_s=now_s,
                checked_status=Status.SUBMITTED,
            )
    assert 48 <= calls <= 55


def test_the_longest_silence_comes_first_and_waiting_jobs_last() -> None:
    """A pass that reaches its limit has asked about the most likely lost ends."""
    jobs = [
        job(9_000, 8_000, Status.SUBMITTED, job_id="waiting"),
        job(200, job_id="newer"),
        job(9_000, 150, Status.PROGRESSING, job_id="checked"),
        job(300, job_id="older"),
    ]
    assert [each.job_id for each in in_order(jobs)] == ["older", "newer", "checked", "waiting"]
