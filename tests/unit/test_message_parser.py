"""The parser reads every type of message that S3 and MediaConvert send."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from transcode.job import Canceled, Completed, Failed, JobEvent, JobWarning, Progressed, WarningRaised
from worker.messages.parser import Ignored, MessageContent, MessageParser, ObjectCreated
from worker.messages.sanitise import Sanitiser

PARSER = MessageParser(
    input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=("clips-in", "clips-out"))
)
JOB = "1763798400123-k3v9qa"

Message = Callable[[str], dict[str, Any]]


def parse_all(payload: Mapping[str, Any]) -> list[MessageContent]:
    """Return everything that the parser reads from the message."""
    return list(PARSER.read(json.dumps(payload)))


def parse_one(payload: Mapping[str, Any]) -> MessageContent:
    """Return the only content that the parser reads from the message."""
    [content] = parse_all(payload)
    return content


def with_detail(payload: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return the message with fields of its detail changed."""
    return {**payload, "detail": {**payload["detail"], **changes}}


@pytest.mark.parametrize(
    ("name", "event_type", "time_ms"),
    [
        ("job_progressing", Progressed, 1763798401000),
        ("job_status_update", Progressed, 1763798413340),
        ("job_status_update_accelerated", Progressed, 1763798412020),
        ("job_status_update_without_progress", Progressed, 1763798411010),
        ("job_new_warning", WarningRaised, 1763798421500),
        ("job_complete_hls", Completed, 1763798460000),
        ("job_error", Failed, 1763798409200),
        ("job_canceled", Canceled, 1763798431000),
        ("job_bare", Completed, 1763798401001),
    ],
)
def test_the_status_decides_the_type_of_event(
    message: Message, name: str, event_type: type[JobEvent], time_ms: int
) -> None:
    """Time and id come from `detail.timestamp` and `detail.jobId`, never from `resources` or the envelope."""
    event = parse_one(message(name))
    assert isinstance(event, event_type)
    assert (event.job_id, event.time_ms) == (JOB, time_ms)


@pytest.mark.parametrize("name", ["job_input_information", "job_queue_hop"])
def test_events_that_change_no_status_are_ignored(message: Message, name: str) -> None:
    """INPUT_INFORMATION and QUEUE_HOP events of this system's jobs need no action."""
    payload = message(name)
    assert parse_one(payload) == Ignored(reason=f"status {payload['detail']['status']}", job_id=JOB)


def test_an_unknown_status_is_ignored(message: Message) -> None:
    """AWS may add a status; the message then doesn't go to the dead-letter queue, and the job stays unchanged."""
    assert isinstance(parse_one(with_detail(message("job_progressing"), status="PAUSED")), Ignored)


@pytest.mark.parametrize("metadata", [None, {}, {"InputBucket": "newsroom"}, {"inputbucket": "clips-in"}])
def test_a_job_of_another_program_is_ignored(message: Message, metadata: dict[str, str] | None) -> None:
    """Only the user metadata that the worker sets identifies a job as this system's."""
    payload = with_detail(message("job_complete_hls"), userMetadata=metadata)
    assert parse_one(payload) == Ignored(reason="not_our_job", job_id=JOB)


def test_a_job_without_user_metadata_is_ignored(message: Message) -> None:
    """The event may lack the whole field."""
    payload = message("job_of_another_program")
    del payload["detail"]["userMetadata"]
    assert isinstance(parse_one(payload), Ignored)


@pytest.mark.parametrize(
    ("name", "percent", "phase"),
    [
        ("job_progressing", None, None),
        ("job_status_update", 38, "TRANSCODING"),
        ("job_status_update_accelerated", None, "PROBING"),
        ("job_status_update_without_progress", None, None),
    ],
)
def test_missing_progress_is_read_as_unknown(
    message: Message, name: str, percent: int | None, phase: str | None
) -> None:
    """An event may have no progress, a null percentage, or a phase without a percentage."""
    event = parse_one(message(name))
    assert isinstance(event, Progressed)
    assert (event.percent, event.phase) == (percent, phase)


