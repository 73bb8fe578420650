"""The rests of pollers while AWS is unavailable."""

import pytest

from worker.outcomes import Done, GiveUp, Outcome, Retry
from worker.rest import MAX_REST_S, Rest

OUTAGE = Retry(reason="500", delay_s=5, is_outage=True)
LEASED = Retry(reason="another worker is creating this job", delay_s=5)


def test_each_failed_batch_doubles_the_rest_up_to_its_maximum() -> None:
    """1, 2, 4, 8, 16, then 30 s."""
    rest, now_s, lengths = Rest(), 100.0, []
    for _ in range(8):
        rest.record([OUTAGE, OUTAGE], now_s=now_s)
        lengths.append(rest.remaining_s(now_s=now_s))
        now_s += lengths[-1]
    assert lengths == [1, 2, 4, 8, 16, 30, 30, MAX_REST_S]
    assert rest.remaining_s(now_s=now_s) == 0
    assert rest.is_trying


def test_batches_that_fail_together_begin_one_rest() -> None:
    """Several pollers receive before the first of them fails."""
    rest = Rest()
    for at in (0.0, 0.1, 0.2):
        rest.record([OUTAGE], now_s=at)
    assert rest.remaining_s(now_s=0.2) == pytest.approx(0.8)


@pytest.mark.parametrize("outcome", [Done(), LEASED, GiveUp(reason="malformed")])
def test_one_other_outcome_ends_the_rest(outcome: Outcome) -> None:
    """AWS responds again, or the failure belongs to one message."""
    rest = Rest()
    rest.record([OUTAGE], now_s=0)
    rest.record([OUTAGE, outcome], now_s=0.5)
    assert (rest.remaining_s(now_s=0.5), rest.is_trying) == (0, False)


def test_an_empty_batch_changes_nothing() -> None:
    """No message is neither a success nor a failure."""
    rest = Rest()
    rest.record([OUTAGE], now_s=0)
    rest.record([], now_s=5)
    assert rest.is_trying
