"""The body of every error, by RFC 9457 (`application/problem+json`). Pure.

The application and the HTTP protocol both send errors, and neither may import the other.
https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:mediaconvert-status:problem:"
"""Before the code; the type only identifies the problem, no document can be fetched under it."""
MAX_INVALID_FIELDS = 100
"""A list of ten thousand parts can have as many invalid fields; a client needs the first ones."""
NAMED_FIELDS = 3
"""The invalid fields that the sentence names."""
FRAGMENT_CHARACTERS = "/~!$&'()*+,;=:@?"
"""Characters that RFC 3986 allows in a fragment, besides letters, digits, and `-._`."""


def problem_details(
    *, status: int, code: str, detail: str, errors: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """Return the body. `errors` is in it only if it has entries.

    >>> problem_details(status=404, code="job_not_found", detail="No job has this id.")["title"]
    'Job not found'
    """
    body: dict[str, object] = {
        "type": TYPE_PREFIX + code,
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    return {**body, "errors": list(errors)} if errors else body


def invalid_fields(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return the invalid fields of a request from pydantic's list of errors, without the request's values."""
    return [
        {
            "location": str(line["loc"][0]),
            "pointer": json_pointer(line["loc"][1:]),
            "detail": str(line["msg"]),
            "code": str(line["type"]),
        }
        for line in lines[:MAX_INVALID_FIELDS]
    ]


def json_pointer(path: Sequence[str | int]) -> str:
    """Return the path to a field as a JSON Pointer in a URI's fragment (RFC 6901, section 6).

    >>> json_pointer(["parts", 0, "ETag"]), json_pointer(["a/b ~c"]), json_pointer([])
    ('#/parts/0/ETag', '#/a~1b%20~0c', '#')
    """
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, safe=FRAGMENT_CHARACTERS, errors='replace')}" for part in escaped)


def invalid_detail(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return one line that names the first invalid fields, and says how many more there are."""
    named = [f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in lines[:NAMED_FIELDS]]
    more = [f"{len(lines) - NAMED_FIELDS} more"] if len(lines) > NAMED_FIELDS else []
    return "The request is invalid: " + "; ".join([*named, *more]) + "."
