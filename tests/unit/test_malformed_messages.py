"""What no later attempt could make sense of: refused in one way, whatever it is."""

import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from transcode.job import Completed, Failed, Progressed, WarningRaised
from worker.artifacts import info
from worker.claim import Destination
from worker.messages.parser import Ignored, MalformedMessageError, MessageContent, MessageParser, ObjectCreated
from worker.messages.sanitise import Sanitiser

READER = MessageParser(input_bucket="clips-in", upload_prefix="", sanitiser=Sanitiser())
FIXTURES = [json.loads(path.read_text()) for path in sorted(Path(__file__).parents[1].glob("events/*.json"))]
DESTINATION = Destination(input_file="a.mp4", output_path="a.mp4_1-2/", key_file="a.key", key_value="00" * 16)

Message = Callable[[str], dict[str, Any]]


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
def test_what_is_no_message_is_refused(body: str) -> None:
    """Not JSON, not an object, nothing known, endlessly nested or long: one kind of error, never another."""
    with pytest.raises(MalformedMessageError, match=r".+"):
        READER.read(body)


@pytest.mark.parametrize(
    "job_id",
    ["", "claim:0f4c1d", "1763798400123-k3v9qa\n", "a" * 101, "a/b", "ä", "\ud83d", None, 5, ["1-a"]],
)
def test_a_job_id_that_mediaconvert_would_not_give_is_refused(message: Message, job_id: object) -> None:
    """It becomes a key in tables where claims stand too, and part of a URL."""
    payload = message("job_complete_hls")
    payload["detail"]["jobId"] = job_id
    with pytest.raises(MalformedMessageError, match=r"detail\.jobId"):
        READER.read(json.dumps(payload))


@pytest.mark.parametrize("field", ["jobId", "status", "timestamp"])
def test_an_event_needs_job_status_and_time(message: Message, field: str) -> None:
    """The error names what is missing."""
    payload = message("job_progressing")
    del payload["detail"][field]
    with pytest.raises(MalformedMessageError, match=rf"detail\.{field}"):
        READER.read(json.dumps(payload))


@pytest.mark.parametrize("timestamp", [-1, 0, 1.5, 10**15, 10**40, 253_402_300_800_000, "soon", None, math.inf])
def test_a_time_outside_the_calendar_is_refused(message: Message, timestamp: object) -> None:
    """Past the year 9999 there is no date that info.json could give."""
    payload = message("job_complete_hls")
    payload["detail"]["timestamp"] = timestamp
    with pytest.raises(MalformedMessageError, match=r"detail\.timestamp"):
        READER.read(json.dumps(payload))


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
def test_an_object_needs_a_key_of_s3s_and_a_size(message: Message, field: str, value: object) -> None:
    """A key is 1 to 1,024 bytes of UTF-8; without a size an upload would be taken for an empty object."""
    payload = message("s3_object_created")
    payload["detail"]["object"][field] = value
    with pytest.raises(MalformedMessageError, match=field):
        READER.read(json.dumps(payload))


@pytest.mark.parametrize("changes", [{"size": None}, {"key": "a" * 1_025}, {"key": "%E6%B8%AF" * 342}, {"key": ""}])
def test_a_notified_object_needs_them_too(message: Message, changes: dict[str, Any]) -> None:
    """The key's length counts once it is decoded."""
    payload = message("s3_notification")
    payload["Records"][0]["s3"]["object"].update(changes)
    with pytest.raises(MalformedMessageError):
        READER.read(json.dumps(payload))


def test_the_reason_fits_a_message_attribute(message: Message) -> None:
    """SQS takes no control characters in one, and refuses the burial over them."""
    payload = message("job_progressing")
    payload["detail"]["userMetadata"] = {f"\x00\ud83d\n{number}": number for number in range(90)}
    with pytest.raises(MalformedMessageError) as caught:
        READER.read(json.dumps(payload))
    assert str(caught.value).isprintable()
    assert 0 < len(str(caught.value)) <= 256


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NASTY: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 10**39, 10**400, math.nan, math.inf, "", "\x00", "\ud83d", "9" * 50, "claim:x", [], {}, [None]]
)


def positions(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 -- JSON
    """Every place in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from chain.from_iterable(positions(child, (*path, key)) for key, child in inner)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """One of the fixtures with something else in one or two places, or with places missing."""
    payload = draw(st.sampled_from(FIXTURES))
    for _ in range(draw(st.integers(1, 2))):
        payload = json.loads(json.dumps(payload))  # a copy, and of what the first change put in as well
        *way, last = draw(st.sampled_from(list(positions(payload))[1:]))
        parent = payload
        for step in way:
            parent = parent[step]
        if draw(st.booleans()):
            parent[last] = draw(NASTY | JSON)
        else:
            del parent[last]
        if not payload:
            break
    return json.dumps(payload)


def check(meaning: MessageContent) -> None:
    """Assert that whatever follows from the meaning can be written: to the tables, to a file, to a log."""
    match meaning:
        case Ignored(reason=reason):
            assert reason.isprintable()
        case ObjectCreated(input_file=key, version=version):
            assert 0 < len(key.encode()) <= 1_024
            version.encode()
        case Progressed(percent=percent, phase=phase):
            assert percent is None or 0 <= percent <= 100
            storable([meaning.time_ms, percent, phase])
        case WarningRaised(warning=warning):
            storable([warning.code, warning.message])
        case Failed(failure=failure):
            storable([failure.code, failure.message])
        case Completed(output=output):
            json.dumps(info(DESTINATION, meaning), ensure_ascii=False).encode()
            assert "" not in output.playlists
            storable([output.path, dict(output.playlists), output.duration_ms, output.width_px, output.height_px])
            storable([[each.width_px, each.height_px, each.duration_ms, each.playlist] for each in output.renditions])


def storable(values: list[Any]) -> None:
    """Assert that DynamoDB takes them: numbers of at most 38 digits, text that is UTF-8."""
    TypeSerializer().serialize(values)
    for value in values:
        if isinstance(value, int):
            assert abs(Decimal(value)) < 10**38
        if isinstance(value, str):
            value.encode()


@given(st.text() | JSON.map(json.dumps))
def test_any_text_and_any_json_is_read_or_refused(body: str) -> None:
    """There is one error that reading can end in."""
    try:
        meanings = READER.read(body)
    except MalformedMessageError:
        return
    for meaning in meanings:
        check(meaning)


@given(mutated())
def test_a_damaged_message_is_read_or_refused(body: str) -> None:
    """What is read of it can be stored; what can't is refused, and never with another error."""
    try:
        meanings = READER.read(body)
    except MalformedMessageError:
        return
    for meaning in meanings:
        check(meaning)
