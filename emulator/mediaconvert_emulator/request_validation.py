"""Checks a request against MediaConvert's service model, which botocore contains, by its wire (camelCase) names.

boto3 checks only types before it sends a request. The service also checks enumerations, ranges and patterns. It refuses
a wrong type or enumeration alone, and joins all other faults.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.session import get_session

from mediaconvert_emulator.errors import BadRequestException

SCALARS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "boolean": (bool, "Boolean"),
    "double": ((int, float), "Double"),
    "float": ((int, float), "Double"),
    "integer": (int, "Integer"),
    "long": (int, "Long"),
    "string": (str, "String"),
}
"""By type of the model, Python's types and the name in messages."""

REFERENCE = "https://docs.aws.amazon.com/mediaconvert/latest/apireference/resources.html"
SEPARATOR = " | "

DOUBLE_RANGE = re.compile(r"__doubleMin(Negative)?(\d+)(?:Max(Negative)?(\d+))?")
"""The model has the range of a double only in the name of its shape."""


@cache
def service_model() -> ServiceModel:
    """Return the service model of MediaConvert's API."""
    return get_session().get_service_model("mediaconvert")


def check_request(operation: str, body: object) -> None:
    """Check that `body` is a valid input of the operation.

    Raises:
        BadRequestException: It isn't.
    """
    check_types(operation, body)
    raise_faults(range_faults(operation, body))


def check_types(operation: str, body: object) -> None:
    """Check that all names, types and enumerations of a request exist, and all required members.

    Raises:
        BadRequestException: One of them doesn't; the message is about the first one only, as on AWS.
    """
    shape = service_model().operation_model(operation).input_shape
    if isinstance(shape, StructureShape):
        _check_type(body, shape, "")


def range_faults(operation: str, body: object) -> list[str]:
    """Return the faults of a request whose types are valid: lengths, ranges and patterns.

    A fault is `<pointer>: <text>`. The pointer of a fault in the settings begins below `settings`.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        return []
    faults = (f"{pointer}: {text}" for pointer, text in _ranges(body, shape, ""))
    return [fault.removeprefix("/settings") for fault in faults]


def raise_faults(faults: list[str]) -> None:
    """Raise one error with all faults, if there are faults.

    Raises:
        BadRequestException: There are.
    """
    if faults:
        raise BadRequestException(SEPARATOR.join(dict.fromkeys(faults)))


def _check_type(value: object, shape: Shape, path: str) -> None:
    match shape:
        case StructureShape():
            _check_members(value, shape, path)
        case ListShape():
            if not isinstance(value, list):
                raise _invalid_type(path, "List")
            for index, item in enumerate(value):
                _check_type(item, shape.member, f"{path}[{index}]")
        case MapShape():
            if not isinstance(value, dict):
                raise _invalid_type(path, "Map")
            for key, item in value.items():
                _check_type(item, shape.value, f"{path}.{key}")
        case _:
            _check_scalar(value, shape, path)


def _check_members(value: object, shape: StructureShape, path: str) -> None:
    if not isinstance(value, dict):
        raise _invalid_type(path, shape.name) if path else BadRequestException("The request could not be interpreted.")
    members = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
        if not member.serialization.get("location")  # the member is in the path or the query
    }
    for wire_name, item in value.items():
        if wire_name not in members:
            raise BadRequestException(f"{_dotted(path, wire_name)!r} is not a member of {shape.name}.")
        if item is not None:
            _check_type(item, members[wire_name][1], _dotted(path, wire_name))
    for wire_name, (name, _) in members.items():
        if name in shape.required_members and value.get(wire_name) is None:
            raise BadRequestException(f"The {_dotted(path, wire_name)!r} field is required.")


def _check_scalar(value: object, shape: Shape, path: str) -> None:
    kinds, name = SCALARS.get(shape.type_name, (object, ""))
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise _invalid_type(path, name)
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        values = ", ".join(f"'{text}'" for text in shape.enum)
        raise _invalid_type(path, f"{shape.name} (Valid values: {values})")


def _invalid_type(path: str, kind: str) -> BadRequestException:
    return BadRequestException(
        f"You specified an invalid type for '{path}'. Replace the value with a {kind}, or remove '{path}' (if "
        f"optional), then resubmit your request. For more information, see the MediaConvert API reference: {REFERENCE}"
    )


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _ranges(value: Any, shape: Shape, pointer: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (JSON of any kind)
    if value is None:
        return
    match shape:
        case StructureShape():
            for name, member in shape.members.items():
                wire_name = member.serialization.get("name", name)
                if not member.serialization.get("location"):
                    yield from _ranges(value.get(wire_name), member, f"{pointer}/{wire_name}")
        case ListShape():
            for index, item in enumerate(value):
                yield from _ranges(item, shape.member, f"{pointer}/{index}")
        case MapShape():
            for key, item in value.items():
                yield from _ranges(item, shape.value, f"{pointer}/{key}")
        case _:
            yield from ((pointer, text) for text in _scalar_faults(value, shape))


def _scalar_faults(value: object, shape: Shape) -> Iterator[str]:
    low, high = _limits(shape)
    if isinstance(value, str):
        if low is not None and len(value) < low:
            yield f"Should have at least {low} characters"
        if high is not None and len(value) > high:
            yield f"Should have at most {high} characters"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.search(pattern, value):
            yield "Should match the pattern: /{}/".format(pattern.replace("\\/", "/"))
    elif isinstance(value, int | float):
        if low is not None and value < low:
            yield f"Should be greater than or equal to {low}"
        if high is not None and value > high:
            yield f"Should be less than or equal to {high}"


def _limits(shape: Shape) -> tuple[float | None, float | None]:
    match = DOUBLE_RANGE.fullmatch(shape.name)
    if match is None:
        return shape.metadata.get("min"), shape.metadata.get("max")
    low_sign, low, high_sign, high = match.groups()
    return _signed(low_sign, low), None if high is None else _signed(high_sign, high)


def _signed(sign: str | None, digits: str) -> int:
    return -int(digits) if sign else int(digits)
