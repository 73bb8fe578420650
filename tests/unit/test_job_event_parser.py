"""The parser reads every type of MediaConvert job event."""

import json
from typing import Any

import pytest

from tests.unit.message_parsing import PARSER, LoadMessage, parse_one, with_detail
from transcode.job import Canceled, Completed, Failed, JobEvent, JobWarning, Progressed, WarningRaised
from worker.messages.events import Ignored

JOB = "1763798400123-k3v9qa"


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
    load_message: LoadMessage, name: str, event_type: type[JobEvent], time_ms: int
) -> None:
    """Time and id come from `detail.timestamp` and `detail.jobId`, never from `resources` or the envelope."""
    event = parse_one(load_message(name))
    assert isinstance(event, event_type)
    assert (event.job_id, event.time_ms) == (JOB, time_ms)


@pytest.mark.parametrize("name", ["job_input_information", "job_queue_hop"])
def test_events_that_change_no_status_are_ignored(load_message: LoadMessage, name: str) -> None:
    """INPUT_INFORMATION and QUEUE_HOP events of this system's jobs need no action."""
    payload = load_message(name)
    assert parse_one(payload) == Ignored(reason=f"status {payload['detail']['status']}", job_id=JOB)


def test_an_unknown_status_is_ignored(load_message: LoadMessage) -> None:
    """AWS may add a status; the message then doesn't go to the dead-letter queue, and the job stays unchanged."""
    assert isinstance(parse_one(with_detail(load_message("job_progressing"), status="PAUSED")), Ignored)


@pytest.mark.parametrize("metadata", [None, {}, {"InputBucket": "newsroom"}, {"inputbucket": "clips-in"}])
def test_a_job_of_another_program_is_ignored(load_message: LoadMessage, metadata: dict[str, str] | None) -> None:
    """Only the user metadata that the worker sets identifies a job as this system's."""
    payload = with_detail(load_message("job_complete_hls"), userMetadata=metadata)
    assert parse_one(payload) == Ignored(reason="not_our_job", job_id=JOB)


def test_a_job_without_user_metadata_is_ignored(load_message: LoadMessage) -> None:
    """The event may lack the whole field."""
    payload = load_message("job_of_another_program")
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
    load_message: LoadMessage, name: str, percent: int | None, phase: str | None
) -> None:
    """An event may have no progress, a null percentage, or a phase without a percentage."""
    event = parse_one(load_message(name))
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
def test_a_percentage_is_0_to_100_or_unknown(load_message: LoadMessage, json_value: str, percent: int | None) -> None:
    """A value of any type or size doesn't stop a status update."""
    payload = with_detail(load_message("job_status_update"), jobProgress={"jobPercentComplete": "HERE"})
    [event] = PARSER.parse_events(json.dumps(payload).replace('"HERE"', json_value))
    assert isinstance(event, Progressed)
    assert event.percent == percent


@pytest.mark.parametrize("progress", [None, {}, {"currentPhase": None}, {"currentPhase": 3}, {"currentPhase": ""}])
def test_a_status_update_without_progress_still_advances_the_job(
    load_message: LoadMessage, progress: dict[str, Any] | None
) -> None:
    """It shows that the job is running."""
    event = parse_one(with_detail(load_message("job_status_update"), jobProgress=progress))
    assert event == Progressed(job_id=JOB, time_ms=1763798413340)


def test_unknown_fields_are_ignored(load_message: LoadMessage) -> None:
    """AWS adds fields at every level without notice."""
    payload = with_detail(load_message("job_status_update"), somethingNew={"deep": [1]})
    payload["detail"]["jobProgress"]["confidence"] = "high"
    assert parse_one({**payload, "replay-name": "x"}) == parse_one(load_message("job_status_update"))


def test_envelope_fields_that_the_parser_does_not_read_are_optional(load_message: LoadMessage) -> None:
    """Some of AWS's own samples lack account, resources and region."""
    payload = load_message("job_status_update")
    bare = {key: payload[key] for key in ("detail-type", "detail")}
    assert parse_one(bare) == parse_one(payload)


def test_the_code_of_new_warning_is_a_string_of_digits(load_message: LoadMessage) -> None:
    """It is the same code that COMPLETE contains as a number."""
    event = parse_one(load_message("job_new_warning"))
    assert isinstance(event, WarningRaised)
    assert event.warning == JobWarning(code=230001, message="The input's frame rate changes within the file.")


@pytest.mark.parametrize(("code", "number"), [("000000", 0), ("000123", 123), (7, 7)])
def test_a_warning_code_may_have_leading_zeros(load_message: LoadMessage, code: object, number: int) -> None:
    """Leading zeros are ignored, and a number is accepted too."""
    event = parse_one(with_detail(load_message("job_new_warning"), warningCode=code))
    assert isinstance(event, WarningRaised)
    assert event.warning.code == number


def test_a_warning_without_a_code_is_ignored(load_message: LoadMessage) -> None:
    """The API shows warnings by their code."""
    assert isinstance(parse_one(with_detail(load_message("job_new_warning"), warningCode=None)), Ignored)


def test_the_warnings_of_complete_have_only_codes(load_message: LoadMessage) -> None:
    """Code 0 is a valid code."""
    event = parse_one(load_message("job_complete_hls"))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=230001), JobWarning(code=0)}


def test_an_invalid_warning_count_does_not_stop_the_completion(load_message: LoadMessage) -> None:
    """The parser validates only the fields that it reads."""
    event = parse_one(with_detail(load_message("job_complete_hls"), warnings=[{"code": 5, "count": None}]))
    assert isinstance(event, Completed)
    assert event.warnings == {JobWarning(code=5)}


def test_an_error_message_is_sanitised(load_message: LoadMessage) -> None:
    """It keeps the file's own name, and loses bucket and folder."""
    event = parse_one(load_message("job_error"))
    assert isinstance(event, Failed)
    assert event.failure.code == 1404
    assert event.failure.message.startswith("Unable to open input file [harbour.mp4]: ")


@pytest.mark.parametrize("text", [None, "", 404, " \n", "\x00"])
def test_an_error_always_has_a_message(load_message: LoadMessage, text: object) -> None:
    """A front end never shows an empty reason."""
    event = parse_one(with_detail(load_message("job_error"), errorMessage=text))
    assert isinstance(event, Failed)
    assert event.failure.message == "The job failed."


def test_an_error_without_a_code_has_code_1999(load_message: LoadMessage) -> None:
    """A final event is not refused for a missing number; 1999 is MediaConvert's own code for unknown errors."""
    payload = load_message("job_error")
    del payload["detail"]["errorCode"]
    for each in (payload, with_detail(payload, errorCode=None)):
        event = parse_one(each)
        assert isinstance(event, Failed)
        assert event.failure.code == 1999


def test_a_lone_surrogate_becomes_a_question_mark(load_message: LoadMessage) -> None:
    """MediaConvert can cut a message in the middle of an emoji, and its error must not be lost."""
    event = parse_one(with_detail(load_message("job_error"), errorMessage="cannot read \ud83d"))
    assert isinstance(event, Failed)
    assert event.failure.message == "cannot read ?"
