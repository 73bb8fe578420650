"""One caller's filters may make DynamoDB skip a part of the index, and not more."""

from hypothesis import given
from hypothesis import strategies as st

from service.live.search_limit import BURST_ENTRIES, ENTRIES_PER_S, MAX_CALLERS, SearchLimit


def test_a_caller_may_skip_a_burst_and_then_waits() -> None:
    """Another caller doesn't."""
    limit = SearchLimit()
    limit.record("ada", BURST_ENTRIES - 1, now_s=100)
    assert limit.wait_s("ada", now_s=100) == 0
    limit.record("ada", 1 + 10 * ENTRIES_PER_S, now_s=100)
    assert [limit.wait_s("ada", now_s=at) for at in (100, 105, 109.5, 110.1)] == [10, 5, 1, 0]
    assert limit.wait_s("eve", now_s=100) == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 300_000)), max_size=50))
def test_a_caller_never_skips_more_than_the_burst_and_the_rate_allow(requests: list[tuple[float, int]]) -> None:
    """Of each request that is allowed, the last query alone may exceed the limit."""
    limit, now_s, skipped, largest = SearchLimit(), 0.0, 0, 0
    for pause_s, entries in requests:
        now_s += pause_s
        if limit.wait_s("ada", now_s=now_s) == 0:
            limit.record("ada", entries, now_s=now_s)
            skipped, largest = skipped + entries, max(largest, entries)
    assert skipped <= BURST_ENTRIES + ENTRIES_PER_S * now_s + largest


def test_a_clock_that_is_set_back_lets_no_caller_wait_longer() -> None:
    """Nor does it forget what was skipped."""
    limit = SearchLimit()
    limit.record("ada", BURST_ENTRIES, now_s=1_000)
    assert limit.wait_s("ada", now_s=0) == 1


def test_callers_who_may_skip_a_burst_again_are_forgotten() -> None:
    """An address costs no memory for longer than its requests count."""
    limit = SearchLimit()
    for number in range(MAX_CALLERS):
        limit.record(str(number), 1, now_s=0)
    limit.record("late", 1, now_s=1_000)
    assert len(limit._skipped) == 1  # noqa: SLF001 -- the memory itself is what is tested
