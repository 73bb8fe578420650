"""The decisions of a redrive: its rate, its batches, when a move task must be stopped, and the progress line. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_PER_SECOND = 500
"""SQS's maximum rate of a move task.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""
MAX_TASK_S = 36 * 3_600
"""SQS ends a move task after 36 hours.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""
MAX_BATCH_LETTERS = 10
MAX_BATCH_BYTES = 262_144
"""The smallest limit for a SendMessageBatch that AWS and the emulators have had."""
MAX_ROUND_LETTERS = 100
ROUNDS_PER_SECOND = 5
BAR_CHARACTERS = 20
FINAL_STATUSES = frozenset({"COMPLETED", "CANCELLED", "FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCounts:
    """SQS's approximate counts of a dead-letter queue. Hidden letters were received, by a redrive for example."""

    visible: int
    hidden: int

    @property
    def total(self) -> int:
        """All letters."""
        return self.visible + self.hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTask:
    """A move task of SQS. SQS reports `handle` only while the task runs, and `to_move` only once it has started."""

    status: str
    moved: int
    to_move: int | None = None
    per_second: int | None = None
    started_ms: int | None = None
    handle: str | None = None
    failure_reason: str | None = None

    @property
    def is_over(self) -> bool:
        """True if the task moves no more letters, and another task may start."""
        return self.status in FINAL_STATUSES


def is_circling(task: MoveTask) -> bool:
    """Return whether a task has moved clearly more letters than there were: they come back as fast as they leave.

    SQS doesn't document if a task also moves the letters that arrive after its start. If it does, a task would never
    end while the worker sends malformed messages back to the dead-letter queue.
    """
    return not task.is_over and task.to_move is not None and task.moved > 1.02 * task.to_move + 20


def exceeds_task(letters: int, *, per_second: int) -> bool:
    """Return whether one move task can't move all letters at this rate before SQS ends it."""
    return letters > per_second * MAX_TASK_S


def round_letters(per_second: int) -> int:
    """Return how many letters are sent together, so that a second has about five rounds.

    >>> [round_letters(rate) for rate in (1, 50, 500)]
    [1, 10, 100]
    """
    return max(1, min(MAX_ROUND_LETTERS, per_second // ROUNDS_PER_SECOND))


def pause_s(letters: int, *, per_second: int, took_s: float) -> float:
    """Return the seconds to wait after a round of `letters` that took `took_s`, so that the rate isn't exceeded."""
    return max(0.0, letters / per_second - took_s)


def batches(sizes_bytes: Sequence[int]) -> Sequence[range]:
    """Return the positions of the messages that fit together into one SendMessageBatch.

    >>> batches([1, 1, MAX_BATCH_BYTES, 1])
    [range(0, 2), range(2, 3), range(3, 4)]
    """
    found: list[range] = []
    start, total_bytes = 0, 0
    for position, size_bytes in enumerate(sizes_bytes):
        is_full = position - start == MAX_BATCH_LETTERS or total_bytes + size_bytes > MAX_BATCH_BYTES
        if is_full and position > start:
            found.append(range(start, position))
            start, total_bytes = position, 0
        total_bytes += size_bytes
    return [*found, range(start, len(sizes_bytes))] if sizes_bytes else found


def progress_line(moved: int, *, of: int, took_s: float) -> str:
    """Return the progress as one line: a bar, the counts, the rate so far, and the time left.

    >>> progress_line(500, of=2_000, took_s=10)
    '[#####...............]  25 %  500 of about 2,000  50.0 a second  30 s left'
    """
    share = min(1.0, moved / of) if of else 1.0
    filled = int(share * BAR_CHARACTERS)
    bar = "#" * filled + "." * (BAR_CHARACTERS - filled)
    text = f"[{bar}] {int(share * 100):3d} %  {moved:,} of about {of:,}"
    if moved and took_s > 0:
        rate = moved / took_s
        text += f"  {rate:.1f} a second  {duration(round(max(0, of - moved) / rate))} left"
    return text


def malformed_line(malformed: int, *, read: int, of: int) -> str:
    """Return the line that says how many of the letters no worker can parse, and what will become of them."""
    sample = f"all {read:,}" if read >= of else f"{read:,} of about {of:,}"
    if not malformed:
        return f"read {sample} letters: a worker can parse each of them"
    return (
        f"read {sample} letters: no worker can parse {malformed:,} of them; they are moved too, and the worker sends "
        "them to the dead-letter queue again, once"
    )


def duration(seconds: int) -> str:
    """Return the seconds in the largest unit that fits.

    >>> [duration(seconds) for seconds in (-1, 59, 60, 7_300, 200_000)]
    ['0 s', '59 s', '1 min', '2 h', '2 d']
    """
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(0, seconds)} s"
