"""The pace of submitters: fast where MediaConvert allows it, and few throttled calls."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.submission_model import FairQueue, Submission
from worker.submission.pace import BURST, MAX_RATE_PER_S, MIN_RATE_PER_S, OUTAGE_S, THROTTLED_DELAY_S, Pace
from worker.submission.probe_rule import MAX_TIMEOUT_S


@pytest.mark.parametrize(("rate_per_s", "jobs", "calls"), [(2, 600, 1.1), (5, 2_000, 1.05), (50, 15_000, 1.05)])
def test_a_burst_of_uploads_drains_at_mediaconverts_rate(rate_per_s: float, jobs: int, calls: float) -> None:
    """In at most 1.3 times the time that the rate allows, with few throttled calls, from the same start rate."""
    submission = Submission(rate_per_s=rate_per_s, burst=max(5, rate_per_s), queue=FairQueue(is_fair=False))
    result = submission.run([(0.0, "a")] * jobs)
    assert result.jobs == jobs
    assert result.end_s <= 1.3 * jobs / rate_per_s
    assert result.calls <= calls * jobs


@pytest.mark.parametrize("probe_s", [0.2, 1, 3, 60])
@pytest.mark.parametrize(("rate_per_s", "jobs", "calls"), [(2, 300, 1.15), (5, 300, 1.1), (5, 2_000, 1.05)])
def test_a_burst_drains_as_fast_with_probes(rate_per_s: float, jobs: int, calls: float, probe_s: float) -> None:
    """A probe takes time of its upload and not of the others. While none is answered, the first ones cost time only.

    The first throttled call comes later with it, so that more calls have started by then.
    """
    submission = Submission(
        rate_per_s=rate_per_s, burst=max(5, rate_per_s), queue=FairQueue(is_fair=False), probe_s=probe_s
    )
    result = submission.run([(0.0, "a")] * jobs)
    assert result.jobs == jobs
    lost_s = MAX_TIMEOUT_S if probe_s > MAX_TIMEOUT_S else 0
    assert result.end_s <= 1.3 * jobs / rate_per_s + lost_s
    assert result.calls <= calls * jobs


@pytest.mark.parametrize(
    ("rate_per_s", "jobs", "before_s", "after_s"),
    [(5, 2_000, 0.05, 0.2), (5, 2_000, 0.4, 1), (5, 2_000, 1.5, 4), (50, 10_000, 0.4, 1), (50, 10_000, 0.8, 2)],
)
def test_a_burst_drains_as_fast_with_slow_tables(rate_per_s: float, jobs: int, before_s: float, after_s: float) -> None:
    """The calls around CreateJob take time of their upload, and not of the next ones."""
    submission = Submission(
        rate_per_s=rate_per_s,
        burst=max(5, rate_per_s),
        queue=FairQueue(is_fair=False),
        before_s=before_s,
        after_s=after_s,
    )
    result = submission.run([(0.0, "a")] * jobs)
    assert result.jobs == jobs
    assert result.end_s <= 1.25 * jobs / rate_per_s
    assert result.calls <= 1.1 * jobs


def test_uploads_below_mediaconverts_rate_are_never_throttled() -> None:
    """One call for each upload, and none waits."""
    submission = Submission(rate_per_s=5, burst=5, queue=FairQueue(is_fair=False))
    result = submission.run([(float(second), f"upload-{second}") for second in range(600)])
    assert result.calls == result.jobs == 600
    assert max(first_s - int(name[7:]) for name, first_s in result.first_s.items()) < 0.5


def test_the_rate_returns_within_seconds_of_an_outage() -> None:
    """Twenty minutes of throttling show nothing about the rate: afterwards the backlog drains as fast as before."""
    submission = Submission(rate_per_s=5, burst=5, queue=FairQueue(is_fair=False), outages=[(60, 1_260)])
    result = submission.run([(0.0, "a")] * 1_500)
    assert result.end_s - 1_200 <= 1.3 * 1_500 / 5
    assert result.calls <= 1.25 * 1_500  # the poller's rests, which this model leaves out, reduce it further


def test_a_throttled_call_halves_the_rate_once() -> None:
    """Calls that started before the reduction don't reduce it again."""
    pace = Pace(start_per_s=8)
    pace.record_success(now_s=9)
    pace.record_throttled(started_s=9.8, now_s=10)
    pace.record_throttled(started_s=9.9, now_s=10.1)
    assert pace.rate_per_s == 4
    pace.record_throttled(started_s=10.2, now_s=10.3)
    assert pace.rate_per_s < 4


def test_a_throttled_upload_waits_briefly_while_other_calls_succeed() -> None:
    """The last uploads of a burst would otherwise wait for a quarter of a minute after a second throttled call."""
    pace = Pace(start_per_s=2)
    assert pace.retry_delay_s(now_s=1) is None
    pace.record_success(now_s=1)
    pace.record_throttled(started_s=1, now_s=2)
    assert pace.retry_delay_s(now_s=2) == THROTTLED_DELAY_S
    assert pace.retry_delay_s(now_s=1 + OUTAGE_S) is None


def test_a_submitter_is_steady_while_its_calls_succeed() -> None:
    """After a failure, a throttled call or an idle time it first waits for the results of all its calls."""
    pace = Pace(start_per_s=2)
    assert not pace.is_steady
    ends: Sequence[Callable[[], object]] = (
        pace.record_failed,
        lambda: pace.record_throttled(started_s=1, now_s=2),
        lambda: pace.reserve(now_s=99),
    )
    for end in ends:
        pace.record_success(now_s=1)
        was_steady = pace.is_steady
        end()
        assert (was_steady, pace.is_steady) == (True, False)


def test_an_idle_submitter_starts_a_few_calls_at_once_and_keeps_its_rate() -> None:
    """Then they are evenly spaced; hours without work don't raise the rate."""
    pace = Pace(start_per_s=2)
    assert [pace.reserve(now_s=50_000) for _ in range(BURST + 2)] == [*[50_000] * BURST, 50_000.5, 50_001]
    assert pace.rate_per_s == 2


@given(
    start_per_s=st.floats(0.1, 100),
    steps=st.lists(st.tuples(st.sampled_from(["reserve", "success", "throttled"]), st.floats(0, 30)), max_size=200),
)
def test_the_rate_and_the_batch_stay_within_their_limits(start_per_s: float, steps: list[tuple[str, float]]) -> None:
    """Whatever happens; and a call never starts in the past."""
    pace, now_s = Pace(start_per_s=start_per_s), 0.0
    for step, seconds in steps:
        now_s += seconds
        match step:
            case "reserve":
                assert pace.reserve(now_s=now_s) >= now_s
            case "success":
                pace.record_success(now_s=now_s)
            case _:
                pace.record_throttled(started_s=now_s, now_s=now_s)
        assert MIN_RATE_PER_S <= pace.rate_per_s <= MAX_RATE_PER_S
        assert 1 <= pace.batch_size <= 10
