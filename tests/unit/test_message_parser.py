"""What the worker makes of every message that S3 and MediaConvert send."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from transcode.job import Canceled, Completed, Failed, JobEvent, JobWarning, Progressed, WarningRaised
from worker.messages.parser import Ignored, MessageContent, MessageParser, ObjectCreated
from worker.messages.sanitise import Sanitiser

READER = MessageParser(
    input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=("clips-in", "clips-out"))
)
JOB = "1763798400123-k3v9qa"

Message = Callable[[str], dict[str, Any]]


def read(payload: Mapping[str, Any]) -> list[MessageContent]:
    """What the message means."""
    return list(READER.read(json.dumps(payload)))


def only(payload: Mapping[str, Any]) -> MessageContent:
    """The one thing that the message means."""
    [meaning] = read(payload)
    return meaning


def with_detail(payload: dict[str, Any], **changes: object) -> dict[str, Any]:
    """The message with parts of its detail changed."""
    return {**payload, "detail": {**payload["detail"], **changes}}


@pytest.mark.parametrize(
    ("name", "kind", "time_ms"),
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
def test_an_event_is_known_by_its_status(message: Message, name: str, kind: type[JobEvent], time_ms: int) -> None:
    """The time is `detail.timestamp`, and the id `detail.jobId`, never what `resources` or the envelope says."""
    event = only(message(name))
    assert isinstance(event, kind)
    assert (event.job_id, event.time_ms) == (JOB, time_ms)


@pytest.mark.parametrize("name", ["job_input_information", "job_queue_hop"])
def test_what_changes_no_status_is_passed_over(message: Message, name: str) -> None:
    """INPUT_INFORMATION and QUEUE_HOP are of a job of ours, and ask nothing of us."""
    payload = message(name)
    assert only(payload) == Ignored(reason=f"status {payload['detail']['status']}", job_id=JOB)


def test_a_status_that_aws_may_add_is_passed_over(message: Message) -> None:
    """An unknown status is no reason to bury a message, nor to touch the job."""
    assert isinstance(only(with_detail(message("job_progressing"), status="PAUSED")), Ignored)


@pytest.mark.parametrize("metadata", [None, {}, {"InputBucket": "newsroom"}, {"inputbucket": "clips-in"}])
def test_a_job_of_another_program_is_none_of_ours(message: Message, metadata: dict[str, str] | None) -> None:
    """A job is ours only by the user metadata that we gave it."""
    payload = with_detail(message("job_complete_hls"), userMetadata=metadata)
    assert only(payload) == Ignored(reason="not_our_job", job_id=JOB)


def test_a_job_without_user_metadata_is_none_of_ours(message: Message) -> None:
    """The field can be missing as a whole."""
    payload = message("job_of_another_program")
    del payload["detail"]["userMetadata"]
    assert isinstance(only(payload), Ignored)


@pytest.mark.parametrize(
    ("name", "percent", "phase"),
    [
        ("job_progressing", None, None),
        ("job_status_update", 38, "TRANSCODING"),
        ("job_status_update_accelerated", None, "PROBING"),
        ("job_status_update_without_progress", None, None),
    ],
)
def test_progress_is_read_where_there_is_some(
    message: Message, name: str, percent: int | None, phase: str | None
) -> None:
    """No progress, a null percentage and a phase without one are all ordinary."""
    event = only(message(name))
    assert isinstance(event, Progressed)
    assert (event.percent, event.phase) == (percent, phase)


@pytest.mark.parametrize(
    ("said", "read_as"),
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
def test_a_percentage_is_0_to_100_or_unknown(message: Message, said: str, read_as: int | None) -> None:
    """Nothing that stands there, of whatever type or size, stops a status update."""
    payload = with_detail(message("job_status_update"), jobProgress={"jobPercentComplete": "HERE"})
    [event] = READER.read(json.dumps(payload).replace('"HERE"', said))
    assert isinstance(event, Progressed)
    assert event.percent == read_as


@pytest.mark.parametrize("progress", [None, {}, {"currentPhase": None}, {"currentPhase": 3}, {"currentPhase": ""}])
def test_progress_without_content_still_moves_the_job_on(message: Message, progress: dict[str, Any] | None) -> None:
    """A status update without percentage or phase says that the job runs."""
    event = only(with_detail(message("job_status_update"), jobProgress=progress))
    assert event == Progressed(job_id=JOB, time_ms=1763798413340)


def test_unknown_fields_are_passed_over(message: Message) -> None:
    """AWS adds fields without notice, at every level."""
    payload = with_detail(message("job_status_update"), somethingNew={"deep": [1]})
    payload["detail"]["jobProgress"]["confidence"] = "high"
    assert only({**payload, "replay-name": "x"}) == only(message("job_status_update"))


def test_the_envelope_may_lack_what_we_do_not_read(message: Message) -> None:
    """Account, resources and region are missing in some of AWS's own samples."""
    payload = message("job_status_update")
    bare = {key: payload[key] for key in ("detail-type", "detail")}
    assert only(bare) == only(payload)


