"""The description of a dead letter."""

import json

import pytest

from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.redrive.plan import DeadLetter, diagnose, format_line

PARSER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser())
OBJECT = {
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "clips-in"}, "object": {"key": "uploads/1f/cat.mp4", "size": 5}},
}
EVENT = {
    "detail-type": "MediaConvert Job State Change",
    "detail": {"jobId": "1-a", "status": "CANCELED", "timestamp": 5, "userMetadata": {"InputBucket": "clips-in"}},
}


def letter(body: str, **attributes: str) -> DeadLetter:
    """Return a dead letter that was sent at second 1,000."""
    return DeadLetter(message_id="m1", body=body, sent_s=1_000, receives=3, attributes=attributes)


@pytest.mark.parametrize(
    ("dead", "subject", "reason"),
    [
        (letter("{nonsense", Reason="is not JSON"), "malformed", "is not JSON"),
        (letter("[]"), "malformed", "the message is not a JSON object"),
        (letter(json.dumps(OBJECT)), "object uploads/1f/cat.mp4", "every delivery failed; see the worker's log"),
        (letter(json.dumps(EVENT), Reason="moved by hand"), "Canceled of job 1-a", "moved by hand"),
        (
            letter(json.dumps(EVENT), ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="not allowed"),
            "Canceled of job 1-a",
            "NO_PERMISSIONS: not allowed",
        ),
        (letter(json.dumps({"Event": "s3:TestEvent"})), "ignored (s3_test_event)", "every delivery failed"),
    ],
    ids=["refused", "malformed", "failed", "with a reason", "undelivered by EventBridge", "of another system"],
)
def test_a_dead_letter_is_described_by_its_subject_and_reason(dead: DeadLetter, subject: str, reason: str) -> None:
    """The reason in its attributes comes first, and a message that can't be parsed can't be redriven."""
    diagnosis = diagnose(dead, PARSER)
    assert diagnosis.content == subject
    assert diagnosis.reason.startswith(reason)
    assert diagnosis.is_parsable == (subject != "malformed")


def test_control_characters_are_removed_from_a_line() -> None:
    """The sender of a message must not control the operator's terminal."""
    dead = letter("[]", Reason="a\nb\x1b[2J")
    assert format_line(dead, diagnose(dead, PARSER), now_s=1_000 + 7_200).startswith(
        "m1  2 h old  received 3 times  malformed"
    )
    assert format_line(dead, diagnose(dead, PARSER), now_s=1_000).isprintable()
