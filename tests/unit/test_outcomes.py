"""When a message that could not be handled comes again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcomes import Message, backoff_s


@pytest.mark.parametrize(
    ("deliveries", "about_s"), [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 900), (7, 900), (1_000, 900)]
)
def test_each_attempt_waits_three_times_longer(deliveries: int, about_s: int) -> None:
    """Up to a quarter of an hour, give or take a quarter."""
    delay_s = backoff_s(Message(message_id="5d0f6a7e", body="", deliveries=deliveries))
    assert about_s * 0.75 - 1 <= delay_s <= about_s * 1.25 + 1


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 10**6))
def test_a_delay_is_one_that_sqs_takes(message_id: str, deliveries: int) -> None:
    """A whole number of seconds between 1 s and 12 h, whatever the queue says of the message."""
    delay_s = backoff_s(Message(message_id=message_id, body="", deliveries=deliveries))
    assert isinstance(delay_s, int)
    assert 1 <= delay_s <= 43_200


def test_messages_that_failed_together_return_apart() -> None:
    """The spread is each message's own, and the same each time it is asked for."""
    messages = [Message(message_id=f"id-{number}", body="", deliveries=5) for number in range(20)]
    delays_s = [backoff_s(message) for message in messages]
    assert len(set(delays_s)) > 10
    assert delays_s == [backoff_s(message) for message in messages]
