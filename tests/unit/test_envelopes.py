"""The parser removes SNS's envelope, and says of other envelopes what to change."""

import json
from typing import Any

import pytest

from tests.unit.message_parsing import PARSER, LoadMessage, parse_all, parse_one
from transcode.job import Completed
from worker.messages.events import Ignored, ObjectCreated, Unparsed
from worker.messages.parser import MalformedMessageError


def in_sns(event: object, **fields: object) -> dict[str, Any]:
    """Return the event in the envelope that SNS sends to a queue."""
    return {
        "Type": "Notification",
        "MessageId": "0f4c",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:uploads",
        "Message": event if isinstance(event, str) else json.dumps(event),
        "Timestamp": "2026-11-25T18:00:00.000Z",
        **fields,
    }


SIGNED = {"SignatureVersion": "1", "Signature": "x", "SigningCertURL": "https://sns.example/x.pem"}


@pytest.mark.parametrize("fields", [{}, SIGNED])
def test_an_event_in_snss_envelope_is_handled(load_message: LoadMessage, fields: dict[str, str]) -> None:
    """Both of S3's formats and MediaConvert's events, with and without a signature."""
    notification, created = load_message("s3_notification"), load_message("s3_object_created")
    assert parse_all(in_sns(notification, **fields)) == parse_all(notification)
    assert parse_one(in_sns(created, **fields)) == parse_one(created)
    [parsed] = PARSER.parse(json.dumps(in_sns(load_message("job_complete_hls"), **fields)))
    assert isinstance(parsed.event, Completed)


def test_snss_own_test_message_of_s3_is_ignored() -> None:
    """S3 sends one when the notification is configured."""
    assert parse_one(in_sns({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == Ignored(reason="s3_test_event")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (in_sns("hello"), "."),
        (in_sns("[]"), "not a JSON object"),
        (in_sns(in_sns({})), "two envelopes of SNS"),
        ({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://x"}, "confirm the subscription"),
        ([{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}], r"input template to <\$\.body>"),
        ({"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}, r"input template to <\$\.body>"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, "Lambda function"),
        ({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}, "Lambda function"),
        ({"bucket": "clips-in", "key": "uploads/a.mp4"}, "input transformer"),
        ({"detail": {"bucket": {"name": "clips-in"}}}, "input transformer"),
        ([{"detail-type": "Object Created"}], "a message of its own"),
        ({"a": 1}, "neither an event nor a notification"),
    ],
)
def test_another_envelope_is_named(message: object, reason: str) -> None:
    """The reason says what the envelope looks like, and what to change."""
    with pytest.raises(MalformedMessageError, match=reason):
        PARSER.parse_events(json.dumps(message))


@pytest.mark.parametrize(
    "malformed", [{}, None, {"eventName": "ObjectCreated:Put"}, {"eventName": "ObjectCreated:Put", "s3": 5}]
)
def test_a_malformed_record_does_not_affect_those_beside_it(load_message: LoadMessage, malformed: object) -> None:
    """The valid ones are uploads; the message still goes to the dead-letter queue for the others."""
    [record, _] = load_message("s3_notification")["Records"]
    first, second, unparsed = parse_all({"Records": [record, malformed, record]})
    assert isinstance(first, ObjectCreated)
    assert first == second
    assert isinstance(unparsed, Unparsed)
    assert "wrong or missing" in unparsed.reason


@pytest.mark.parametrize("s3", [None, {}, {"object": {"key": None, "eTag": None}}])
def test_a_record_of_a_removal_needs_nothing_but_its_name(s3: object) -> None:
    """S3 sends null for the fields of an object that is gone."""
    assert parse_one({"Records": [{"eventName": "ObjectRemoved:Delete", "s3": s3}]}) == Ignored(
        reason="event ObjectRemoved:Delete"
    )


def test_a_created_object_needs_no_etag(load_message: LoadMessage) -> None:
    """Its sequencer or version id tells its version."""
    notification, created = load_message("s3_notification"), load_message("s3_object_created")
    notification["Records"][0]["s3"]["object"] |= {"eTag": None, "sequencer": "05"}
    created["detail"]["object"] |= {"etag": None, "version-id": None, "sequencer": "05"}
    for payload in (notification, created):
        event = parse_all(payload)[0]
        assert isinstance(event, ObjectCreated)
        assert event.version == ".05"
