"""When the hub reads a watched job: a table of cases, the bounds of every case, and a simulation of many transcodes."""

import random
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.live.read_schedule import (
    QUIET_TICKS,
    SOON_TICKS,
    SPARSE_TICKS,
    WAITING_TICKS,
    ReadHistory,
    after_read,
    first_read,
    next_read_s,
)
from service.views.followed import Followed
from transcode.job import Job, Status
from transcode.lookup import Lookup

NOW_S = 1_764_000_000.0
INTERVAL_S = 10.0
HISTORY = ReadHistory(read_s=NOW_S, interval_s=INTERVAL_S, lag_s=1.0)


def transcoding(*, event_ago_s: float, percent: int = 40, running_s: float = 400) -> Job:
    """Return a job whose last event MediaConvert sent a while ago; its row was written a second later."""
    event_ms = round((NOW_S - event_ago_s) * 1000)
    return Job(
        job_id="1-a",
        status=Status.PROGRESSING,
        event_time_ms=event_ms,
        started_ms=event_ms - round(running_s * 1000),
        progress_percent=percent,
        phase="TRANSCODING",
        submitted_s=int(NOW_S) - 500,
        updated_s=int(NOW_S - event_ago_s + 1),
    )


MIDDLE = transcoding(event_ago_s=2)
CASES = [
    ("file announced now", Followed(lookup=Lookup(input_file="f", announced_s=int(NOW_S))), HISTORY, SOON_TICKS),
    ("file announced before", Followed(lookup=Lookup(input_file="f", announced_s=1)), HISTORY, WAITING_TICKS),
    ("job submitted now", Followed(job=Job(job_id="1-a", submitted_s=int(NOW_S))), HISTORY, SOON_TICKS),
    ("job submitted before", Followed(job=Job(job_id="1-a", submitted_s=1)), HISTORY, WAITING_TICKS),
    ("transcode began now", Followed(job=transcoding(event_ago_s=1, running_s=5)), HISTORY, SOON_TICKS),
    ("next event far away", Followed(job=MIDDLE), HISTORY, QUIET_TICKS),
    ("next event near", Followed(job=transcoding(event_ago_s=9.25)), HISTORY, 3),
    ("next event late", Followed(job=transcoding(event_ago_s=13)), HISTORY, SOON_TICKS),
    ("next event lost", Followed(job=transcoding(event_ago_s=18.25)), HISTORY, 4),
    ("over its budget", Followed(job=transcoding(event_ago_s=2.25)), replace(HISTORY, credit=-0.6), SPARSE_TICKS),
    ("estimate ends soon", Followed(job=transcoding(event_ago_s=2, percent=97)), HISTORY, SOON_TICKS),
    ("estimate is over", Followed(job=transcoding(event_ago_s=30, percent=96)), HISTORY, SOON_TICKS),
    ("its events are missing", Followed(job=transcoding(event_ago_s=82.25, percent=97)), HISTORY, QUIET_TICKS),
    ("without an estimate", Followed(job=replace(MIDDLE, progress_percent=None)), HISTORY, QUIET_TICKS),
]


