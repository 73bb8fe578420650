"""The age of a message, and the verdict on a message with several items."""

import itertools

import pytest

from worker.outcomes import (
    FIRST_SEEN_KEY,
    REASON_KEY,
    Done,
    Failed,
    Impossible,
    Message,
    NotYet,
    Verdict,
    combine,
)

SENT_MS = 1_900_000_000_000


@pytest.mark.parametrize(
    ("attributes", "first_seen_ms"),
    [
        ({}, SENT_MS),
        ({FIRST_SEEN_KEY: str(SENT_MS - 5_000)}, SENT_MS - 5_000),
        ({FIRST_SEEN_KEY: str(SENT_MS + 5_000)}, SENT_MS),
        ({FIRST_SEEN_KEY: "yesterday"}, SENT_MS),
        ({FIRST_SEEN_KEY: "²"}, SENT_MS),
        ({FIRST_SEEN_KEY: "-5"}, SENT_MS),
        ({FIRST_SEEN_KEY: str(SENT_MS - 5_000), REASON_KEY: "it waited 12 days"}, SENT_MS),
    ],
)
def test_a_message_keeps_its_age_when_it_is_sent_on(attributes: dict[str, str], first_seen_ms: int) -> None:
    """A dead letter that an operator sends back starts again; a wrong attribute changes nothing."""
    message = Message(message_id="1", body="", sent_ms=SENT_MS, attributes=attributes)
    assert message.first_seen_ms == first_seen_ms
    assert message.waited_ms(SENT_MS / 1000 + 1) == SENT_MS + 1_000 - first_seen_ms


def test_the_age_of_an_event_without_a_queue_is_unknown() -> None:
    """Lambda got the event directly, so no queue can delete it."""
    message = Message(message_id="1", body="", attributes={FIRST_SEEN_KEY: "5"})
    assert (message.first_seen_ms, message.waited_ms(9)) == (None, None)


VERDICTS: list[Verdict] = [Done(), Failed(reason="f"), Impossible(reason="i"), NotYet(reason="n")]


@pytest.mark.parametrize("items", list(itertools.permutations(VERDICTS)))
def test_a_message_waits_while_one_of_its_items_waits(items: tuple[Verdict, ...]) -> None:
    """No item goes to the dead-letter queue meanwhile, in whatever order the verdicts come."""
    verdict: Verdict = Done()
    for item in items:
        verdict = combine(verdict, item)
    assert verdict == NotYet(reason="n")


def test_the_worst_verdict_counts_if_no_item_waits() -> None:
    """A message is done only when all its items are done."""
    assert combine(Done(), Failed(reason="f")) == Failed(reason="f")
    assert combine(Impossible(reason="i"), Failed(reason="f")) == Impossible(reason="i")
    assert combine(Done(), Done()) == Done()
