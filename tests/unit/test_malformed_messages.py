"""The parser raises MalformedMessageError, and no other error, for every message that it can't parse."""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.message_parsing import LoadMessage
from transcode.job import Canceled, Completed, Failed, Progressed, WarningRaised
from worker.artifacts import info
from worker.claim import Destination
from worker.messages.events import CancelRequested, DeleteRequested, Ignored, IncomingEvent, ObjectCreated, Unparsed
from worker.messages.parser import MalformedMessageError, MessageParser
from worker.messages.sanitise import Sanitiser

PARSER = MessageParser(input_bucket="clips-in", upload_prefix="", sanitiser=Sanitiser())
FIXTURES = [json.loads(path.read_text()) for path in sorted(Path(__file__).parents[1].glob("events/*.json"))]
DESTINATION = Destination(input_file="a.mp4", output_path="a.mp4_1-2/", key_file="a.key", key_value="00" * 16)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "{",
        "\ufeff{}",
        "null",
        "5",
        "NaN",
        '"text"',
        "[]",
        "{}",
        '{"Records": null}',
        '{"Records": {}}',
        '{"Records": [{}]}',
        '{"Event": "s3:Other"}',
        '{"detail-type": "Object Created"}',
        '{"detail-type": "Object Created", "detail": []}',
        '{"detail-type": "MediaConvert Job State Change", "detail": null}',
        '{"detail-type": "MediaConvert Job State Change", "detail": {}}',
        '{"a": ' * 20_000,
        "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
    ],
    ids=lambda body: body[:40] or "nothing",
)
def test_a_body_that_is_not_a_known_message_is_refused(body: str) -> None:
    """Invalid JSON, other JSON types, unknown objects and extreme nesting all raise the same error."""
    with pytest.raises(MalformedMessageError, match=r".+"):
        PARSER.parse_events(body)


@pytest.mark.parametrize("status", [[], {}, None, 5, ["COMPLETE"]])
def test_a_status_that_is_not_a_text_is_refused(load_message: LoadMessage, status: object) -> None:
    """A list can't be looked up among the final statuses."""
    payload = load_message("job_complete_hls")
    payload["detail"]["status"] = status
    with pytest.raises(MalformedMessageError, match=r"detail\.status"):
        PARSER.parse_events(json.dumps(payload))


@pytest.mark.parametrize(
    "job_id",
    ["", "claim:0f4c1d", "1763798400123-k3v9qa\n", "a" * 101, "a/b", "ä", "\ud83d", None, 5, ["1-a"]],
)
def test_a_job_id_that_mediaconvert_does_not_issue_is_refused(load_message: LoadMessage, job_id: object) -> None:
    """A job id becomes a key in tables that also hold claims, and a part of a URL."""
    payload = load_message("job_complete_hls")
    payload["detail"]["jobId"] = job_id
    with pytest.raises(MalformedMessageError, match=r"detail\.jobId"):
        PARSER.parse_events(json.dumps(payload))


@pytest.mark.parametrize("field", ["jobId", "status", "timestamp"])
def test_an_event_without_job_id_status_or_timestamp_is_refused(load_message: LoadMessage, field: str) -> None:
    """The error names the missing field."""
    payload = load_message("job_progressing")
    del payload["detail"][field]
    with pytest.raises(MalformedMessageError, match=rf"detail\.{field}"):
        PARSER.parse_events(json.dumps(payload))


@pytest.mark.parametrize("timestamp", [-1, 0, 1.5, 10**15, 10**40, 253_402_300_800_000, "soon", None, math.inf])
def test_a_timestamp_outside_the_calendar_is_refused(load_message: LoadMessage, timestamp: object) -> None:
    """Progress is ordered by it. A final event needs none."""
    payload = load_message("job_progressing")
    payload["detail"]["timestamp"] = timestamp
    with pytest.raises(MalformedMessageError, match=r"detail\.timestamp"):
        PARSER.parse_events(json.dumps(payload))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", ""),
        ("key", None),
        ("key", "a" * 1_025),
        ("key", "港" * 342),
        ("key", "\ud83d.mp4"),
        ("size", None),
        ("size", "large"),
        ("etag", "\ud83d"),
    ],
)
def test_an_object_without_a_valid_key_and_size_is_refused(
    load_message: LoadMessage, field: str, value: object
) -> None:
    """A key has 1 to 1,024 bytes of UTF-8, and an upload without a size would look like an empty object."""
    payload = load_message("s3_object_created")
    payload["detail"]["object"][field] = value
    with pytest.raises(MalformedMessageError, match=field):
        PARSER.parse_events(json.dumps(payload))


