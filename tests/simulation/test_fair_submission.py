"""Fairness: many uploads of one caller delay those of others by seconds, under SQS's documented rule."""

import pytest

from tests.submission_model import FairQueue, Submission

SENT_S = 120.0


def first_job_s(*, rate_per_s: float, backlog: int, is_fair: bool = True, tenants: int = 1) -> float:
    """Return the seconds until the first job of a caller with one file, beside callers with a backlog."""
    submission = Submission(rate_per_s=rate_per_s, burst=5, queue=FairQueue(is_fair=is_fair))
    others = [(0.0, f"noisy-{number % tenants}") for number in range(backlog)]
    return submission.run([*others, (SENT_S, "quiet")]).first_s["quiet"] - SENT_S


@pytest.mark.parametrize("rate_per_s", [2, 5, 50])
@pytest.mark.parametrize("tenants", [1, 8])
def test_a_caller_with_ten_thousand_files_delays_another_by_five_seconds_at_most(
    rate_per_s: float, tenants: int
) -> None:
    """The other caller's job is created 5 s later at most than without them."""
    alone_s = first_job_s(rate_per_s=rate_per_s, backlog=0)
    assert first_job_s(rate_per_s=rate_per_s, backlog=10_000, tenants=tenants) - alone_s <= 5


def test_without_groups_the_other_caller_waits_for_the_whole_backlog() -> None:
    """The model shows the problem that the groups solve."""
    assert first_job_s(rate_per_s=5, backlog=10_000, is_fair=False) > 1_000
