"""What is said of a dead letter."""

import json

import pytest

from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.redrive.plan import DeadLetter, judge, line

READER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser())
OBJECT = {
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "clips-in"}, "object": {"key": "uploads/1f/cat.mp4", "size": 5}},
}
EVENT = {
    "detail-type": "MediaConvert Job State Change",
    "detail": {"jobId": "1-a", "status": "CANCELED", "timestamp": 5, "userMetadata": {"InputBucket": "clips-in"}},
}


def letter(body: str, **attributes: str) -> DeadLetter:
    """A letter from two hours ago."""
    return DeadLetter(message_id="m1", body=body, sent_s=1_000, receives=3, attributes=attributes)


@pytest.mark.parametrize(
    ("dead", "about", "why"),
    [
        (letter("{nonsense", Reason="is not JSON"), "malformed", "is not JSON"),
        (letter("[]"), "malformed", "the message is not a JSON object"),
        (letter(json.dumps(OBJECT)), "object uploads/1f/cat.mp4", "every delivery failed; the worker's log says how"),
        (letter(json.dumps(EVENT), Reason="told by hand"), "Canceled of job 1-a", "told by hand"),
        (
            letter(json.dumps(EVENT), ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="not allowed"),
            "Canceled of job 1-a",
            "NO_PERMISSIONS: not allowed",
        ),
        (letter(json.dumps({"Event": "s3:TestEvent"})), "nothing of ours (s3_test_event)", "every delivery failed"),
    ],
    ids=["buried", "unreadable", "given up", "with a reason", "undelivered by EventBridge", "foreign"],
)
def test_a_letter_is_told_by_what_it_is_about_and_why_it_is_here(dead: DeadLetter, about: str, why: str) -> None:
    """The reason that was written on it comes first; what can't be read can't be sent back."""
    verdict = judge(dead, READER)
    assert verdict.about == about
    assert verdict.why.startswith(why)
    assert verdict.is_readable == (about != "malformed")


def test_a_line_can_not_be_broken_by_what_is_in_it() -> None:
    """Whoever wrote the message doesn't write on the operator's terminal."""
    dead = letter("[]", Reason="a\nb\x1b[2J")
    assert line(dead, judge(dead, READER), now_s=1_000 + 7_200).startswith("m1  2 h old  received 3 times  malformed")
    assert line(dead, judge(dead, READER), now_s=1_000).isprintable()