@pytest.mark.parametrize(
    ("followed", "history", "ticks"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_the_next_read_follows_the_state(followed: Followed, history: ReadHistory, ticks: float) -> None:
    """Each state has its gap."""
    assert next_read_s(followed, history, now_s=NOW_S, tick_s=1) == pytest.approx(ticks, abs=0.01)


times_s = st.floats(min_value=-1e6, max_value=1e6)
jobs = st.builds(
    Job,
    job_id=st.just("1-a"),
    status=st.sampled_from([Status.SUBMITTED, Status.PROGRESSING]),
    event_time_ms=st.integers(0, 2**42),
    started_ms=st.none() | st.integers(0, 2**42),
    progress_percent=st.none() | st.integers(0, 100),
    submitted_s=st.none() | st.integers(0, 2**33),
    updated_s=st.none() | st.integers(0, 2**33),
)


@given(job=jobs, later=jobs, now_s=st.floats(0, 2**33), passed_s=times_s, tick_s=st.floats(0.05, 60))
def test_a_read_is_never_further_away_than_the_longest_gap(
    job: Job, later: Job, now_s: float, passed_s: float, tick_s: float
) -> None:
    """Whatever the rows and the clocks say, also if a clock was set back."""
    history = first_read(Followed(job=job), now_s=now_s, interval_s=INTERVAL_S)
    now_s += passed_s
    history = after_read(history, before=Followed(job=job), after=Followed(job=later), now_s=now_s, tick_s=tick_s)
    assert tick_s <= next_read_s(Followed(job=later), history, now_s=now_s, tick_s=tick_s) <= SPARSE_TICKS * tick_s


def test_reads_that_requests_cause_do_not_count_against_the_budget() -> None:
    """Ten new clients in ten ticks don't delay the news of those who wait."""
    history, followed = HISTORY, Followed(job=MIDDLE)
    for passed_s in range(1, 11):
        now_s = NOW_S + passed_s
        history = after_read(
            history, before=followed, after=followed, now_s=now_s, tick_s=1, is_requested=passed_s % 5 != 0
        )
    assert history.credit >= 0
    assert next_read_s(followed, history, now_s=NOW_S + 16, tick_s=1) <= QUIET_TICKS


@pytest.mark.parametrize(
    ("observed_s", "before_s", "expected_s"),
    [
        (60, None, 10),  # may be five lost events
        (60, 60, 60),  # a job's template may have another interval than the setting
        (60, 20, 10),
        (5, None, 5),
        (9, None, 9.5),
        (0.1, None, 10),  # two events of one moment
    ],
)
def test_the_interval_is_learned_from_the_events(observed_s: float, before_s: float | None, expected_s: float) -> None:
    """A longer one counts once it repeats."""
    before, after = transcoding(event_ago_s=2 + observed_s), transcoding(event_ago_s=2)
    history = replace(HISTORY, read_s=NOW_S - 3, observed_s=before_s)
    learned = after_read(history, before=Followed(job=before), after=Followed(job=after), now_s=NOW_S, tick_s=1)
    assert learned.interval_s == pytest.approx(expected_s, abs=0.01)


def test_the_clocks_need_not_agree() -> None:
    """With MediaConvert's clock an hour ahead of ours, the next read is at the same time."""
    ahead = replace(MIDDLE, event_time_ms=MIDDLE.event_time_ms + 3_600_000)
    gaps = []
    for job in (MIDDLE, ahead):
        history = first_read(Followed(job=job), now_s=NOW_S, interval_s=INTERVAL_S)
        gaps.append(next_read_s(Followed(job=job), history, now_s=NOW_S + 6, tick_s=1))
    assert gaps[0] == gaps[1] == pytest.approx(4.75, abs=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A simulated job's reads, and the seconds from each write of its row until the read that found it."""

    reads: list[float]
    news_s: list[float]

    @property
    def reads_per_s(self) -> float:
        """The average rate."""
        return (len(self.reads) - 1) / (self.reads[-1] - self.reads[0])


def watch(writes: list[tuple[float, Job]], *, tick_s: float = 1.0) -> Watched:
    """Read the row on the hub's grid of ticks by the rule, from the first write to the last."""
    reads, news_s = [], []
    now_s, found = writes[0][0] + 0.3, 0
    known = Followed(job=writes[0][1])
    history = first_read(known, now_s=now_s, interval_s=INTERVAL_S)
    while found < len(writes) - 1:
        due_s = now_s + next_read_s(known, history, now_s=now_s, tick_s=tick_s)
        now_s = round(due_s / tick_s) * tick_s
        newest = max(at for at, (written_s, _) in enumerate(writes) if written_s <= now_s)
        news_s += [now_s - writes[at][0] for at in range(found + 1, newest + 1)]
        read = Followed(job=writes[newest][1])
        history = after_read(history, before=known, after=read, now_s=now_s, tick_s=tick_s)
        known, found = read, newest
        reads.append(now_s)
    return Watched(reads=reads, news_s=news_s)


def transcode(draw: random.Random, *, jitter_s: float, interval_s: float = INTERVAL_S) -> list[tuple[float, Job]]:
    """Return the writes of the middle of a long transcode: times, and rows. Each event takes a random time."""
    began_s, lag_s = NOW_S + draw.random() * 10, 0.3 + draw.random()
    job = Job(job_id="1-a", status=Status.PROGRESSING, started_ms=round((began_s - 600) * 1000), submitted_s=1)
    writes = []
    for step in range(60):
        event_s = began_s + step * interval_s
        written_s = event_s + lag_s + jitter_s * draw.random()
        moved = replace(
            job, event_time_ms=round(event_s * 1000), progress_percent=20 + step // 2, updated_s=int(written_s)
        )
        writes.append((written_s, moved))
    return writes


def seeded(seed: int) -> random.Random:
    """Return a generator that draws the same numbers in each run."""
    return random.Random(seed)  # noqa: S311 -- no secret


def all_news_s(watched: list[Watched], *, after: int = 0) -> list[float]:
    """Return the delays of all jobs, without those of each job's first `after` events."""
    return [each for job in watched for each in job.news_s[after:]]


def units_per_s(watched: list[Watched]) -> float:
    """Return the average read units a second of a job: an eventually consistent read of a small row is half a unit."""
    return sum(job.reads_per_s for job in watched) / len(watched) / 2


@pytest.mark.parametrize(
    ("jitter_s", "most_units", "longest_s"),
    [(0.0, 0.1005, 2), (0.5, 0.1005, 3), (1.0, 0.1005, 3), (2.0, 0.1005, 4), (4.0, 0.1005, 5), (8.0, 0.12, 7)],
)
def test_the_middle_of_a_transcode_costs_a_tenth_of_a_read_unit_a_second(
    jitter_s: float, most_units: float, longest_s: float
) -> None:
    """Each event reaches the watcher within 5 s, half of them within 2 s, if their ways differ by 4 s at most."""
    draw = seeded(13)
    watched = [watch(transcode(draw, jitter_s=jitter_s)) for _ in range(40)]
    assert units_per_s(watched) <= most_units
    assert max(all_news_s(watched)) <= longest_s
    assert median(all_news_s(watched)) <= 2


@pytest.mark.parametrize("interval_s", [12, 15, 20, 60])
def test_other_intervals_keep_the_same_bounds(interval_s: float) -> None:
    """They hold as soon as two events have shown the interval."""
    draw = seeded(14)
    watched = [watch(transcode(draw, jitter_s=0.5, interval_s=interval_s)) for _ in range(10)]
    assert units_per_s(watched) <= 0.1005
    assert max(all_news_s(watched, after=2)) <= 5
    assert median(all_news_s(watched, after=2)) <= 2


@pytest.mark.parametrize(("jitter_s", "share"), [(0.5, 0.99), (4.0, 0.7)])
def test_an_error_that_no_schedule_announces_waits_for_the_next_read(jitter_s: float, share: float) -> None:
    """The gap bounds its delay: 5 s, and 10 s after an event that came late."""
    draw = seeded(15)
    watched = [watch(transcode(draw, jitter_s=jitter_s)) for _ in range(40)]
    gaps_s = [later - earlier for job in watched for earlier, later in pairwise(job.reads)]
    assert max(gaps_s) <= 10
    assert sum(gap_s <= 5.01 for gap_s in gaps_s) / len(gaps_s) >= share


def test_the_end_of_a_job_arrives_within_two_ticks() -> None:
    """The estimate says when the end is near, so the watcher does not wait for an interval."""
    draw = seeded(16)
    for _ in range(40):
        length_s, lag_s = 60 + 600 * draw.random(), draw.random()
        job = Job(job_id="1-a", status=Status.PROGRESSING, started_ms=round(NOW_S * 1000), submitted_s=int(NOW_S))
        writes = []
        for event_s in range(0, int(length_s), 10):
            percent, written_s = int(100 * event_s / length_s), NOW_S + event_s + lag_s
            event_ms = round((NOW_S + event_s) * 1000)
            moved = replace(job, event_time_ms=event_ms, progress_percent=percent, updated_s=int(written_s))
            writes.append((written_s, moved))
        writes.append((NOW_S + length_s + lag_s, replace(job, status=Status.COMPLETE, event_time_ms=2**42)))
        assert watch(writes).news_s[-1] <= SOON_TICKS
