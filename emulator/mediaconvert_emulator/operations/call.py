"""One request of the API, independent of HTTP, and the forms that several operations share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.listing import PageRequest, paginate, with_next_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: the parts of its path by name, its query, its JSON body, and the API's base URL."""

    emulator: Emulator
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonObject
    base_url: str


Operation: TypeAlias = Callable[[Call], JsonObject | Awaitable[JsonObject]]

LIST_ORDERS = ("NAME", "CREATION_DATE", "SYSTEM")


def list_named(call: Call, member: str, items: Mapping[str, JsonObject]) -> JsonObject:
    """Return one page of templates, presets or queues. There are no system templates and presets here.

    Raises:
        BadRequestException: The query is invalid.
    """
    list_by, category = call.query.get("listBy", "CREATION_DATE"), call.query.get("category")
    if list_by not in LIST_ORDERS:
        raise BadRequestException(f"/listBy: Should be equal to one of the allowed values in {list(LIST_ORDERS)}")
    found: Sequence[tuple[str, JsonObject]] = [
        (name, item)
        for name, item in items.items()
        if (not category or item.get("category") == category) and (list_by != "SYSTEM" or item.get("type") == "SYSTEM")
    ]
    if list_by == "NAME":
        found = sorted(found)
    page, token = paginate(found, PageRequest.from_query(call.query, default_order="ASCENDING"))
    return with_next_token({member: page}, token)


def name_of_arn(name_or_arn: str, kind: str) -> str:
    """Return the name of a resource from its name or ARN."""
    return name_or_arn.rpartition(f":{kind}/")[2] if name_or_arn.startswith("arn:") else name_or_arn