@pytest.mark.parametrize("changes", [{"size": None}, {"key": "a" * 1_025}, {"key": "%E6%B8%AF" * 342}, {"key": ""}])
def test_an_object_of_an_s3_notification_needs_a_valid_key_and_size(
    load_message: LoadMessage, changes: dict[str, Any]
) -> None:
    """The length limit applies to the decoded key."""
    payload = load_message("s3_notification")
    del payload["Records"][1:]
    payload["Records"][0]["s3"]["object"].update(changes)
    with pytest.raises(MalformedMessageError):
        PARSER.parse_events(json.dumps(payload))


def test_the_error_text_is_valid_as_a_message_attribute(load_message: LoadMessage) -> None:
    """SQS refuses control characters in attributes, and would refuse to move the message to the dead-letter queue."""
    payload = load_message("job_progressing")
    payload["detail"]["userMetadata"] = {f"\x00\ud83d\n{number}": number for number in range(90)}
    with pytest.raises(MalformedMessageError) as raised:
        PARSER.parse_events(json.dumps(payload))
    assert str(raised.value).isprintable()
    assert 0 < len(str(raised.value)) <= 256


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
EDGE_CASES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 10**39, 10**400, math.nan, math.inf, "", "\x00", "\ud83d", "9" * 50, "claim:x", [], {}, [None]]
)


def positions(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 -- JSON
    """Yield the path of every value in a JSON document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from chain.from_iterable(positions(child, (*path, key)) for key, child in inner)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return one of the fixtures with one or two values replaced or removed."""
    payload = draw(st.sampled_from(FIXTURES))
    for _ in range(draw(st.integers(1, 2))):
        payload = json.loads(json.dumps(payload))  # copies the fixture and the first replacement
        *way, last = draw(st.sampled_from(list(positions(payload))[1:]))
        parent = payload
        for step in way:
            parent = parent[step]
        if draw(st.booleans()):
            parent[last] = draw(EDGE_CASES | JSON)
        else:
            del parent[last]
        if not payload:
            break
    return json.dumps(payload)


def assert_storable(content: IncomingEvent) -> None:
    """Assert that the tables, a file and a log can hold every value of the content."""
    match content:
        case Ignored(reason=reason) | Unparsed(reason=reason):
            assert reason.isprintable()
        case ObjectCreated(input_file=key, version=version):
            assert 0 < len(key.encode()) <= 1_024
            version.encode()
        case CancelRequested(job_id=job_id, input_file=input_file):
            assert_storable_in_dynamodb([job_id, input_file])
        case DeleteRequested(input_file=input_file, urls_until_s=urls_until_s):
            assert_storable_in_dynamodb([input_file])
            assert_storable_in_dynamodb([urls_until_s])
        case Progressed(percent=percent, phase=phase):
            assert percent is None or 0 <= percent <= 100
            assert_storable_in_dynamodb([content.time_ms, percent, phase])
        case WarningRaised(warning=warning):
            assert_storable_in_dynamodb([warning.code, warning.message])
        case Failed(failure=failure):
            assert_storable_in_dynamodb([failure.code, failure.message])
        case Completed(output=output):
            json.dumps(info(DESTINATION, content), ensure_ascii=False).encode()
            assert "" not in output.playlists
            assert_storable_in_dynamodb(
                [output.path, dict(output.playlists), output.duration_ms, output.width_px, output.height_px]
            )
            assert_storable_in_dynamodb(
                [[each.width_px, each.height_px, each.duration_ms, each.playlist] for each in output.renditions]
            )
        case Canceled():
            pass  # it has only an id and a time


def assert_storable_in_dynamodb(values: list[Any]) -> None:
    """Assert that DynamoDB accepts the values: numbers of at most 38 digits and valid UTF-8."""
    TypeSerializer().serialize(values)
    for value in values:
        if isinstance(value, int):
            assert abs(Decimal(value)) < 10**38
        if isinstance(value, str):
            value.encode()


@given(st.text() | JSON.map(json.dumps))
def test_any_text_or_json_is_parsed_or_refused(body: str) -> None:
    """Parsing can end in one type of error only."""
    try:
        contents = PARSER.parse_events(body)
    except MalformedMessageError:
        return
    for content in contents:
        assert_storable(content)


@given(mutated())
def test_a_damaged_message_is_parsed_or_refused(body: str) -> None:
    """Every value that the parser returns can be stored."""
    try:
        contents = PARSER.parse_events(body)
    except MalformedMessageError:
        return
    for content in contents:
        assert_storable(content)
