"""The parser reads every type of S3 event and notification."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.message_parsing import PARSER, LoadMessage, parse_all, parse_one
from worker.messages.events import Ignored, ObjectCreated
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser


def test_an_object_created_event_is_an_upload(load_message: LoadMessage) -> None:
    """Key, size and version id are those of the EventBridge event."""
    assert parse_one(load_message("s3_object_created")) == ObjectCreated(
        input_file="uploads/5e0c/harbour.mp4", size_bytes=48213377, version="q7Hk2VnXv0bRz3mLw8sT1yD5uE6jF9cA"
    )


@pytest.mark.parametrize("name", ["a+b.mp4", "100%25.mp4", "a b.mp4", "港の朝.mp4", "%E6%B8%AF.mp4", "a/b/../c.mp4"])
def test_the_key_of_an_eventbridge_event_is_not_decoded(load_message: LoadMessage, name: str) -> None:
    """MediaConvert would not find an object under the decoded key."""
    payload = load_message("s3_object_created")
    payload["detail"]["object"]["key"] = f"uploads/{name}"
    created = parse_one(payload)
    assert isinstance(created, ObjectCreated)
    assert created.input_file == f"uploads/{name}"


def test_each_record_of_an_s3_notification_is_decoded(load_message: LoadMessage) -> None:
    """S3's own notification encodes the key, and a record of a deletion is not an upload."""
    assert parse_all(load_message("s3_notification")) == [
        ObjectCreated(
            input_file="uploads/5e0c/港 + 100%.mp4",
            size_bytes=48213377,
            version="5f2b51ca2fdc5baa31ec02e002f69aec-3.00692170ED5C1A2B3C",
        ),
        Ignored(reason="event ObjectRemoved:Delete"),
    ]


def test_an_s3_notification_may_contain_the_longest_key(load_message: LoadMessage) -> None:
    """A key of 1,024 bytes of Japanese has 3,072 characters when it is encoded."""
    payload = load_message("s3_notification")
    payload["Records"][0]["s3"]["object"]["key"] = "uploads/" + "%E6%B8%AF" * 338
    created = parse_all(payload)[0]
    assert isinstance(created, ObjectCreated)
    assert created.input_file == "uploads/" + "港" * 338


def test_every_object_created_record_is_an_upload(load_message: LoadMessage) -> None:
    """A notification may have several records, with or without `s3:` in the event name."""
    [record, _] = load_message("s3_notification")["Records"]
    records = [{**record, "eventName": f"{prefix}ObjectCreated:Put"} for prefix in ("", "s3:")]
    assert [type(each) for each in parse_all({"Records": records})] == [ObjectCreated, ObjectCreated]


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, "v1"),
        ({"version-id": None}, "e1.s1"),
        ({"version-id": ""}, "e1.s1"),
        ({"version-id": None, "sequencer": None}, "e1."),
    ],
)
def test_each_version_of_a_key_has_its_own_version_string(
    load_message: LoadMessage, changes: dict[str, Any], version: str
) -> None:
    """It is the version id in a versioned bucket, and otherwise the ETag and the sequencer."""
    payload = load_message("s3_object_created")
    payload["detail"]["object"].update({"version-id": "v1", "etag": "e1", "sequencer": "s1", **changes})
    created = parse_one(payload)
    assert isinstance(created, ObjectCreated)
    assert created.version == version


@pytest.mark.parametrize(
    ("bucket", "key", "size", "reason"),
    [
        ("clips-out", "uploads/a.mp4", 5, "another_bucket"),
        ("clips-in", "drafts/a.mp4", 5, "outside_upload_prefix"),
        ("clips-in", "Uploads/a.mp4", 5, "outside_upload_prefix"),
        ("clips-in", "uploads/a/", 5, "folder"),
        ("clips-in", "uploads/", 0, "folder"),
        ("clips-in", "uploads/a.mp4", 0, "empty_object"),
    ],
)
def test_an_object_that_is_not_an_upload_is_ignored(
    load_message: LoadMessage, bucket: str, key: str, size: int, reason: str
) -> None:
    """The reason names the other bucket, the other prefix, the folder or the empty object."""
    payload = load_message("s3_object_created")
    payload["detail"].update(bucket={"name": bucket}, object={"key": key, "size": size})
    assert parse_one(payload) == Ignored(reason=reason)


def test_without_a_prefix_every_object_is_an_upload(load_message: LoadMessage) -> None:
    """An empty prefix matches every key."""
    parser = MessageParser(input_bucket="clips-in", upload_prefix="", sanitiser=Sanitiser())
    payload = load_message("s3_object_created")
    payload["detail"]["object"]["key"] = "a.mp4"
    assert isinstance(parser.parse_events(json.dumps(payload))[0], ObjectCreated)


def test_the_s3_test_event_is_ignored(load_message: LoadMessage) -> None:
    """S3 sends it whenever a notification is configured."""
    assert parse_one(load_message("s3_test_event")) == Ignored(reason="s3_test_event")


def test_an_event_of_another_detail_type_is_ignored() -> None:
    """An EventBridge rule that matches too much costs a log line, not a dead letter."""
    assert parse_one({"detail-type": "Object Deleted", "detail": {}}) == Ignored(reason="detail_type Object Deleted")


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("uploads/1/a%20b%2Bc%25d.mp4", "uploads/1/a b+c%d.mp4"),
        ("uploads/1/a+b.mp4", "uploads/1/a+b.mp4"),
        ("uploads/1/%252F.mp4", "uploads/1/%2F.mp4"),
        ("uploads/" + "%E6%B8%AF" * 338, "uploads/" + "港" * 338),
    ],
)
def test_event_keys_are_decoded_once_if_the_setting_says_so(load_message: LoadMessage, sent: str, key: str) -> None:
    """A plus sign stays a plus sign, and only an encoded key may be longer than 1,024 bytes."""
    payload = load_message("s3_object_created")
    payload["detail"]["object"]["key"] = sent
    [content] = replace(PARSER, are_event_keys_encoded=True).parse_events(json.dumps(payload))
    assert isinstance(content, ObjectCreated)
    assert content.input_file == key


def test_event_keys_are_not_decoded_by_default(load_message: LoadMessage) -> None:
    """On AWS, a percent sign in the event's key is a percent sign of the key."""
    payload = load_message("s3_object_created")
    payload["detail"]["object"]["key"] = "uploads/1/100%25.mp4"
    assert getattr(parse_one(payload), "input_file", None) == "uploads/1/100%25.mp4"
