"""The figures of a finished simulation, and how they compare with the goals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.scale.scenario import Simulation
from bench.scale.simulated_aws import Limits

Value = TypeVar("Value", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal, its figure, and the figure that the simulation reached."""

    name: str
    wanted: str
    reached: str
    is_met: bool


def at_most(name: str, reached: float, most: float, *, unit: str = "", digits: int = 2) -> Goal:
    """Return a goal that is met by a figure of `most` or less."""
    figure = f"{reached:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{reached:,.0f}"
    suffix = f" {unit}" if unit else ""
    return Goal(name=name, wanted=f"≤ {most:,g}{suffix}", reached=f"{figure}{suffix}", is_met=reached <= most)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one finished run."""

    run: Simulation

    @property
    def uploads(self) -> int:
        """Return the number of uploads."""
        return len(self.run.scenario.uploads)

    @property
    def lost(self) -> int:
        """Return the uploads in a dead-letter queue, deleted by SQS, without a job or with two."""
        missing = self.uploads - len(self.run.aws.created_s)
        gone = sum(len(stage.dead_letters) + stage.queue.lost + stage.queue.moved for stage in self.run.stages)
        return max(missing, gone) + self.run.aws.duplicates

    @property
    def most_in_flight(self) -> int:
        """Return the most messages in flight in one queue, at any time."""
        return max(stage.queue.most_in_flight for stage in self.run.stages)

    def calls_per_upload(self, *, from_s: float = 0) -> float:
        """Return the calls of CreateJob and SearchJobs per upload, whatever their result, after `from_s`.

        The uploads are those whose job was created after that.
        """
        created = sum(at_s >= from_s for at_s in self.run.aws.created_s.values())
        calls = sum(
            count
            for (operation, minute), count in self.run.aws.calls_by_minute.items()
            if operation in {"CreateJob", "SearchJobs"} and minute * 60 >= from_s
        )
        return calls / max(1, created)

    def deliveries(self) -> tuple[float, int]:
        """Return the mean and the 99th percentile of an upload's deliveries, in the queue with the higher mean."""
        stages = [sorted(stage.counts.values()) for stage in self.run.stages]
        return max((sum(counts) / len(counts), percentile(counts, 0.99)) for counts in stages)

    def waits_s(self) -> list[float]:
        """Return the seconds from each upload to its job, in order; only those with a job."""
        uploads = self.run.scenario.uploads
        return sorted(at_s - uploads[number].at_s for number, at_s in self.run.aws.created_s.items())

    def queued_after_s(self) -> float:
        """Return the longest time from an upload to the status QUEUED."""
        uploads = self.run.scenario.uploads
        return max(at_s - uploads[number].at_s for number, at_s in self.run.tables.queued_s.items())

    def drained_after_s(self, begin_s: float, share: float = 1.0) -> float:
        """Return the seconds until so much of the uploads that waited at `begin_s` have their job."""
        uploads = self.run.scenario.uploads
        created_s = sorted(
            at_s - begin_s for number, at_s in self.run.aws.created_s.items() if uploads[number].at_s <= begin_s < at_s
        )
        return percentile(created_s, share) if created_s else 0.0

    def waited_at(self, time_s: float) -> int:
        """Return the uploads without a job at the time."""
        uploads = self.run.scenario.uploads
        return sum(uploads[number].at_s <= time_s < at_s for number, at_s in self.run.aws.created_s.items())


def allowed_drain_s(limits: Limits, backlog: int, arrivals_per_s: float = 0.0) -> float:
    """Return the seconds in which the limits allow the jobs of the backlog, while further uploads arrive."""
    per_s = min(limits.calls_per_s, limits.concurrent_jobs / limits.job_s)
    at_once = min(limits.burst, limits.concurrent_jobs)
    return max(0.0, backlog - at_once) / max(1e-9, per_s - arrivals_per_s)


def percentile(ordered: Sequence[Value], share: float) -> Value:
    """Return the smallest value that is not below this share of the ordered values."""
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]
