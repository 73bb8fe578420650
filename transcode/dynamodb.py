"""DynamoDB's request format, used only inside the stores: items as dictionaries, updates from named clauses.

Every attribute has an alias, because DynamoDB reserves common words (status, error, key, size…). boto3 has builders for
conditions, but none for updates: see docs/adr/0025-libraries-evaluated.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

Item = Mapping[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def encode(item: Item) -> dict[str, Any]:
    """Return the item in DynamoDB's wire format, without the attributes that are None."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def decode(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item as plain Python values; numbers are `Decimal`, sets are sets."""
    return {name: _deserialize(value) for name, value in wire.items()}


def old_item(error: ClientError) -> dict[str, Any]:
    """Return the row as it was when a condition failed, from a request with ALL_OLD; empty if there was no row."""
    response = cast("Mapping[str, Any]", error.response)  # botocore's type doesn't know ALL_OLD's Item
    return decode(response.get("Item", {}))


class Condition:
    """A condition on a row, assembled from named clauses; `request()` returns the arguments of a write."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._requirements: list[str] = []

    def name(self, attribute: str) -> str:
        """Return the alias of the attribute in an expression."""
        alias = f"#{attribute}"
        self._names[alias] = attribute
        return alias

    def value(self, value: object) -> str:
        """Return the placeholder of the value in an expression."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = _serialize(value)
        return placeholder

    def where(self, *alternatives: str) -> Self:
        """Require one of the alternatives; each call adds one more requirement."""
        self._requirements.append(f"({' OR '.join(alternatives)})")
        return self

    def absent(self, attribute: str) -> str:
        """Return the clause: the row lacks the attribute."""
        return f"attribute_not_exists({self.name(attribute)})"

    def present(self, attribute: str) -> str:
        """Return the clause: the row has the attribute."""
        return f"attribute_exists({self.name(attribute)})"

    def compare(self, attribute: str, operator: str, value: object) -> str:
        """Return the clause that compares the attribute with the value: `compare("EventTime", "<", 5)`."""
        return f"{self.name(attribute)} {operator} {self.value(value)}"

    def between(self, attribute: str, first: str, last: str) -> str:
        """Return the clause: the attribute is one of the two values, or between them."""
        return f"{self.name(attribute)} BETWEEN {self.value(first)} AND {self.value(last)}"

    def contains(self, attribute: str, member: str) -> str:
        """Return the clause: the attribute's string set has the member."""
        return f"contains({self.name(attribute)}, {self.value(member)})"

    def smaller_than(self, attribute: str, size: int) -> str:
        """Return the clause: the attribute's set has fewer members; false if the row lacks the attribute."""
        return f"size({self.name(attribute)}) < {self.value(size)}"

    def all_of(self, *clauses: str) -> str:
        """Return the clause: all of the clauses hold."""
        return f"({' AND '.join(clauses)})"

    def not_in(self, attribute: str, values: Iterable[str]) -> str:
        """Return the clause: the attribute is none of the values."""
        return f"NOT {self.name(attribute)} IN ({', '.join(self.value(value) for value in sorted(values))})"

    def request(self) -> dict[str, Any]:
        """Return the arguments of the call, without the table and the key or item."""
        request: dict[str, Any] = {"ExpressionAttributeNames": self._names}
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        if self._requirements:
            request["ConditionExpression"] = " AND ".join(self._requirements)
        return request


class Update(Condition):
    """One UpdateItem, conditional if it has requirements."""

    def __init__(self) -> None:
        super().__init__()
        self._set: list[str] = []
        self._add: list[str] = []
        self._remove: list[str] = []

    def set(self, **attributes: object) -> Self:
        """Set each attribute; an attribute that is None keeps its value."""
        for attribute, value in attributes.items():
            if value is not None:
                self._set.append(f"{self.name(attribute)} = {self.value(value)}")
        return self

    def set_once(self, **attributes: object) -> Self:
        """Set each attribute that the row lacks; an attribute that is None keeps its value."""
        for attribute, value in attributes.items():
            if value is not None:
                alias = self.name(attribute)
                self._set.append(f"{alias} = if_not_exists({alias}, {self.value(value)})")
        return self

    def expire(self, at_s: int | None) -> Self:
        """Set the time (Unix seconds) at which the row expires; a row without one lasts until it is deleted."""
        return self.remove("ExpirationTime") if at_s is None else self.set(ExpirationTime=at_s)

    def add(self, attribute: str, members: Iterable[str]) -> Self:
        """Add the members to the attribute's string set; the order of updates doesn't matter."""
        if chosen := set(members):
            self._add.append(f"{self.name(attribute)} {self.value(chosen)}")
        return self

    def increment(self, attribute: str, *, by: int = 1) -> Self:
        """Add a number to the attribute; an attribute that the row lacks counts as 0."""
        self._add.append(f"{self.name(attribute)} {self.value(by)}")
        return self

    def remove(self, *attributes: str) -> Self:
        """Remove the attributes."""
        self._remove.extend(self.name(attribute) for attribute in attributes)
        return self

    def request(self) -> dict[str, Any]:
        """Return the arguments of the call, without the table and the key."""
        clauses = [("SET", self._set), ("ADD", self._add), ("REMOVE", self._remove)]
        expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)
        return {"UpdateExpression": expression, **super().request()}


def set_or_remove(update: Update, **attributes: object) -> Update:
    """Set each attribute in the update; remove those that are None."""
    return update.set(**attributes).remove(*(name for name, value in attributes.items() if value is None))
