"""The estimated time left of a running job."""

from dataclasses import replace

import pytest

from transcode.job import Job, Status, eta_s

ID = "1763798400123-k3v9qa"
RUNNING = Job(
    job_id=ID, status=Status.PROGRESSING, event_time_ms=50, started_ms=10, progress_percent=40, phase="TRANSCODING"
)


@pytest.mark.parametrize(
    "job",
    [
        Job(job_id=ID),
        replace(RUNNING, progress_percent=None),
        replace(RUNNING, progress_percent=0),
        replace(RUNNING, started_ms=None),
        replace(RUNNING, started_ms=50),
        replace(RUNNING, status=Status.COMPLETE, progress_percent=100),
        replace(RUNNING, status=Status.ERROR),
    ],
    ids=["waiting", "no-percent", "zero", "no-start", "first-event", "complete", "error"],
)
def test_eta_s_is_none_without_progress_to_extrapolate(job: Job) -> None:
    """The remaining time is unknown for a job that has not advanced or has ended."""
    assert eta_s(job, now_ms=60) is None


@pytest.mark.parametrize(("now_ms", "expected"), [(120_000, 60), (150_000, 30), (180_000, 0), (999_000, None)])
def test_eta_s_extrapolates_the_rate_since_the_start(now_ms: int, expected: int | None) -> None:
    """A job at 50 % after a minute has a minute left, minus the time since that event; overdue, it is unknown."""
    job = replace(RUNNING, started_ms=60_000, event_time_ms=120_000, progress_percent=50)
    assert eta_s(job, now_ms=now_ms) == expected


def test_eta_s_ignores_progress_before_the_first_event() -> None:
    """A job first seen at 60 % that gains 10 % in 10 s has 30 s left, not 4 s."""
    job = replace(RUNNING, started_ms=10_000, started_percent=60, event_time_ms=20_000, progress_percent=70)
    assert eta_s(job, now_ms=20_000) == 30


def test_eta_s_ignores_the_time_in_the_queue() -> None:
    """The rate is measured since the job started, not since it was submitted."""
    job = replace(RUNNING, submitted_s=0, started_ms=3_600_000, event_time_ms=3_610_000, progress_percent=10)
    assert eta_s(job, now_ms=3_610_000) == 90
