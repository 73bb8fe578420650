"""The addresses in a text: where each begins, and where it ends. Pure.

An address begins with

- a scheme (`s3:/`, `https://` and so on), however many slashes follow;
- an ARN's six parts (`arn:aws:s3:::…`), so a file called `arn:aws:x.mp4` is no address;
- a host of AWS (`s3.us-east-1.amazonaws.com`).

An address in brackets or quotes ends at the bracket or quote that closes it. Any other address ends with its last word,
because a key can contain spaces: words belong to the address as long as a later word contains a slash. A word that ends
with the suffix of a media file, or with a mark that ends a clause, is the last one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = re.compile(
    r"(?P<s3>\bs3(?:ssl)?:/+)"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://)"
    r"|(?P<arn>\barn:aws[a-z-]*:[^\s:]*:[^\s:]*:[^\s:]*:)"
    r"|(?P<host>\b[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws)\b)",
    re.IGNORECASE,
)
_CLOSING = {"[": "]", "'": "'", '"': '"', "`": "`"}
_STOP = re.compile(r"[\[\]'\"`,]|\b[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_MEDIA = re.compile(
    r"\.(?:3gp|aac|ac3|aif[cf]?|avi|flac|flv|gif|gxf|jpe?g|json|key|m2ts|m2v|m3u8|m4[av]|mk[av]|mov|mp[1234]|mpd|mpe?g|mts"
    r"|mxf|ogg|opus|png|scc|srt|stl|ts|ttml|vtt|wav|webm|wm[av]|isma?|ismv|xml)(?:\?\S*)?[.,;:!)]*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:!?]$|\.$")
_TRAILING = re.compile(r"[.;:!?]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in a text: its kind (`s3`, `url`, `arn` or `host`), its position, and the text after its start."""

    kind: str
    begin: int
    end: int
    path: str


def addresses(text: str) -> Iterator[Address]:
    """Yield the addresses of the text, in order. They don't overlap."""
    position = 0
    while match := _START.search(text, position):
        end = _end(text, match)
        yield Address(kind=str(match.lastgroup), begin=match.start(), end=end, path=text[match.end() : end])
        position = end


def _end(text: str, match: re.Match[str]) -> int:
    before = text[match.start() - 1] if match.start() else ""
    if (closing := _CLOSING.get(before)) and (closed := _closed(text, match.end(), closing)) is not None:
        return closed
    if match.lastgroup == "host" and text[match.end() : match.end() + 1] not in {"/", ":", "?"}:
        return match.end()
    stop = _STOP.search(text, match.end())
    return _last_word(text, match.end(), stop.start() if stop else len(text), is_in_round=before == "(")


def _closed(text: str, begin: int, closing: str) -> int | None:
    """Return the position of the closing bracket or quote, if the rest of the text goes on after it."""
    found = re.compile(re.escape(closing) + r"(?=$|[\s:;,.)\]])").search(text, begin)
    return found.start() if found else None


def _last_word(text: str, begin: int, stop: int, *, is_in_round: bool) -> int:
    end = None
    for word in re.finditer(r"\S+", text[begin:stop]):
        if end is None and word.start() > 0:
            return begin  # the address is its start alone
        if end is None or "/" in word[0]:
            end = begin + word.end()
            if _MEDIA.search(text, begin, end):
                break
        if _CLAUSE.search(word[0]):
            break
    if end is None:
        return begin
    end -= len(text[begin:end]) - len(_TRAILING.sub("", text[begin:end]))
    return end - 1 if is_in_round and text[end - 1 : end] == ")" else max(begin, end)
