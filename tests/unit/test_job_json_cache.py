"""JobJsonCache encodes each state of a job once per second for all callers."""

from dataclasses import replace

from service.live.job_json_cache import MAX_CACHED_JOBS, JobJsonCache
from service.views.followed import Followed, JobKey
from transcode.job import Job, Status
from transcode.queue_figures import Place

KEY = JobKey("1-a")
NOW_MS = 1_763_798_400_000
JOB = Job(
    job_id="1-a",
    status=Status.PROGRESSING,
    event_time_ms=NOW_MS,
    started_ms=NOW_MS - 10_000,
    progress_percent=10,
)


def test_a_state_is_encoded_once_per_second() -> None:
    """All calls with the same state within one second return the same bytes object."""
    cache = JobJsonCache(None)
    followed = Followed(job=JOB)
    assert cache.of(KEY, followed, now_ms=NOW_MS) is cache.of(KEY, Followed(job=JOB), now_ms=NOW_MS + 999)


def test_eta_s_counts_down() -> None:
    """A cached body is valid for one second."""
    cache = JobJsonCache(None)
    first = cache.of(KEY, Followed(job=JOB), now_ms=NOW_MS)
    assert b'"eta_s":90' in first
    assert b'"eta_s":89' in cache.of(KEY, Followed(job=JOB), now_ms=NOW_MS + 1_000)


def test_a_new_state_is_encoded_at_once() -> None:
    """A new state replaces the cached body within the same second."""
    cache = JobJsonCache(None)
    cache.of(KEY, Followed(job=JOB), now_ms=NOW_MS)
    newer = cache.of(KEY, Followed(job=replace(JOB, progress_percent=11)), now_ms=NOW_MS)
    assert b'"progress_percent":11' in newer


def test_a_new_place_is_encoded_at_once() -> None:
    """The job's row is the same; other jobs have left the queue."""
    cache, job = JobJsonCache(None), Job(job_id="1-a")
    for ahead in (7, 6):
        place = Place(ahead=ahead, eta_s=None)
        body = cache.of(KEY, Followed(job=job, place=place), now_ms=NOW_MS)
        assert f'"queue":{{"ahead":{ahead},"eta_s":null}}'.encode() in body


def test_the_cache_has_a_maximum_size() -> None:
    """A body that was evicted is encoded again."""
    cache = JobJsonCache(None)
    for number in range(3 * MAX_CACHED_JOBS):
        job_id = f"1-{number}"
        body = cache.of(JobKey(job_id), Followed(job=replace(JOB, job_id=job_id)), now_ms=NOW_MS)
        assert f'"job_id":"{job_id}"'.encode() in body
    assert len(cache._entries) <= MAX_CACHED_JOBS  # noqa: SLF001 -- no public attribute shows the size
