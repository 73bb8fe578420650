"""The worker parses the service's request for another job of a file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from transcode.job_requested import job_requested
from worker.claim import claim_id
from worker.messages.events import Ignored, IncomingEvent, ObjectCreated
from worker.messages.parser import MalformedMessageError, MessageParser
from worker.messages.sanitise import Sanitiser

PARSER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=("clips-in",)))


def read_one(payload: Mapping[str, Any]) -> IncomingEvent:
    """Return the only content that the parser reads from a message."""
    [content] = PARSER.parse_events(json.dumps(payload))
    return content


def requested(**changes: str | None) -> dict[str, Any]:
    """Return the body of the service's message, with fields changed."""
    fields = {
        "bucket": "input-bucket",
        "key": "uploads/a/clip.mp4",
        "etag": "abc",
        "version_id": None,
        "replaces": "1-a",
    }
    body: dict[str, Any] = json.loads(job_requested(size_bytes=5, **{**fields, **changes}))  # type: ignore[arg-type]
    return body


def test_a_job_requested_message_is_an_object_created_with_the_job_it_replaces() -> None:
    """The version equals that of S3's own event, and each replaced job yields a claim id of its own."""
    expected = ObjectCreated(input_file="uploads/a/clip.mp4", size_bytes=5, version="abc.", replaces="1-a")
    assert read_one(requested(bucket=PARSER.input_bucket)) == expected
    assert read_one(requested(bucket=PARSER.input_bucket, version_id="v")) == replace(expected, version="v")
    assert len({claim_id(replace(expected, replaces=each)) for each in (None, "1-a", "1-b")}) == 3


@pytest.mark.parametrize(
    "changes",
    [{"bucket": "another"}, {"key": "elsewhere/a.mp4"}, {"key": "uploads/a/"}],
    ids=["bucket", "prefix", "folder"],
)
def test_a_job_requested_for_an_object_that_is_not_an_upload_is_ignored(changes: dict[str, str]) -> None:
    """The same rules apply as for S3's own events."""
    assert isinstance(read_one(requested(**{"bucket": PARSER.input_bucket, **changes})), Ignored)


@pytest.mark.parametrize("replaces", ["", "a b", "claim:x", "x" * 101])
def test_a_job_requested_with_an_impossible_replaced_job_is_malformed(replaces: str) -> None:
    """It is the id of a job or of a claim."""
    with pytest.raises(MalformedMessageError, match="replaces"):
        PARSER.parse_events(json.dumps(requested(bucket=PARSER.input_bucket, replaces=replaces)))


def test_a_job_requested_message_from_another_source_is_ignored() -> None:
    """The detail type alone doesn't identify the message as the service's."""
    assert isinstance(read_one({**requested(bucket=PARSER.input_bucket), "source": "another.source"}), Ignored)