@pytest.mark.parametrize(
    ("json_value", "percent"),
    [
        ("0", 0),
        ("100", 100),
        ("99.9", 99),
        ("101", 100),
        ("-3", 0),
        ("1e999", 100),
        ("-Infinity", 0),
        ("1" + "0" * 400, 100),
        ("NaN", None),
        ("null", None),
        ("true", None),
        ('"38"', None),
        ("[38]", None),
    ],
)
def test_a_percentage_is_0_to_100_or_unknown(message: Message, json_value: str, percent: int | None) -> None:
    """A value of any type or size doesn't stop a status update."""
    payload = with_detail(message("job_status_update"), jobProgress={"jobPercentComplete": "HERE"})
    [event] = PARSER.read(json.dumps(payload).replace('"HERE"', json_value))
    assert isinstance(event, Progressed)
    assert event.percent == percent


@pytest.mark.parametrize("progress", [None, {}, {"currentPhase": None}, {"currentPhase": 3}, {"currentPhase": ""}])
def test_a_status_update_without_progress_still_advances_the_job(
    message: Message, progress: dict[str, Any] | None
) -> None:
    """It shows that the job is running."""
    event = parse_one(with_detail(message("job_status_update"), jobProgress=progress))
    assert event == Progressed(job_id=JOB, time_ms=1763798413340)


def test_unknown_fields_are_ignored(message: Message) -> None:
    """AWS adds fields at every level without notice."""
    payload = with_detail(message("job_status_update"), somethingNew={"deep": [1]})
    payload["detail"]["jobProgress"]["confidence"] = "high"
    assert parse_one({**payload, "replay-name": "x"}) == parse_one(message("job_status_update"))


def test_envelope_fields_that_the_parser_does_not_read_are_optional(message: Message) -> None:
    """Some of AWS's own samples lack account, resources and region."""
    payload = message("job_status_update")
    bare = {key: payload[key] for key in ("detail-type", "detail")}
    assert parse_one(bare) == parse_one(payload)


def test_the_code_of_new_warning_is_a_string_of_digits(message: Message) -> None:
    """It is the same code that COMPLETE contains as a number."""
    event = parse_one(message("job_new_warning"))
    assert isinstance(event, WarningRaised)
    assert event.warning == JobWarning(code=230001, message="The input's frame rate changes within the file.")


@pytest.mark.parametrize(("code", "number"), [("000000", 0), ("000123", 123), (7, 7)])
def test_a_warning_code_may_have_leading_zeros(message: Message, code: object, number: int) -> None:
    """Leading zeros are ignored, and a number is accepted too."""
    event = parse_one(with_detail(message("job_new_warning"), warningCode=code))
    assert isinstance(event, WarningRaised)
    assert event.warning.code == number


def test_a_warning_without_a_code_is_ignored(message: Message) -> None:
    """The API shows warnings by their code."""
    assert isinstance(parse_one(with_detail(message("job_new_warning"), warningCode=None)), Ignored)


def test_the_warnings_of_complete_have_only_codes(message: Message) -> None:
    """Code 0 is a valid code."""
    event = parse_one(message("job_complete_hls"))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=230001), JobWarning(code=0)}


def test_an_invalid_warning_count_does_not_stop_the_completion(message: Message) -> None:
    """The parser validates only the fields that it reads."""
    event = parse_one(with_detail(message("job_complete_hls"), warnings=[{"code": 5, "count": None}]))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=5)}


def test_an_error_message_is_sanitised(message: Message) -> None:
    """It keeps the file's own name, and loses bucket and folder."""
    event = parse_one(message("job_error"))
    assert isinstance(event, Failed)
    assert event.failure.code == 1404
    assert event.failure.message.startswith("Unable to open input file [harbour.mp4]: ")


@pytest.mark.parametrize("text", [None, "", 404, " \n", "\x00"])
def test_an_error_always_has_a_message(message: Message, text: object) -> None:
    """A front end never shows an empty reason."""
    event = parse_one(with_detail(message("job_error"), errorMessage=text))
    assert isinstance(event, Failed)
    assert event.failure.message == "The job failed."


def test_an_error_without_a_code_has_code_1999(message: Message) -> None:
    """A final event is not refused for a missing number; 1999 is MediaConvert's own code for unknown errors."""
    payload = message("job_error")
    del payload["detail"]["errorCode"]
    for each in (payload, with_detail(payload, errorCode=None)):
        event = parse_one(each)
        assert isinstance(event, Failed)
        assert event.failure.code == 1999


