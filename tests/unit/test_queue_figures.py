"""The place of a waiting file: it is computed from samples, never grows, and is unknown rather than wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.queue_figures import (
    MAX_SAMPLES,
    MIN_RATE_S,
    RATE_WINDOW_S,
    STALE_S,
    Measurement,
    Place,
    QueueFigures,
)

START_S = 1_900_000_000
INTERVAL_S = 30

Counts = tuple[int, int, int]
"""Created jobs, waiting messages, and jobs that wait in MediaConvert."""


def figures_of(counts: Iterable[Counts], *, interval_s: int = INTERVAL_S) -> QueueFigures:
    """Return the figures after measurements of these counts."""
    figures = QueueFigures()
    for number, (created, waiting, submitted) in enumerate(counts):
        time_s = START_S + number * interval_s
        measured = Measurement(time_s=time_s, created=created, waiting=waiting, submitted=submitted)
        figures = figures.with_measurement(measured)
    return figures


def at(samples: float) -> int:
    """Return the time of a sample, or between two samples."""
    return START_S + round(samples * INTERVAL_S)


CALM = [(7, 0, 0)] * 4
BURST = [(7, 0, 0), (7, 100, 0), (37, 70, 0), (67, 40, 0)]
"""A hundred uploads within 30 s; then a job a second, which MediaConvert starts at once."""
BUSY_ENCODER = [(0, 0, 0), (60, 0, 60), (60, 0, 45), (60, 0, 30)]
"""Sixty jobs within 30 s; MediaConvert starts one every two seconds."""
STUCK = [(0, 0, 0), (0, 10, 0), (0, 10, 0), (0, 10, 0)]


@pytest.mark.parametrize(
    ("counts", "queued_s", "place"),
    [
        (BURST, at(0.5), Place(ahead=0, eta_s=1)),  # 50 had arrived, and 60 have left: its turn is now
        (BURST, at(1), Place(ahead=39, eta_s=40)),
        (BURST, at(0.9), Place(ahead=29, eta_s=30)),
        (BURST, at(3), Place(ahead=39, eta_s=40)),
        (STUCK, at(1), Place(ahead=9, eta_s=None)),
        (CALM, at(1.5), Place(ahead=0, eta_s=None)),
        (BURST, at(-1), None),
        (BURST, at(3.1), None),
        ([], at(1), None),
        ([(0, 5, 5)], at(0), None),
    ],
)
def test_the_place_of_an_upload(counts: list[Counts], queued_s: int, place: Place | None) -> None:
    """It counts the uploads before it that MediaConvert has not started."""
    assert figures_of(counts).place_of_upload(queued_s, now_s=at(3)) == place


@pytest.mark.parametrize(
    ("submitted_s", "place"),
    [
        (at(1), Place(ahead=29, eta_s=60)),
        (at(0.8), Place(ahead=17, eta_s=36)),
        (at(0.5), Place(ahead=0, eta_s=2)),
        (at(0), Place(ahead=0, eta_s=2)),
    ],
)
def test_the_place_of_a_job(submitted_s: int, place: Place | None) -> None:
    """It counts the jobs before it that MediaConvert has not started."""
    found = figures_of(BUSY_ENCODER).place_of_job(submitted_s, now_s=at(3))
    assert found == place


def test_a_stale_sample_says_nothing() -> None:
    """The worker that measures has stopped, or SQS or MediaConvert doesn't respond."""
    figures = figures_of(BURST)
    assert figures.place_of_upload(at(1), now_s=at(3) + STALE_S) is not None
    assert figures.place_of_upload(at(1), now_s=at(3) + STALE_S + 1) is None


def test_a_file_that_still_waits_after_its_turn_has_no_place() -> None:
    """It waits for its next attempt, for example; the order of arrival doesn't describe that."""
    figures = figures_of([*BURST, *[(107, 1, 0)] * 6])
    assert figures.place_of_upload(at(1), now_s=at(9)) is None


def test_the_turn_of_a_new_file_is_now_in_a_deployment_that_was_calm_before() -> None:
    """The turn begins when the file is queued, not when the last one left."""
    figures = figures_of(CALM * 3)
    assert figures.place_of_upload(at(9), now_s=at(11)) == Place(ahead=0, eta_s=None)


def test_the_rate_is_that_of_the_time_in_which_something_waited() -> None:
    """An idle hour before a burst doesn't make the estimate longer."""
    idle = [(0, 0, 0)] * 120
    busy = [(0, 90, 0), (30, 60, 0), (60, 30, 0)]
    figures = figures_of([*idle, *busy])
    assert figures.place_of_upload(at(120), now_s=at(122)) == Place(ahead=29, eta_s=30)


def test_jobs_of_other_programs_are_ahead_of_later_jobs_only() -> None:
    """MediaConvert's queue may have other users: fifty jobs of theirs enter it after ours."""
    figures = figures_of([(0, 0, 0), (10, 0, 10), (10, 0, 60), (20, 0, 70)])
    assert figures.place_of_job(at(1), now_s=at(3)) == Place(ahead=9, eta_s=None)
    assert figures.place_of_job(at(3), now_s=at(3)) == Place(ahead=69, eta_s=None)


