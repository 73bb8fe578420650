"""The figures of the queues, from which the service computes a file's place. Pure.

All uploads have one numbering, in the order in which they arrive. Three totals count along it: the uploads that have
arrived, the jobs that have entered MediaConvert's queue, and the jobs that have left it, because MediaConvert started
or canceled them. MediaConvert's queue is first in, first out, and so is ours, approximately. So the number of a file is
the total of arrivals at the time at which the file was queued, and as many are ahead of it as have not left.

The worker takes a sample of the totals every half a minute. Between two samples, arrivals are spread evenly.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

STALE_S = 120
"""Seconds after which a sample says nothing about the present."""
RATE_WINDOW_S = 600
"""Seconds of samples from which the rate of the queue is computed."""
MIN_RATE_S = 60
"""Seconds in which something waited, below which the rate is unknown."""
MAX_SAMPLES = 60
"""The row with the samples has about two kilobytes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The counts at one moment (Unix seconds).

    `created` counts the jobs that the workers have created, from any beginning. `waiting` are the messages of uploads
    that have no job yet. `submitted` are the jobs that wait in MediaConvert, also those of other programs.
    """

    time_s: int
    created: int
    waiting: int
    submitted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The totals at one moment (Unix seconds), and the count of created jobs that the measurement had."""

    time_s: int
    created: int
    arrived: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The number of uploads and jobs ahead of a file, and the seconds until MediaConvert starts it; None if unknown."""

    ahead: int
    eta_s: int | None


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The samples, oldest first. Without samples, every place is unknown."""

    samples: tuple[Sample, ...] = ()

    def with_measurement(self, measured: Measurement) -> "QueueFigures":
        """Return the figures with a sample of these counts, and without the samples that no waiting file needs.

        The totals never decrease. Jobs that entered MediaConvert's queue without being counted belong to other
        programs, or their count was lost. If messages left our queue without a job, the figures forget their arrival.
        """
        last = self.samples[-1] if self.samples else None
        if last is None:
            entered = measured.submitted
        elif measured.time_s <= last.time_s:
            return self
        else:
            created = max(0, measured.created - last.created)
            entered = max(last.entered + created, last.left + measured.submitted)
        newest = Sample(
            time_s=measured.time_s,
            created=measured.created,
            arrived=entered + measured.waiting,
            entered=entered,
            left=entered - measured.submitted,
        )
        earlier = (replace(each, arrived=min(each.arrived, newest.arrived)) for each in self.samples)
        return QueueFigures(_needed((*earlier, newest)))

    def place_of_upload(self, queued_s: int, *, now_s: int) -> Place | None:
        """Return the place of a file that has been queued since then and has no job; None if it is unknown."""
        return self._place(lambda sample: sample.arrived, queued_s, now_s)

    def place_of_job(self, submitted_s: int, *, now_s: int) -> Place | None:
        """Return the place of a job that was created then and has not started; None if it is unknown."""
        return self._place(lambda sample: sample.entered, submitted_s, now_s)

    def _place(self, total: Callable[[Sample], int], since_s: int, now_s: int) -> Place | None:
        number = _total_at(self.samples, total, since_s)
        if number is None or now_s - self.samples[-1].time_s > STALE_S:
            return None
        turn_s = next((each.time_s for each in self.samples if each.left >= number), None)
        if turn_s is not None and self.samples[-1].time_s - max(turn_s, since_s) > STALE_S:
            # Its turn has passed, so the order doesn't describe it: it waits for its next attempt, for example.
            return None
        ahead = max(0, number - 1 - self.samples[-1].left)
        return Place(ahead=ahead, eta_s=self._seconds_for(ahead + 1))

    def _seconds_for(self, count: int) -> int | None:
        """Return the seconds in which so many leave, at the rate of the time in which something waited."""
        recent = [each for each in self.samples if self.samples[-1].time_s - each.time_s <= RATE_WINDOW_S]
        busy = [(first, second) for first, second in pairwise(recent) if _is_waiting(first) and _is_waiting(second)]
        busy_s = sum(second.time_s - first.time_s for first, second in busy)
        left = sum(second.left - first.left for first, second in busy)
        return None if busy_s < MIN_RATE_S or left == 0 else -(-count * busy_s // left)


def _is_waiting(sample: Sample) -> bool:
    return sample.arrived > sample.left


def _total_at(samples: tuple[Sample, ...], total: Callable[[Sample], int], time_s: int) -> int | None:
    """Return the total at a time between two samples, rounded up; None outside of them."""
    for first, second in pairwise(samples):
        if first.time_s <= time_s <= second.time_s:
            elapsed_s, interval_s = time_s - first.time_s, second.time_s - first.time_s
            return total(first) - (-(total(second) - total(first)) * elapsed_s // interval_s)
    return None


def _needed(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Return the samples for the rate and for the files that wait.

    If they are too many, those old ones are left out that lie nearest to the line between their neighbours.
    """
    newest = samples[-1]
    old = [each for each in samples if newest.time_s - each.time_s > RATE_WINDOW_S]
    recent = samples[len(old) :]
    passed = sum(1 for _, second in pairwise((*old, recent[0])) if second.arrived <= newest.left)
    kept = [*old[passed:], *recent]
    while len(kept) > MAX_SAMPLES and passed < len(old) - 1:
        redundant = min(range(1, len(old) - passed), key=lambda index: _distance(*kept[index - 1 : index + 2]))
        del kept[redundant]
        passed += 1
    return tuple(kept)


def _distance(first: Sample, middle: Sample, last: Sample) -> float:
    """Return the uploads and jobs by which the middle sample differs from the line between the other two."""
    share = (middle.time_s - first.time_s) / (last.time_s - first.time_s)
    arrived = first.arrived + share * (last.arrived - first.arrived)
    entered = first.entered + share * (last.entered - first.entered)
    return abs(middle.arrived - arrived) + abs(middle.entered - entered)