def test_a_lone_surrogate_becomes_a_question_mark(message: Message) -> None:
    """MediaConvert can cut a message in the middle of an emoji, and its error must not be lost."""
    event = parse_one(with_detail(message("job_error"), errorMessage="cannot read \ud83d"))
    assert isinstance(event, Failed)
    assert event.failure.message == "cannot read ?"


def test_an_object_created_event_is_an_upload(message: Message) -> None:
    """Key, size and version id are those of the EventBridge event."""
    assert parse_one(message("s3_object_created")) == ObjectCreated(
        input_file="uploads/5e0c/harbour.mp4", size_bytes=48213377, version="q7Hk2VnXv0bRz3mLw8sT1yD5uE6jF9cA"
    )


@pytest.mark.parametrize("name", ["a+b.mp4", "100%25.mp4", "a b.mp4", "港の朝.mp4", "%E6%B8%AF.mp4", "a/b/../c.mp4"])
def test_the_key_of_an_eventbridge_event_is_not_decoded(message: Message, name: str) -> None:
    """MediaConvert would not find an object under the decoded key."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = f"uploads/{name}"
    created = parse_one(payload)
    assert isinstance(created, ObjectCreated)
    assert created.input_file == f"uploads/{name}"


def test_each_record_of_an_s3_notification_is_decoded(message: Message) -> None:
    """S3's own notification encodes the key, and a record of a deletion is not an upload."""
    assert parse_all(message("s3_notification")) == [
        ObjectCreated(
            input_file="uploads/5e0c/港 + 100%.mp4",
            size_bytes=48213377,
            version="5f2b51ca2fdc5baa31ec02e002f69aec-3.00692170ED5C1A2B3C",
        ),
        Ignored(reason="event ObjectRemoved:Delete"),
    ]


def test_an_s3_notification_may_contain_the_longest_key(message: Message) -> None:
    """A key of 1,024 bytes of Japanese has 3,072 characters when it is encoded."""
    payload = message("s3_notification")
    payload["Records"][0]["s3"]["object"]["key"] = "uploads/" + "%E6%B8%AF" * 338
    created = parse_all(payload)[0]
    assert isinstance(created, ObjectCreated)
    assert created.input_file == "uploads/" + "港" * 338


def test_every_object_created_record_is_an_upload(message: Message) -> None:
    """A notification may have several records, with or without `s3:` in the event name."""
    [record, _] = message("s3_notification")["Records"]
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
    message: Message, changes: dict[str, Any], version: str
) -> None:
    """It is the version id in a versioned bucket, and otherwise the ETag and the sequencer."""
    payload = message("s3_object_created")
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
    message: Message, bucket: str, key: str, size: int, reason: str
) -> None:
    """The reason names the other bucket, the other prefix, the folder or the empty object."""
    payload = message("s3_object_created")
    payload["detail"].update(bucket={"name": bucket}, object={"key": key, "size": size})
    assert parse_one(payload) == Ignored(reason=reason)


def test_without_a_prefix_every_object_is_an_upload(message: Message) -> None:
    """An empty prefix matches every key."""
    parser = MessageParser(input_bucket="clips-in", upload_prefix="", sanitiser=Sanitiser())
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = "a.mp4"
    assert isinstance(parser.read(json.dumps(payload))[0], ObjectCreated)


def test_the_s3_test_event_is_ignored(message: Message) -> None:
    """S3 sends it whenever a notification is configured."""
    assert parse_one(message("s3_test_event")) == Ignored(reason="s3_test_event")


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
def test_event_keys_are_decoded_once_if_the_setting_says_so(message: Message, sent: str, key: str) -> None:
    """A plus sign stays a plus sign, and only an encoded key may be longer than 1,024 bytes."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = sent
    [content] = replace(PARSER, are_event_keys_encoded=True).read(json.dumps(payload))
    assert isinstance(content, ObjectCreated)
    assert content.input_file == key


def test_event_keys_are_not_decoded_by_default(message: Message) -> None:
    """On AWS, a percent sign in the event's key is a percent sign of the key."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = "uploads/1/100%25.mp4"
    assert getattr(parse_one(payload), "input_file", None) == "uploads/1/100%25.mp4"
