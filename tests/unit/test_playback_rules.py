"""The rules by which local playback handles a request."""

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
def test_the_suffix_determines_the_content_type(key: str, stored: str | None, expected: str) -> None:
    """Players depend on the type; objects with other suffixes keep their stored type."""
    assert rules.content_type(key, stored) == expected


@pytest.mark.parametrize("key", ["", "a/", "../b", "a/../b", "a/./b", "..", "a/.."])
def test_a_key_that_names_no_object_is_not_servable(key: str) -> None:
    """Such keys would list a folder, or contain dot segments that clients resolve."""
    assert not rules.is_servable(key)


@pytest.mark.parametrize("key", ["a", "a/b.ts", "a/..b/c...ts", "a//b", "uploads/x/Ä ö+%.m3u8"])
def test_any_other_key_is_servable(key: str) -> None:
    """S3 allows nearly every character in a key."""
    assert rules.is_servable(key)


@pytest.mark.parametrize("value", ["bytes=0-9", "bytes=5-", "bytes=-3"])
def test_a_single_range_is_forwarded(value: str) -> None:
    """The range may start at the first byte, end at the last byte, or count from the end."""
    assert rules.conditions({"range": value}) == {"Range": value}


@pytest.mark.parametrize("value", ["bytes=0-1,4-5", "items=0-1", "bytes=a-b", "bytes=-", "bytes", ""])
def test_any_other_range_is_ignored(value: str) -> None:
    """A server may always return the complete object."""
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
    """An ETag takes precedence over a date, and If-Range has no effect without a range."""
    assert rules.conditions(headers) == expected


def test_a_request_is_repeated_without_failed_preconditions() -> None:
    """The preconditions that can fail are removed, and those that yield a 304 stay."""
    arguments = {"Range": "bytes=1-2", "IfMatch": '"a"', "IfUnmodifiedSince": _MOMENT, "IfNoneMatch": '"b"'}
    assert rules.unconditional(arguments) == {"IfNoneMatch": '"b"'}


def test_a_key_file_is_never_cached() -> None:
    """Segments may be cached; a cached key would outlive the right to it."""
    assert rules.cache_control("a/b.key") == "no-store"
    assert "max-age" in rules.cache_control("a/b.ts")
