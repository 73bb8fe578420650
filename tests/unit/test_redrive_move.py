"""The decisions of a redrive: batches, rate, when a move task must be stopped, and the progress line."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.redrive.move_plan import (
    MAX_BATCH_BYTES,
    MoveTask,
    batches,
    exceeds_task,
    is_circling,
    malformed_line,
    pause_s,
    progress_line,
    round_letters,
)
from worker.redrive.terminal import ProgressLine


@given(st.lists(st.integers(min_value=1, max_value=MAX_BATCH_BYTES)))
def test_every_letter_is_in_one_batch_that_sqs_accepts(sizes: list[int]) -> None:
    """Ten letters and 256 KiB at most, in order."""
    found = batches(sizes)
    assert [position for batch in found for position in batch] == list(range(len(sizes)))
    assert all(1 <= len(batch) <= 10 and sum(sizes[i] for i in batch) <= MAX_BATCH_BYTES for batch in found)


@given(rate=st.integers(1, 500), took_s=st.floats(0, 100))
def test_a_round_and_its_pause_never_exceed_the_rate(rate: int, took_s: float) -> None:
    """The next round begins when the rate allows it, or at once if this round took longer."""
    letters = round_letters(rate)
    assert letters <= rate * (took_s + pause_s(letters, per_second=rate, took_s=took_s)) + 1e-6


@pytest.mark.parametrize(
    ("status", "moved", "to_move", "expected"),
    [
        ("RUNNING", 1_040, 1_000, False),
        ("RUNNING", 1_041, 1_000, True),
        ("RUNNING", 21, 0, True),
        ("RUNNING", 5_000, None, False),
        ("COMPLETED", 5_000, 1_000, False),
    ],
)
def test_a_task_that_moves_more_letters_than_there_were_is_circling(
    status: str, moved: int, to_move: int | None, *, expected: bool
) -> None:
    """Two percent and twenty letters are left to the approximation of SQS's counts."""
    assert is_circling(MoveTask(status=status, moved=moved, to_move=to_move)) is expected


def test_a_move_longer_than_36_hours_is_known_before() -> None:
    """129,600 letters at one a second."""
    assert not exceeds_task(129_600, per_second=1)
    assert exceeds_task(129_601, per_second=1)


def test_a_sample_is_named_as_one() -> None:
    """The operator sees how many of the letters were read."""
    assert malformed_line(0, read=1_000, of=5_000).startswith("read 1,000 of about 5,000 letters: a worker can parse")
    assert malformed_line(2, read=7, of=7).startswith("read all 7 letters: no worker can parse 2 of them")


def test_progress_without_a_count_is_complete() -> None:
    """SQS may not yet know how many letters there are."""
    assert progress_line(0, of=0, took_s=0).startswith("[####################] 100 %")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_progress_is_one_line_on_a_terminal_and_a_line_every_ten_seconds_elsewhere() -> None:
    """A shorter text also overwrites a longer one."""
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        line = ProgressLine(stream)
        for now_s, text in ((0.0, "12 moved"), (1.0, "done"), (11.0, "end")):
            line.show(text, now_s=now_s)
        line.end()
    assert terminal.getvalue() == "\r12 moved\rdone    \rend \n"
    assert file.getvalue() == "12 moved\nend\n"
