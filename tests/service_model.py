"""Checks a request against AWS's own model of the operation: members, required members, enums, ranges and patterns.

botocore ships the models, but itself checks only names, types and minimum lengths. The emulators check less.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

LENGTHS = {"string", "list", "map", "blob"}
JAVA_CLASS = re.compile(r"\\p\{")
"""Character classes that Python's `re` doesn't know; patterns with one are skipped."""


def violations(shape: Shape, value: Any, *, at: str = "") -> Iterator[str]:  # noqa: ANN401 -- any part of a request
    """Yield each violation of the model, with the path of the value."""
    match shape.type_name:
        case "structure":
            yield from _of_structure(shape, value, at=at)
        case "list":
            for index, each in enumerate(value):
                yield from violations(shape.member, each, at=f"{at}[{index}]")  # type: ignore[attr-defined]
        case "map":
            for key, each in value.items():
                yield from violations(shape.key, key, at=f"{at}.{key} (key)")  # type: ignore[attr-defined]
                yield from violations(shape.value, each, at=f"{at}.{key}")  # type: ignore[attr-defined]
        case _:
            yield from _of_scalar(shape, value, at=at)
    yield from _of_size(shape, value, at=at)


def _of_structure(shape: Shape, value: Mapping[str, Any], *, at: str) -> Iterator[str]:
    members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
    for name in shape.metadata.get("required", []):
        if name not in value:
            yield f"{at}.{name}: is required"
    for name, each in value.items():
        if name not in members:
            yield f"{at}.{name}: AWS has no such member"
        else:
            yield from violations(members[name], each, at=f"{at}.{name}")


def _of_scalar(shape: Shape, value: Any, *, at: str) -> Iterator[str]:  # noqa: ANN401 -- any part of a request
    types: Mapping[str, type | tuple[type, ...]] = {
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "string": str,
    }
    if shape.type_name in types and not isinstance(value, types[shape.type_name]):
        yield f"{at}: {value!r} is no {shape.type_name}"
        return
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{at}: {value!r} is none of {', '.join(map(str, allowed))}"
    pattern = shape.metadata.get("pattern")
    if pattern and not JAVA_CLASS.search(pattern) and not re.search(pattern, str(value)):
        yield f"{at}: {value!r} doesn't match {pattern}"


def _of_size(shape: Shape, value: Any, *, at: str) -> Iterator[str]:  # noqa: ANN401 -- any part of a request
    size: float
    if shape.type_name in LENGTHS and hasattr(value, "__len__"):
        size, noun = len(value), "length"
    elif isinstance(value, int | float):
        size, noun = value, "value"
    else:
        return
    if (least := shape.metadata.get("min")) is not None and size < least:
        yield f"{at}: the {noun} {size} is less than {least}"
    if (most := shape.metadata.get("max")) is not None and size > most:
        yield f"{at}: the {noun} {size} is more than {most}"
