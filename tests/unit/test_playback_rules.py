"""What playback decides about a request."""

from datetime import UTC, datetime

import pytest

from local import playback_rules as rules

_DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
_MOMENT = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "stored", "expected"),
    [
        ("a/b.m3u8", None, "application/vnd.apple.mpegurl"),
        ("a/b.TS", "binary/octet-stream", "video/mp2t"),
        ("a/b.key", "text/plain", "application/octet-stream"),
        ("a/info.json", None, "application/json"),
        ("a/b", "text/html", "text/html"),
        ("a/b.unknown", None, "application/octet-stream"),
    ],
)
def test_the_suffix_decides_the_media_type(key: str, stored: str | None, expected: str) -> None:
    """Whatever an upload was stored as, players go by the type; others keep what they were stored with."""
    assert rules.content_type(key, stored) == expected


@pytest.mark.parametrize("key", ["", "a/", "../b", "a/../b", "a/./b", "..", "a/.."])
def test_what_is_no_object_of_the_bucket_is_not_asked_for(key: str) -> None:
    """No listing, and no dot segment that could be resolved on the way."""
    assert not rules.is_servable(key)


@pytest.mark.parametrize("key", ["a", "a/b.ts", "a/..b/c...ts", "a//b", "uploads/x/Ä ö+%.m3u8"])
def test_any_other_key_may_name_an_object(key: str) -> None:
    """S3 allows nearly every character, and so do we."""
    assert rules.is_servable(key)


@pytest.mark.parametrize("value", ["bytes=0-9", "bytes=5-", "bytes=-3"])
def test_one_range_is_passed_on(value: str) -> None:
    """From the start, to the end, and of the last bytes."""
    assert rules.conditions({"range": value}) == {"Range": value}


@pytest.mark.parametrize("value", ["bytes=0-1,4-5", "items=0-1", "bytes=a-b", "bytes=-", "bytes", ""])
def test_any_other_range_is_as_if_it_were_not_there(value: str) -> None:
    """A server may always answer with the whole."""
    assert rules.conditions({"range": value}) == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if-none-match": '"a"', "if-modified-since": _DATE}, {"IfNoneMatch": '"a"'}),
        ({"if-modified-since": _DATE}, {"IfModifiedSince": _MOMENT}),
        ({"if-modified-since": "yesterday"}, {}),
        ({"if-range": '"a"'}, {}),
        ({"range": "bytes=1-2", "if-range": '"a"'}, {"Range": "bytes=1-2", "IfMatch": '"a"'}),
        ({"range": "bytes=1-2", "if-range": _DATE}, {"Range": "bytes=1-2", "IfUnmodifiedSince": _MOMENT}),
    ],
)
def test_conditions_follow_rfc_9110(headers: dict[str, str], expected: dict[str, object]) -> None:
    """An entity tag goes before a date, and If-Range means nothing without a range."""
    assert rules.conditions(headers) == expected


def test_a_changed_object_is_asked_for_without_its_range() -> None:
    """What made the condition fail is gone; what makes a 304 stays."""
    arguments = {"Range": "bytes=1-2", "IfMatch": '"a"', "IfUnmodifiedSince": _MOMENT, "IfNoneMatch": '"b"'}
    assert rules.unconditional(arguments) == {"IfNoneMatch": '"b"'}


def test_a_key_is_never_kept() -> None:
    """Segments may be; a key in a cache would outlive its right."""
    assert rules.cache_control("a/b.key") == "no-store"
    assert "max-age" in rules.cache_control("a/b.ts")
