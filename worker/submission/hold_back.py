"""The number of jobs that may be created before MediaConvert's own queue is too long. Pure.

MediaConvert starts the jobs of a queue in the order in which they were created. Jobs that wait there can't be overtaken
by those of another caller, so uploads wait in the submission queue instead, which SQS serves fairly.
"""

from dataclasses import dataclass, field

READ_S = 5.0
"""Seconds for which a count of MediaConvert's jobs is used."""
READ_AGAIN_S = 2.0
"""Seconds for which a count that leaves no room is used."""
LET_THROUGH_S = 60.0
"""Seconds after which a batch goes through although there is no room. If an operator pauses the queue for days, or
other programs always fill it, the messages are still seen before SQS deletes them."""


@dataclass(slots=True, kw_only=True)
class HoldBack:
    """The room of one of `submitters` submitters, up to `limit` waiting jobs; 0 for no limit.

    Times are seconds of a clock that never goes back.
    """

    limit: int
    submitters: int = 1
    _waiting: int | None = field(init=False, default=None)
    _created: int = field(init=False, default=0)
    _read_s: float = field(init=False, default=float("-inf"))
    _permitted_s: float = field(init=False, default=float("-inf"))

    def must_read(self, *, now_s: float) -> bool:
        """Return whether MediaConvert's jobs must be counted again."""
        if not self.limit:
            return False
        age_s = now_s - self._read_s
        return age_s >= READ_S or (age_s >= READ_AGAIN_S and self._room == 0)

    def record_read(self, waiting: int | None, *, now_s: float) -> None:
        """Record the number of jobs that wait in MediaConvert's queue; None if it can't be read."""
        self._waiting, self._created, self._read_s = waiting, 0, now_s

    def record_created(self, jobs: int) -> None:
        """Record that this submitter created jobs. The others are assumed to create as many."""
        self._created += jobs * self.submitters

    def permitted(self, wanted: int, *, now_s: float, in_hand: int = 0) -> int:
        """Return how many of the wanted jobs may be created now; 0 to hold back.

        `in_hand` are the messages of which this submitter creates the jobs now. The others are assumed to have as many.
        """
        room = None if self._room is None else max(0, self._room - in_hand * self.submitters)
        jobs = wanted if room is None else min(wanted, room)
        if not jobs and now_s - self._permitted_s >= LET_THROUGH_S:
            jobs = wanted
        if jobs:
            self._permitted_s = now_s
        return jobs

    @property
    def _room(self) -> int | None:
        if not self.limit or self._waiting is None:
            return None
        return max(0, self.limit - self._waiting - self._created)
