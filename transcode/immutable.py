"""The decorator of immutable classes: dataclasses that cost little when a process starts. Pure.

The standard decorator compiles up to eight methods for each class, and a process defines a hundred classes before its
first request (bench row "Lambda cold start"). Here only the constructor is compiled; all classes share the other
methods. docs/adr/0060-cheap-immutable-classes.md has the reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Class = TypeVar("Class")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def immutable(cls: type[Class]) -> type[Class]:
    """Return the class as a dataclass with slots and keyword-only arguments, compared and hashed by its fields.

    mypy refuses an assignment to an attribute. Python doesn't refuse it.
    """
    for name, method in {"__eq__": _equals, "__hash__": _hash, "__repr__": _show}.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return dataclass(slots=True, kw_only=True, eq=False, repr=False)(cls)


def _equals(self: "DataclassInstance", other: object) -> object:
    if type(other) is not type(self):
        return NotImplemented
    values = _values_of(type(self))
    return values(self) == values(other)


def _hash(self: "DataclassInstance") -> int:
    return hash(_values_of(type(self))(self))


def _show(self: "DataclassInstance") -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


@cache
def _values_of(cls: "type[DataclassInstance]") -> Callable[[object], object]:
    """Return the function that reads an object's compared fields."""
    names = [each.name for each in fields(cls) if each.compare]
    return attrgetter(*names) if names else type
