"""DynamoDB's dialect, kept inside the stores: items as plain dictionaries, and updates written from named parts.

Every attribute is aliased, because DynamoDB reserves most of the words one would use (status, error, key, size…).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

Item = Mapping[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Seconds that a row lives after its last change.

    `waiting_s` is for the rows of a job that waits in MediaConvert's queue, which can take longer than `changed_s`
    and sends no event meanwhile.
    """

    changed_s: int
    waiting_s: int


def encode(item: Item) -> dict[str, Any]:
    """Return the item in DynamoDB's wire form; attributes that are None are left out."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def decode(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item as plain Python values; numbers are `Decimal`, sets are sets."""
    return {name: _deserialize(value) for name, value in wire.items()}


def old_item(error: ClientError) -> dict[str, Any]:
    """Return the row as it stood when a condition failed, asked for with ALL_OLD; empty where there was none."""
    response = cast("Mapping[str, Any]", error.response)  # botocore's type doesn't know ALL_OLD's Item
    return decode(response.get("Item", {}))


class Condition:
    """Demands on a row, put together from named clauses; `request()` gives a write's arguments."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._demands: list[str] = []

    def name(self, attribute: str) -> str:
        """Return the alias by which an expression names the attribute."""
        alias = f"#{attribute}"
        self._names[alias] = attribute
        return alias

    def value(self, value: object) -> str:
        """Return the placeholder by which an expression names the value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = _serialize(value)
        return placeholder

    def where(self, *alternatives: str) -> Self:
        """Demand that one of the alternatives holds; each call adds a further demand."""
        self._demands.append(f"({' OR '.join(alternatives)})")
        return self

    def absent(self, attribute: str) -> str:
        """Return the alternative that the row has no such attribute."""
        return f"attribute_not_exists({self.name(attribute)})"

    def present(self, attribute: str) -> str:
        """Return the alternative that the row has such an attribute."""
        return f"attribute_exists({self.name(attribute)})"

    def compare(self, attribute: str, operator: str, value: object) -> str:
        """Return the alternative that the attribute compares so with the value: `compare("EventTime", "<", 5)`."""
        return f"{self.name(attribute)} {operator} {self.value(value)}"

    def not_in(self, attribute: str, values: Iterable[str]) -> str:
        """Return the alternative that the attribute is none of the values."""
        return f"NOT {self.name(attribute)} IN ({', '.join(self.value(value) for value in sorted(values))})"

    def request(self) -> dict[str, Any]:
        """Return the call's arguments beside the table and the key or item."""
        request: dict[str, Any] = {"ExpressionAttributeNames": self._names}
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        if self._demands:
            request["ConditionExpression"] = " AND ".join(self._demands)
        return request


class Update(Condition):
    """One UpdateItem, conditional where it makes demands."""

    def __init__(self) -> None:
        super().__init__()
        self._set: list[str] = []
        self._add: list[str] = []
        self._remove: list[str] = []

    def set(self, **attributes: object) -> Self:
        """Set each attribute; those that are None stay as they are."""
        for attribute, value in attributes.items():
            if value is not None:
                self._set.append(f"{self.name(attribute)} = {self.value(value)}")
        return self

    def set_once(self, **attributes: object) -> Self:
        """Set each attribute that the row lacks; those that are None stay as they are."""
        for attribute, value in attributes.items():
            if value is not None:
                alias = self.name(attribute)
                self._set.append(f"{alias} = if_not_exists({alias}, {self.value(value)})")
        return self

    def add(self, attribute: str, members: Iterable[str]) -> Self:
        """Add the members to the attribute's string set, in whatever order updates come."""
        if chosen := set(members):
            self._add.append(f"{self.name(attribute)} {self.value(chosen)}")
        return self

    def remove(self, *attributes: str) -> Self:
        """Remove the attributes."""
        self._remove.extend(self.name(attribute) for attribute in attributes)
        return self

    def request(self) -> dict[str, Any]:
        """Return the call's arguments beside the table and the key."""
        clauses = [("SET", self._set), ("ADD", self._add), ("REMOVE", self._remove)]
        expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)
        return {"UpdateExpression": expression, **super().request()}
