"""Checks a request against MediaConvert's service model, which botocore contains, by its wire (camelCase) names.

boto3 checks only types before it sends a request. The service also checks enumerations, ranges and patterns.
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
    """Check that `body` is a valid input of the operation.

    Raises:
        BadRequestException: It isn't; the message begins with the JSON pointer of the invalid value.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is not None:
        _check_value(body, shape, "")


@cache
def service_model() -> ServiceModel:
    """Return the service model of MediaConvert's API."""
    return get_session().get_service_model("mediaconvert")


def _check_value(value: object, shape: Shape, pointer: str) -> None:
    match shape:
        case StructureShape():
            _check_structure(value, shape, pointer)
        case ListShape():
            for index, item in enumerate(_expect_container(value, list, pointer)):
                _check_value(item, shape.member, f"{pointer}/{index}")
        case MapShape():
            for key, item in _expect_container(value, dict, pointer).items():
                _check_value(item, shape.value, f"{pointer}/{key}")
        case _:
            _check_scalar(value, shape, pointer)


def _check_structure(value: object, shape: StructureShape, pointer: str) -> None:
    fields = _expect_container(value, dict, pointer)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if member.serialization.get("location"):
            continue  # the member is in the path or the query
        if fields.get(wire_name) is not None:
            _check_value(fields[wire_name], member, f"{pointer}/{wire_name}")
        elif name in shape.required_members:
            raise BadRequestException(f"{pointer}/{wire_name}: Should exist")


def _check_scalar(value: object, shape: Shape, pointer: str) -> None:
    kind = SCALARS.get(shape.type_name)
    if kind is None:
        return
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadRequestException(f"{pointer}: Should be of type {shape.type_name}")
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        raise BadRequestException(f"{pointer}: Should be one of the following values: {', '.join(shape.enum)}")
    size = len(value) if isinstance(value, str) else value
    if isinstance(size, int | float):
        _check_range(size, shape, pointer)
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.search(pattern, value):
        raise BadRequestException(f"{pointer}: Should match the pattern {pattern}")


def _check_range(size: float, shape: Shape, pointer: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    measure = "length " if shape.type_name == "string" else ""
    if low is not None and size < low:
        raise BadRequestException(f"{pointer}: Should have a {measure}minimum of {low}")
    if high is not None and size > high:
        raise BadRequestException(f"{pointer}: Should have a {measure}maximum of {high}")


def _expect_container(value: object, kind: type[Container], pointer: str) -> Container:
    if not isinstance(value, kind):
        raise BadRequestException(f"{pointer or '/'}: Should be {'an object' if kind is dict else 'an array'}")
    return value
