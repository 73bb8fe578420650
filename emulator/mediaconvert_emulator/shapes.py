"""Checks a request against the service's own model, the one that botocore carries, by its wire (camelCase) names.

boto3 checks types before it sends; this catches what it leaves to the service: enumerations, ranges, patterns.
"""

import re
from functools import cache
from typing import Any, TypeVar

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.session import get_session

from mediaconvert_emulator.errors import BadRequestException

Container = TypeVar("Container", dict[str, Any], list[Any])

SCALARS: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "double": (int, float),
    "float": (int, float),
    "integer": int,
    "long": int,
    "string": str,
}


def check_request(operation: str, body: object) -> None:
    """Return when `body` fits the operation's input.

    Raises:
        BadRequestException: it doesn't; the message begins with the JSON pointer of what is wrong.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is not None:
        _check(body, shape, "")


@cache
def service_model() -> ServiceModel:
    """The service model of MediaConvert's API."""
    return get_session().get_service_model("mediaconvert")


def _check(value: object, shape: Shape, where: str) -> None:
    match shape:
        case StructureShape():
            _check_structure(value, shape, where)
        case ListShape():
            for index, item in enumerate(_expect(value, list, where)):
                _check(item, shape.member, f"{where}/{index}")
        case MapShape():
            for key, item in _expect(value, dict, where).items():
                _check(item, shape.value, f"{where}/{key}")
        case _:
            _check_scalar(value, shape, where)


def _check_structure(value: object, shape: StructureShape, where: str) -> None:
    fields = _expect(value, dict, where)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if member.serialization.get("location"):
            continue  # from the path or the query
        if fields.get(wire_name) is not None:
            _check(fields[wire_name], member, f"{where}/{wire_name}")
        elif name in shape.required_members:
            raise BadRequestException(f"{where}/{wire_name}: Should exist")


def _check_scalar(value: object, shape: Shape, where: str) -> None:
    kind = SCALARS.get(shape.type_name)
    if kind is None:
        return
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadRequestException(f"{where}: Should be of type {shape.type_name}")
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        raise BadRequestException(f"{where}: Should be one of the following values: {', '.join(shape.enum)}")
    size = len(value) if isinstance(value, str) else value
    if isinstance(size, int | float):
        _check_range(size, shape, where)
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.search(pattern, value):
        raise BadRequestException(f"{where}: Should match the pattern {pattern}")


def _check_range(size: float, shape: Shape, where: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    what = "length " if shape.type_name == "string" else ""
    if low is not None and size < low:
        raise BadRequestException(f"{where}: Should have a {what}minimum of {low}")
    if high is not None and size > high:
        raise BadRequestException(f"{where}: Should have a {what}maximum of {high}")


def _expect(value: object, kind: type[Container], where: str) -> Container:
    if not isinstance(value, kind):
        raise BadRequestException(f"{where or '/'}: Should be {'an object' if kind is dict else 'an array'}")
    return value
