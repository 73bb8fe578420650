"""What the worker makes of the service's wish for another job of a file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from transcode.job_requested import job_requested
from worker.claim import claim_id
from worker.messages.parser import Ignored, MalformedMessageError, MessageContent, MessageParser, ObjectCreated
from worker.messages.sanitise import Sanitiser

READER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=("clips-in",)))


def read_one(payload: Mapping[str, Any]) -> MessageContent:
    """The one thing that the message means."""
    [meaning] = READER.read(json.dumps(payload))
    return meaning


def requested(**changes: str | None) -> dict[str, Any]:
    """Our service's wish for another job of a file."""
    wish = {"bucket": "input-bucket", "key": "uploads/a/clip.mp4", "etag": "abc", "version_id": None, "replaces": "1-a"}
    body: dict[str, Any] = json.loads(job_requested(size_bytes=5, **{**wish, **changes}))  # type: ignore[arg-type]
    return body


def test_a_job_requested_is_an_object_with_what_its_job_replaces() -> None:
    """The version as S3's own event would have it, and a claim of its own for each job that is replaced."""
    plain = ObjectCreated(input_file="uploads/a/clip.mp4", size_bytes=5, version="abc.", replaces="1-a")
    assert read_one(requested(bucket=READER.input_bucket)) == plain
    assert read_one(requested(bucket=READER.input_bucket, version_id="v")) == replace(plain, version="v")
    assert len({claim_id(replace(plain, replaces=each)) for each in (None, "1-a", "1-b")}) == 3


@pytest.mark.parametrize(
    "changes",
    [{"bucket": "another"}, {"key": "elsewhere/a.mp4"}, {"key": "uploads/a/"}],
    ids=["bucket", "prefix", "folder"],
)
def test_a_job_requested_of_what_is_no_upload_is_ignored(changes: dict[str, str]) -> None:
    """The same rules as for S3's own word."""
    assert isinstance(read_one(requested(**{"bucket": READER.input_bucket, **changes})), Ignored)


@pytest.mark.parametrize("replaces", ["", "a b", "claim:x", "x" * 101, None])
def test_a_job_requested_in_place_of_nothing_is_malformed(replaces: str | None) -> None:
    """Nobody but our service sends it, and it never does that."""
    with pytest.raises(MalformedMessageError, match="replaces"):
        READER.read(json.dumps(requested(bucket=READER.input_bucket, replaces=replaces)))


def test_a_job_requested_by_another_source_is_ignored() -> None:
    """The name alone makes it none of ours."""
    assert isinstance(read_one({**requested(bucket=READER.input_bucket), "source": "somebody.else"}), Ignored)