def test_new_warning_gives_its_code_as_text(message: Message) -> None:
    """A string of digits is the same code as COMPLETE's number."""
    event = only(message("job_new_warning"))
    assert isinstance(event, WarningRaised)
    assert event.warning == JobWarning(code=230001, message="The input's frame rate changes within the file.")


@pytest.mark.parametrize(("code", "number"), [("000000", 0), ("000123", 123), (7, 7)])
def test_a_warning_code_may_have_leading_zeros(message: Message, code: object, number: int) -> None:
    """They mean nothing; so would a number."""
    event = only(with_detail(message("job_new_warning"), warningCode=code))
    assert isinstance(event, WarningRaised)
    assert event.warning.code == number


def test_a_warning_without_a_code_is_passed_over(message: Message) -> None:
    """There is nothing to show of it."""
    assert isinstance(only(with_detail(message("job_new_warning"), warningCode=None)), Ignored)


def test_completes_warnings_have_codes_only(message: Message) -> None:
    """Code 0 is a code like any other."""
    event = only(message("job_complete_hls"))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=230001), JobWarning(code=0)}


def test_an_odd_count_beside_a_warning_does_not_keep_the_job_from_completing(message: Message) -> None:
    """Only what is read has to be in order."""
    event = only(with_detail(message("job_complete_hls"), warnings=[{"code": 5, "count": None}]))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=5)}


def test_an_error_is_cleaned_before_anyone_sees_it(message: Message) -> None:
    """The file's own name stays, the bucket and the folder go."""
    event = only(message("job_error"))
    assert isinstance(event, Failed)
    assert event.failure.code == 1404
    assert event.failure.message.startswith("Unable to open input file [harbour.mp4]: ")


@pytest.mark.parametrize("text", [None, "", 404, " \n", "\x00"])
def test_an_error_always_has_words(message: Message, text: object) -> None:
    """A front end never shows an empty reason."""
    event = only(with_detail(message("job_error"), errorMessage=text))
    assert isinstance(event, Failed)
    assert event.failure.message == "The job failed."


def test_an_error_always_has_a_code(message: Message) -> None:
    """What ends a job isn't refused for want of a number: 1999 is MediaConvert's own for "unknown"."""
    payload = message("job_error")
    del payload["detail"]["errorCode"]
    for each in (payload, with_detail(payload, errorCode=None)):
        event = only(each)
        assert isinstance(event, Failed)
        assert event.failure.code == 1999


def test_half_a_surrogate_pair_in_a_text_becomes_a_question_mark(message: Message) -> None:
    """A message cut in the middle of an emoji is no reason to lose the error that it tells of."""
    event = only(with_detail(message("job_error"), errorMessage="cannot read \ud83d"))
    assert isinstance(event, Failed)
    assert event.failure.message == "cannot read ?"


def test_an_object_that_came_is_an_upload(message: Message) -> None:
    """By way of EventBridge: key, size and version id as they stand there."""
    assert only(message("s3_object_created")) == ObjectCreated(
        input_file="uploads/5e0c/harbour.mp4", size_bytes=48213377, version="q7Hk2VnXv0bRz3mLw8sT1yD5uE6jF9cA"
    )


