"""All members of a job's settings, from the service's model in botocore. A new botocore brings new members. Pure."""

from collections.abc import Iterator
from functools import cache

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mediaconvert_emulator.request_validation import service_model

JOB_SETTINGS = "JobSettings"


@cache
def setting_members() -> tuple[str, ...]:
    """Return the pointer of each member that holds a value; items of lists and maps are `*`."""
    return tuple(_members(service_model().shape_for(JOB_SETTINGS), ""))


def _members(shape: Shape, pointer: str) -> Iterator[str]:
    match shape:
        case StructureShape() if shape.members:
            for name, member in shape.members.items():
                yield from _members(member, f"{pointer}/{member.serialization.get('name', name)}")
        case ListShape():
            yield from _members(shape.member, f"{pointer}/*")
        case MapShape():
            yield from _members(shape.value, f"{pointer}/*")
        case _:
            yield pointer


def member_of(pointer: str) -> str:
    """Return the member that a value's pointer belongs to: list indexes and map keys become `*`.

    Raises:
        LookupError: The service's model has no such member.
    """
    shape: Shape = service_model().shape_for(JOB_SETTINGS)
    parts: list[str] = []
    for part in pointer.split("/")[1:]:
        match shape:
            case ListShape():
                shape = shape.member
                parts.append("*")
            case MapShape():
                shape = shape.value
                parts.append("*")
            case StructureShape():
                members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
                if part not in members:
                    raise LookupError(pointer)
                shape = members[part]
                parts.append(part)
            case _:
                raise LookupError(pointer)
    return "".join(f"/{part}" for part in parts)
