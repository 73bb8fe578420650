"""JobJsonCache are made once for all who ask for the same state within a second, and never for longer."""

from dataclasses import replace

from service.live.job_json_cache import MAX_CACHED_JOBS, JobJsonCache
from service.views.followed import Followed, JobKey
from transcode.job import Job, Status

KEY = JobKey("1-a")
NOW_MS = 1_763_798_400_000
JOB = Job(
    job_id="1-a",
    status=Status.PROGRESSING,
    event_time_ms=NOW_MS,
    started_ms=NOW_MS - 10_000,
    progress_percent=10,
)


def test_the_same_state_is_made_into_json_once_a_second() -> None:
    """Whoever asks with the same read in the same second gets the very same bytes."""
    answers = JobJsonCache(None)
    followed = Followed(job=JOB)
    assert answers.of(KEY, followed, now_ms=NOW_MS) is answers.of(KEY, Followed(job=JOB), now_ms=NOW_MS + 999)


def test_the_time_left_counts_down() -> None:
    """An answer is of one second."""
    answers = JobJsonCache(None)
    first = answers.of(KEY, Followed(job=JOB), now_ms=NOW_MS)
    assert b'"eta_s":90' in first
    assert b'"eta_s":89' in answers.of(KEY, Followed(job=JOB), now_ms=NOW_MS + 1_000)


def test_a_state_read_anew_is_shown_at_once() -> None:
    """However soon after the last one."""
    answers = JobJsonCache(None)
    answers.of(KEY, Followed(job=JOB), now_ms=NOW_MS)
    later = answers.of(KEY, Followed(job=replace(JOB, progress_percent=11)), now_ms=NOW_MS)
    assert b'"progress_percent":11' in later


def test_few_answers_are_kept() -> None:
    """However many jobs are asked for; what was forgotten is made again."""
    answers = JobJsonCache(None)
    for at in range(3 * MAX_CACHED_JOBS):
        job_id = f"1-{at}"
        body = answers.of(JobKey(job_id), Followed(job=replace(JOB, job_id=job_id)), now_ms=NOW_MS)
        assert f'"job_id":"{job_id}"'.encode() in body
    assert len(answers._entries) <= MAX_CACHED_JOBS  # noqa: SLF001 -- nothing else shows it
