"""The delay before a message that failed is delivered again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcomes import Message, backoff_s


@pytest.mark.parametrize(
    ("deliveries", "about_s"), [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 900), (7, 900), (1_000, 900)]
)
def test_the_delay_triples_with_each_attempt_up_to_15_minutes(deliveries: int, about_s: int) -> None:
    """A deviation of up to a quarter spreads the deliveries."""
    delay_s = backoff_s(Message(message_id="5d0f6a7e", body="", deliveries=deliveries))
    assert about_s * 0.75 - 1 <= delay_s <= about_s * 1.25 + 1


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 10**6))
def test_the_delay_is_valid_for_sqs(message_id: str, deliveries: int) -> None:
    """It is a whole number of seconds from 1 s to 12 h, for any message id and delivery count."""
    delay_s = backoff_s(Message(message_id=message_id, body="", deliveries=deliveries))
    assert isinstance(delay_s, int)
    assert 1 <= delay_s <= 43_200


def test_messages_that_failed_together_are_delivered_at_different_times() -> None:
    """The deviation depends on the message id, so the delay is the same for each call."""
    messages = [Message(message_id=f"id-{number}", body="", deliveries=5) for number in range(20)]
    delays_s = [backoff_s(message) for message in messages]
    assert len(set(delays_s)) > 10
    assert delays_s == [backoff_s(message) for message in messages]