def test_uploads_that_are_given_up_are_no_longer_ahead() -> None:
    """Their messages leave the queue, and no job is created."""
    figures = figures_of([(0, 0, 0), (0, 100, 0), (0, 40, 0)])
    assert figures.place_of_upload(at(1), now_s=at(2)) == Place(ahead=39, eta_s=None)


def test_a_count_that_begins_again_moves_no_file() -> None:
    """The row with the count of created jobs expires after a day without a job."""
    before, after = figures_of([(500, 0, 0), (500, 8, 0)]), figures_of([(500, 0, 0), (500, 8, 0), (0, 8, 0)])
    place = Place(ahead=7, eta_s=None)
    assert before.place_of_upload(at(1), now_s=at(1)) == place
    assert after.place_of_upload(at(1), now_s=at(2)) == place


def test_a_measurement_of_the_past_changes_nothing() -> None:
    """Another worker has measured since."""
    figures = figures_of(BURST)
    assert figures.with_measurement(Measurement(time_s=at(2), created=0, waiting=0, submitted=0)) == figures


def test_the_samples_of_a_long_wait_become_sparser() -> None:
    """The first file of a backlog of a week keeps its place, and the row stays small."""
    figures = figures_of([(0, 0, 0), *((number, 50_000, 0) for number in range(2_000))])
    assert len(figures.samples) <= MAX_SAMPLES
    place = figures.place_of_upload(at(1), now_s=at(2_000))
    assert place is not None
    assert place.ahead == pytest.approx(50_000 - 2_000, rel=0.01)


def test_samples_that_no_file_needs_are_dropped() -> None:
    """A calm deployment keeps those of the rate's window."""
    figures = figures_of([(number, 0, 0) for number in range(200)])
    assert len(figures.samples) == RATE_WINDOW_S // INTERVAL_S + 1


@dataclass
class Pipeline:
    """A queue of uploads and MediaConvert's queue, both first in, first out, with the times at which each file came."""

    waiting: list[int] = field(default_factory=list)
    submitted: list[tuple[int, int]] = field(default_factory=list)
    created: int = 0
    number: int = 0

    def arrive(self, count: int) -> None:
        """Queue some files."""
        self.waiting += range(self.number, self.number + count)
        self.number += count

    def create(self, count: int, time_s: int) -> None:
        """Create the jobs of the first files."""
        moved, self.waiting = self.waiting[:count], self.waiting[count:]
        self.submitted += [(each, time_s) for each in moved]
        self.created += len(moved)

    def measurement(self, time_s: int) -> Measurement:
        """Return the counts."""
        return Measurement(
            time_s=time_s, created=self.created, waiting=len(self.waiting), submitted=len(self.submitted)
        )


step = st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 10))
"""Files that arrive, jobs that are created, and jobs that MediaConvert starts, all within an interval."""


@given(st.lists(step, min_size=2, max_size=MAX_SAMPLES - 2))
def test_the_number_ahead_never_grows_while_the_queue_drains(steps: list[tuple[int, int, int]]) -> None:
    """It is that of the true order, and never negative; also when the file's job is created."""
    pipeline, figures, queued_s, seen = Pipeline(), QueueFigures(), dict[int, int](), dict[int, int]()
    for number, (arriving, creating, starting) in enumerate(steps):
        now_s = at(number)
        pipeline.create(creating, now_s)
        pipeline.submitted = pipeline.submitted[starting:]
        if arriving:
            pipeline.arrive(arriving)
            queued_s[pipeline.number - 1] = now_s  # the last one of those that arrive at this moment
        figures = figures.with_measurement(pipeline.measurement(now_s))
        order = [*(each for each, _ in pipeline.submitted), *pipeline.waiting]
        submitted_s = dict(pipeline.submitted)
        last_submitted = {time_s: each for each, time_s in pipeline.submitted}
        for each in set(order) & set(queued_s):
            if each in submitted_s and last_submitted[submitted_s[each]] == each:
                place = figures.place_of_job(submitted_s[each], now_s=now_s)
            elif each not in submitted_s:
                place = figures.place_of_upload(queued_s[each], now_s=now_s)
            else:
                continue
            if number and place is not None:
                assert place.ahead == order.index(each)
                assert place.ahead <= seen.get(each, place.ahead)
                seen[each] = place.ahead


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100)), max_size=40),
    st.integers(-2, 45),
)
def test_any_counts_give_a_place_or_none(counts: list[Counts], queued_at: int) -> None:
    """SQS counts approximately, counts get lost, and other programs use the queue: the place is never negative."""
    figures, now_s = figures_of(counts), at(max(0, len(counts) - 1))
    for place in (
        figures.place_of_upload(at(queued_at), now_s=now_s),
        figures.place_of_job(at(queued_at), now_s=now_s),
    ):
        assert place is None or place.ahead >= 0
        assert place is None or place.eta_s is None or place.eta_s >= 1
    for first, second in zip(figures.samples, figures.samples[1:], strict=False):
        assert first.arrived <= second.arrived
        assert first.entered <= second.entered
        assert first.left <= second.left <= second.entered <= second.arrived


def test_a_rate_needs_a_minute() -> None:
    """One interval says too little."""
    figures = figures_of(BURST[:3])
    assert figures.place_of_upload(at(1), now_s=at(2)) == Place(ahead=69, eta_s=None)
    assert MIN_RATE_S == 2 * INTERVAL_S
