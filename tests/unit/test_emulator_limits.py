"""The emulator's request rates: a burst, then the rate, as AWS's token bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.chaos import RequestFailures
from mediaconvert_emulator.errors import InternalServerErrorException, TooManyRequestsException
from mediaconvert_emulator.request_gate import RequestGate, RequestRates
from mediaconvert_emulator.token_bucket import TokenBucket


def passes(gate: RequestGate, operation: str, now_s: float) -> bool:
    """Return whether the request passes."""
    try:
        gate.enter(operation, now_s=now_s)
    except TooManyRequestsException:
        return False
    return True


@given(st.floats(0.1, 100), st.integers(1, 200), st.lists(st.floats(0, 5), min_size=1, max_size=300), st.floats(0, 1e9))
def test_no_more_requests_pass_than_burst_and_rate_allow(
    per_s: float, burst: int, pauses_s: list[float], started_s: float
) -> None:
    """This holds from the start to any later time, and a request after a long pause passes."""
    bucket = TokenBucket(per_s, burst, started_s)
    now_s, passed = started_s, 0
    for pause_s in pauses_s:
        now_s += pause_s
        if bucket.has_token(now_s):
            bucket.take()
            passed += 1
        assert passed <= burst + (now_s - started_s) * per_s + 1e-3
    assert bucket.has_token(now_s + 1 / per_s + 1)


def test_a_burst_passes_then_the_rate() -> None:
    """Ten at once, then one each half a second."""
    gate = RequestGate(RequestRates(per_s=2, burst=10), 0)
    assert sum(passes(gate, "GetJob", 0) for _ in range(20)) == 10
    assert [passes(gate, "GetJob", now_s) for now_s in (0.4, 0.5, 0.6, 1.0)] == [False, True, False, True]


def test_create_job_has_a_limit_of_its_own_and_counts_for_the_accounts() -> None:
    """A CreateJob that is refused by its own limit takes no token of the account's limit."""
    gate = RequestGate(RequestRates(per_s=1, burst=3, create_job_per_s=0.1, create_job_burst=1), 0)
    assert [passes(gate, "CreateJob", 0) for _ in range(3)] == [True, False, False]
    assert [passes(gate, "SearchJobs", 0) for _ in range(3)] == [True, True, False]
    assert gate.counts == {"CreateJob ok": 1, "CreateJob 429": 2, "SearchJobs ok": 2, "SearchJobs 429": 1}


def test_without_rates_every_request_passes() -> None:
    """The emulator has no limit by default."""
    gate = RequestGate(RequestRates(), 0)
    assert all(passes(gate, "CreateJob", 0) for _ in range(1000))


def test_an_outage_fails_every_request_and_ends_by_itself() -> None:
    """The settings may begin it at the start or later; other settings end it."""
    gate = RequestGate(RequestRates(), 100, failures=RequestFailures(for_s=10))
    with pytest.raises(InternalServerErrorException):
        gate.enter("GetJob", now_s=109.9)
    gate.enter("GetJob", now_s=110)
    gate.fail(RequestFailures(for_s=60, status=429), now_s=200)
    with pytest.raises(TooManyRequestsException):
        gate.enter("CreateJob", now_s=259)
    gate.fail(RequestFailures(), now_s=259)
    gate.enter("CreateJob", now_s=259)
    assert gate.counts == {"GetJob 500": 1, "GetJob ok": 1, "CreateJob 429": 1, "CreateJob ok": 1}
