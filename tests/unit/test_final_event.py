"""ERROR, COMPLETE and CANCELED end their job, also if a field has an unexpected form."""

import json
from typing import Any

import pytest

from tests.unit.message_parsing import PARSER, LoadMessage, parse_one, with_detail
from transcode.job import Canceled, Completed, Failed, Failure
from worker.messages.events import Ignored
from worker.messages.parser import MalformedMessageError


def failed(payload: dict[str, Any]) -> Failed:
    """Return the ERROR that the parser reads from a message."""
    event = parse_one(payload)
    assert isinstance(event, Failed)
    return event


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("UNKNOWN", "the reason in words", Failure(code=1999, message="UNKNOWN: the reason in words")),
        ("UNKNOWN", None, Failure(code=1999, message="UNKNOWN")),
        ("s3://partner/x/cat.mp4", "x", Failure(code=1999, message="cat.mp4: x")),
        (-1, "x", Failure(code=1999, message="x")),
        (10**40, 5, Failure(code=1999, message="The job failed.")),
        ({"code": 1040}, "x", Failure(code=1999, message="x")),
        ("1040", "x", Failure(code=1040, message="x")),
        (None, "x", Failure(code=1999, message="x")),
    ],
)
def test_an_error_code_in_another_form_becomes_1999_with_its_words(
    load_message: LoadMessage, code: object, message: object, failure: Failure
) -> None:
    """The job ends, and its caller reads the words, without addresses."""
    event = failed(with_detail(load_message("job_error"), errorCode=code, errorMessage=message))
    assert event.failure == failure


@pytest.mark.parametrize(
    ("changes", "unparsed"),
    [
        ({"outputGroupDetails": "none"}, ["outputGroupDetails"]),
        ({"outputGroupDetails": [7, {"outputDetails": [{"videoDetails": "x"}]}]}, ["outputGroupDetails.0"]),
        ({"warnings": [{"code": "many"}, {"count": 2}, {"code": 7}]}, ["warnings.0.code", "warnings.1.code"]),
        ({"warnings": {"code": 7}}, ["warnings"]),
        ({"jobProgress": 5}, ["jobProgress"]),
    ],
)
def test_a_complete_job_is_complete_without_the_fields_that_cannot_be_parsed(
    load_message: LoadMessage, changes: dict[str, Any], unparsed: list[str]
) -> None:
    """The worker logs their names."""
    [parsed] = PARSER.parse(json.dumps(with_detail(load_message("job_complete_hls"), **changes)))
    assert isinstance(parsed.event, Completed)
    assert set(unparsed) <= set(parsed.unparsed)


def test_a_warning_beside_a_malformed_one_is_kept(load_message: LoadMessage) -> None:
    """Only the item that can't be parsed is left out."""
    event = parse_one(
        with_detail(load_message("job_complete_hls"), warnings=[{"code": "x"}, {"code": 7}, {}, {"code": 8}])
    )
    assert isinstance(event, Completed)
    assert {warning.code for warning in event.warnings} == {7, 8}


def test_metadata_beside_a_malformed_value_is_kept(load_message: LoadMessage) -> None:
    """The input bucket's name still says that the job is ours."""
    payload = load_message("job_canceled")
    payload["detail"]["userMetadata"] |= {"number": 5, "list": []}
    assert isinstance(parse_one(payload), Canceled)
    payload["detail"]["userMetadata"]["InputBucket"] = 5
    assert isinstance(parse_one(payload), Ignored)


@pytest.mark.parametrize("timestamp", [None, "soon", -1, 10**40])
def test_a_final_event_without_a_time_has_the_time_of_its_envelope(
    load_message: LoadMessage, timestamp: object
) -> None:
    """EventBridge's own time is within seconds of it."""
    payload = with_detail(load_message("job_canceled"), timestamp=timestamp)
    assert parse_one({**payload, "time": "2026-11-25T18:00:00Z"}).time_ms == 1_795_629_600_000  # type: ignore[union-attr]
    assert parse_one({**payload, "time": "soon"}).time_ms == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("changes", [{"jobId": None}, {"jobId": "a/b"}, {"status": "STATUS_UPDATE", "errorCode": "x"}])
def test_an_event_that_names_no_job_or_is_not_final_is_refused(
    load_message: LoadMessage, changes: dict[str, Any]
) -> None:
    """It goes to the dead-letter queue, where an operator sees it."""
    payload = with_detail(load_message("job_error"), warnings=5, **changes)
    with pytest.raises(MalformedMessageError, match="wrong or missing"):
        parse_one(payload)