@pytest.mark.parametrize("name", ["a+b.mp4", "100%25.mp4", "a b.mp4", "港の朝.mp4", "%E6%B8%AF.mp4", "a/b/../c.mp4"])
def test_eventbridge_gives_the_key_as_it_is(message: Message, name: str) -> None:
    """Decoding it would make another key of it: MediaConvert would not find the object."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = f"uploads/{name}"
    created = only(payload)
    assert isinstance(created, ObjectCreated)
    assert created.input_file == f"uploads/{name}"


def test_a_notification_is_decoded_and_read_record_by_record(message: Message) -> None:
    """S3's own notification encodes the key; a delete among its records is no upload."""
    assert read(message("s3_notification")) == [
        ObjectCreated(
            input_file="uploads/5e0c/港 + 100%.mp4",
            size_bytes=48213377,
            version="5f2b51ca2fdc5baa31ec02e002f69aec-3.00692170ED5C1A2B3C",
        ),
        Ignored(reason="event ObjectRemoved:Delete"),
    ]


def test_a_notification_may_carry_the_longest_key(message: Message) -> None:
    """1,024 bytes of Japanese are 3,072 characters once encoded."""
    payload = message("s3_notification")
    payload["Records"][0]["s3"]["object"]["key"] = "uploads/" + "%E6%B8%AF" * 338
    created = read(payload)[0]
    assert isinstance(created, ObjectCreated)
    assert created.input_file == "uploads/" + "港" * 338


def test_every_created_record_is_an_upload(message: Message) -> None:
    """Several objects in one notification are several uploads, with and without the `s3:` before the event."""
    [record, _] = message("s3_notification")["Records"]
    named = [{**record, "eventName": f"{prefix}ObjectCreated:Put"} for prefix in ("", "s3:")]
    assert [type(each) for each in read({"Records": named})] == [ObjectCreated, ObjectCreated]


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, "v1"),
        ({"version-id": None}, "e1.s1"),
        ({"version-id": ""}, "e1.s1"),
        ({"version-id": None, "sequencer": None}, "e1."),
    ],
)
def test_versions_of_one_key_are_told_apart(message: Message, changes: dict[str, Any], version: str) -> None:
    """By the version id where the bucket keeps versions, else by entity tag and sequencer."""
    payload = message("s3_object_created")
    payload["detail"]["object"].update({"version-id": "v1", "etag": "e1", "sequencer": "s1", **changes})
    created = only(payload)
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
def test_an_object_that_is_no_upload_is_passed_over(
    message: Message, bucket: str, key: str, size: int, reason: str
) -> None:
    """Another bucket, another prefix, a folder, an empty object: each said as what it is."""
    payload = message("s3_object_created")
    payload["detail"].update(bucket={"name": bucket}, object={"key": key, "size": size})
    assert only(payload) == Ignored(reason=reason)


def test_without_a_prefix_every_object_is_an_upload(message: Message) -> None:
    """An empty prefix is that of all keys."""
    reader = MessageParser(input_bucket="clips-in", upload_prefix="", sanitiser=Sanitiser())
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = "a.mp4"
    assert isinstance(reader.read(json.dumps(payload))[0], ObjectCreated)


def test_s3s_test_message_is_passed_over(message: Message) -> None:
    """S3 sends one whenever a notification is configured."""
    assert only(message("s3_test_event")) == Ignored(reason="s3_test_event")


def test_an_event_of_another_kind_is_passed_over() -> None:
    """A rule that matches too much costs a line in the log, not a buried message."""
    assert only({"detail-type": "Object Deleted", "detail": {}}) == Ignored(reason="detail_type Object Deleted")


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("uploads/1/a%20b%2Bc%25d.mp4", "uploads/1/a b+c%d.mp4"),
        ("uploads/1/a+b.mp4", "uploads/1/a+b.mp4"),
        ("uploads/1/%252F.mp4", "uploads/1/%2F.mp4"),
        ("uploads/" + "%E6%B8%AF" * 338, "uploads/" + "港" * 338),
    ],
)
def test_encoded_keys_of_events_are_decoded_where_that_is_set(message: Message, sent: str, key: str) -> None:
    """Once, and a plus stays a plus; only encoded can a key be longer than S3's 1,024 bytes."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = sent
    [meaning] = replace(READER, are_event_keys_encoded=True).read(json.dumps(payload))
    assert isinstance(meaning, ObjectCreated)
    assert meaning.input_file == key


def test_keys_of_events_are_left_alone_otherwise(message: Message) -> None:
    """On AWS a percent sign in a key is a percent sign."""
    payload = message("s3_object_created")
    payload["detail"]["object"]["key"] = "uploads/1/100%25.mp4"
    assert getattr(only(payload), "input_file", None) == "uploads/1/100%25.mp4"
