"""The retry rule: what a verdict, a note and an age make of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcomes import Done, Failed, GiveUp, Impossible, Message, NotYet, Retry
from worker.retry import (
    ALONE_GRACE_S,
    FAILED_DELAYS_S,
    MAX_DEATHS,
    MAX_DELIVERIES,
    MAX_FAILURES,
    DeliveryNote,
    RetryRule,
    backoff_s,
)

DAY_MS = 86_400_000
SENT_MS = 1_900_000_000_000
RULE = RetryRule(give_up_after_s=12 * 86_400)
WAIT = NotYet(reason="MediaConvert is busy")


def message(deliveries: int = 1, message_id: str = "5d0f6a7e") -> Message:
    """Return a message of this many deliveries."""
    return Message(message_id=message_id, body="{}", deliveries=deliveries, sent_ms=SENT_MS)


@pytest.mark.parametrize(
    ("deliveries", "about_s"),
    [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 1_215), (7, 1_800), (8, 1_800), (1_000, 1_800)],
)
def test_the_delay_triples_up_to_30_minutes(deliveries: int, about_s: int) -> None:
    """A deviation of up to a quarter spreads the deliveries."""
    assert about_s * 0.75 - 1 <= backoff_s(message(deliveries)) <= about_s * 1.25 + 1


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 10**6))
def test_the_delay_is_valid_for_sqs(message_id: str, deliveries: int) -> None:
    """It is a whole number of seconds from 1 s to 12 h, for any message id and delivery count."""
    delay_s = backoff_s(message(deliveries, message_id))
    assert isinstance(delay_s, int)
    assert 1 <= delay_s <= 43_200


def test_the_deviation_is_drawn_for_each_delivery() -> None:
    """Messages that failed together are spread, and one message isn't always early or always late."""
    by_message = [backoff_s(message(9, f"id-{number}")) for number in range(200)]
    by_delivery = [backoff_s(message(deliveries)) for deliveries in range(9, 209)]
    for delays_s in (by_message, by_delivery):
        assert len(set(delays_s)) > 100
        assert (min(delays_s) < 1_500, max(delays_s) > 2_100) == (True, True)
        assert 1_700 < sum(delays_s) / len(delays_s) < 1_900
    assert by_delivery == [backoff_s(message(deliveries)) for deliveries in range(9, 209)]


@given(st.integers(1, MAX_DELIVERIES - 1), st.integers(0, 12 * DAY_MS - 1), st.integers(0, MAX_FAILURES - 1))
def test_a_message_that_waits_is_not_given_up_before_its_age(deliveries: int, age_ms: int, failures: int) -> None:
    """Neither the number of deliveries nor earlier failures count while the environment is at fault."""
    note = DeliveryNote(failures=failures)
    assert isinstance(RULE.after(message(deliveries), WAIT, note, now_ms=SENT_MS + age_ms), Retry)


def test_a_message_is_given_up_for_its_age() -> None:
    """The reason names the age and the last obstacle, and callers read an error."""
    outcome = RULE.after(message(400), WAIT, DeliveryNote(), now_ms=SENT_MS + 12 * DAY_MS)
    assert isinstance(outcome, GiveUp)
    assert outcome.reason == "it waited 12 days, the last time because: MediaConvert is busy"
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.message) == (
        504,
        "No job could be created within 12 days; try again.",
    )


def test_an_old_message_is_handled_before_it_is_given_up() -> None:
    """After an outage of all workers, a message of any age gets its attempt."""
    late_ms = SENT_MS + 13 * DAY_MS
    assert RULE.before(message(2), DeliveryNote(open_deliveries=1), now_ms=late_ms) is None
    assert RULE.after(message(2), Done(), DeliveryNote(), now_ms=late_ms) == Done()


def test_a_known_time_to_wait_is_used() -> None:
    """Another worker's lease ends then."""
    verdict = NotYet(reason="another worker is creating this job", delay_s=41)
    assert RULE.after(message(9), verdict, DeliveryNote(), now_ms=SENT_MS) == Retry(reason=verdict.reason, delay_s=41)


