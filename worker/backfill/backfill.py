"""A backfill: the estimate, then a message for each object. It creates no job: a worker does, as for S3's message.

It keeps no record of its own. The rows of the uploads say which objects are done, so it can end at any line.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from transcode.billing import MS_PER_MINUTE
from worker.backfill.job_cost import JobCost
from worker.backfill.objects import UntakenObjects, UploadsQueue
from worker.backfill.selection import Candidate, Ceiling, Estimate, UnusableBackfillError
from worker.redrive.move_plan import MAX_BATCH_LETTERS, pause_s, progress_line
from worker.redrive.terminal import ProgressLine, print_line


@dataclass(slots=True, kw_only=True)
class Backfill:
    """One backfill of the objects whose keys begin with `prefix`; at most `limit` of them, None for all."""

    objects: UntakenObjects
    queue: UploadsQueue
    cost: JobCost
    prefix: str
    per_second: int
    limit: int | None = None
    ceiling: Ceiling = field(default_factory=Ceiling)
    progress: ProgressLine = field(default_factory=lambda: ProgressLine(stream=sys.stderr))
    clock: Callable[[], float] = time.monotonic
    sent: int = 0
    skipped: int = 0
    is_at_ceiling: bool = False
    failures: list[str] = field(default_factory=list)

    async def estimate(self) -> Estimate:
        """Print what would be sent, and return it. This changes nothing.

        Raises:
            UnusableBackfillError: No object has the prefix.
        """
        found = Estimate()
        async for page in self._pages(found):
            for each in page:
                found.add(each)
            self.progress.show(f"listed {found.listed:,} objects", now_s=self.clock())
        self.progress.end()
        if not found.listed:
            raise UnusableBackfillError(f"no object has a key that begins with {self.prefix!r}")
        sample = [await self.cost.of(each) for each in found.sample.chosen] if self.cost.prober else []
        for line in found.lines(sample):
            print_line(line)
        return found

    async def send(self, *, of: int) -> bool:
        """Send a message for each object that still has no job; return whether all were sent."""
        begun_s = self.clock()
        async for page in self._pages(Estimate()):
            for start in range(0, len(page), self._batch_size):
                round_s = self.clock()
                count = await self._send(page[start : start + self._batch_size])
                line = progress_line(self.sent + self.skipped, of=of, took_s=self.clock() - begun_s)
                self.progress.show(line, now_s=self.clock())
                if self.is_at_ceiling:
                    break
                await asyncio.sleep(pause_s(count, per_second=self.per_second, took_s=self.clock() - round_s))
            if self.is_at_ceiling:
                break
        self.progress.end()
        self._print_end()
        return not (self.is_at_ceiling or self.failures)

    @property
    def _batch_size(self) -> int:
        return min(MAX_BATCH_LETTERS, self.per_second)

    async def _send(self, candidates: Sequence[Candidate]) -> int:
        admitted = await self._admitted(candidates)
        reserved = await self.objects.reserve(admitted)
        refused = await self.queue.send(reserved) if reserved else []
        self.failures += refused
        self.sent += len(reserved) - len(refused)
        self.skipped += len(admitted) - len(reserved)
        return len(admitted)

    async def _admitted(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return the objects up to the one whose job would exceed the ceiling."""
        if self.ceiling.limit_ms is None:
            return candidates
        for index, each in enumerate(candidates):
            if not self.ceiling.admits((await self.cost.of(each)).billable_ms):
                self.is_at_ceiling = True
                return candidates[:index]
        return candidates

    async def _pages(self, found: Estimate) -> AsyncIterator[Sequence[Candidate]]:
        """Yield pages of objects, up to the limit."""
        left = self.limit
        async for page in self.objects.pages(self.prefix, found):
            yield page[:left]
            if left is not None and (left := left - len(page)) <= 0:
                return

    def _print_end(self) -> None:
        print_line(f"sent {self.sent:,} messages; the worker creates the jobs")
        if self.skipped:
            print_line(f"skipped {self.skipped:,} objects whose job began meanwhile")
        if self.is_at_ceiling:
            minutes = (self.ceiling.limit_ms or 0) // MS_PER_MINUTE
            print_line(f"stopped at {minutes:,} billable minutes; the same command goes on with the next objects")
        for reason in sorted(set(self.failures)):
            print_line(f"SQS refused {self.failures.count(reason):,} messages: {reason}; run the command again")