def test_real_failures_end_after_five_attempts_of_about_an_hour() -> None:
    """A rollback of a bad release comes before the end, and the deliveries don't count."""
    failed = Failed(reason="KeyError")
    delays_s = 0
    for failures in range(1, MAX_FAILURES):
        outcome = RULE.after(message(400), failed, DeliveryNote(failures=failures), now_ms=SENT_MS)
        assert isinstance(outcome, Retry)
        assert 0.75 * FAILED_DELAYS_S[failures - 1] <= outcome.delay_s <= 1.25 * FAILED_DELAYS_S[failures - 1]
        delays_s += outcome.delay_s
    last = RULE.after(message(400), failed, DeliveryNote(failures=MAX_FAILURES), now_ms=SENT_MS + 3_600_000)
    assert isinstance(last, GiveUp)
    assert last.reason == "5 attempts failed within 60 minutes, the last one: KeyError"
    assert last.failure is not None
    assert 2_000 < delays_s < 4_000


def test_a_failure_that_was_not_counted_is_retried() -> None:
    """DynamoDB was unavailable when the worker counted it."""
    outcome = RULE.after(message(), Failed(reason="KeyError"), DeliveryNote(), now_ms=SENT_MS)
    assert isinstance(outcome, Retry)
    assert 45 <= outcome.delay_s <= 75


def test_five_counted_failures_end_the_message_before_the_next_attempt() -> None:
    """The worker died, or could not write the end, after it had counted the last failure."""
    outcome = RULE.before(message(6), DeliveryNote(open_deliveries=1, failures=MAX_FAILURES), now_ms=SENT_MS)
    assert isinstance(outcome, GiveUp)
    assert outcome.failure is not None


def test_an_impossible_message_is_given_up_at_once() -> None:
    """No caller waits for it, because no one can say which upload it is about."""
    assert RULE.after(message(), Impossible(reason="is not JSON"), DeliveryNote(), now_ms=SENT_MS) == GiveUp(
        reason="is not JSON"
    )


def test_a_message_leaves_before_the_redrive_policy_moves_it() -> None:
    """A message that a policy moves keeps its age, so SQS would soon delete it from the dead-letter queue too."""
    outcome = RULE.after(message(MAX_DELIVERIES), WAIT, DeliveryNote(), now_ms=SENT_MS)
    assert isinstance(outcome, GiveUp)


@pytest.mark.parametrize(("open_deliveries", "is_suspect"), [(1, False), (MAX_DEATHS - 1, False), (MAX_DEATHS, True)])
def test_a_message_is_handled_alone_after_five_deaths(open_deliveries: int, *, is_suspect: bool) -> None:
    """The first of them is not recorded: the fifth recorded delivery is the sixth one."""
    note = DeliveryNote(open_deliveries=open_deliveries)
    assert note.is_suspect is is_suspect
    assert RULE.before(message(open_deliveries + 1), note, now_ms=SENT_MS) is None


def test_a_message_that_killed_a_worker_alone_is_given_up() -> None:
    """While its worker may still live, another one waits."""
    note = DeliveryNote(open_deliveries=6, alone_ms=SENT_MS)
    waiting = RULE.before(message(7), note, now_ms=SENT_MS + 50_000)
    assert waiting == Retry(reason="another worker handles it alone", delay_s=ALONE_GRACE_S - 50)
    dead = RULE.before(message(8), note, now_ms=SENT_MS + ALONE_GRACE_S * 1000)
    assert isinstance(dead, GiveUp)
    assert dead.failure is None


def test_a_message_must_go_before_sqs_deletes_it() -> None:
    """A day before the end of the queue's retention, even if its end can't be recorded."""
    assert not RULE.must_go(message(), now_ms=SENT_MS + 13 * DAY_MS - 1)
    assert RULE.must_go(message(), now_ms=SENT_MS + 13 * DAY_MS)
