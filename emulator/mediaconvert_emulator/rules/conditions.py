"""The conditions of the rules. Pure."""

from fractions import Fraction
from typing import Any

from mediaconvert_emulator.rules.rule import Node, When

DEPENDENCIES = "Should match all dependencies: See other errors for more details"
ONE_SCHEMA = 'Should match exactly one schema defined in "oneOf"'


def has(path: str) -> When:
    """Hold if the value at a path exists."""
    return When(lambda node: node.get(path) is not None)


def lacks(path: str) -> When:
    """Hold if the value at a path is missing."""
    return ~has(path)


def is_(path: str, *values: object) -> When:
    """Hold if the value at a path is one of some values; None stands for a missing value."""
    return When(lambda node: node.get(path) in values)


def is_not(path: str, *values: object) -> When:
    """Hold if the value at a path exists and is none of some values."""
    return has(path) & ~is_(path, *values)


def not_multiple_of(number: int) -> When:
    """Hold if the value is a number that is no multiple."""
    return When(lambda node: isinstance(node.value, int) and node.value % number != 0)


def over(limit: float) -> When:
    """Hold if the value is greater than a limit."""
    return When(lambda node: isinstance(node.value, int | float) and node.value > limit)


def size_is(path: str, *, low: int = 0, high: float = float("inf")) -> When:
    """Hold if an object or list has from `low` to `high` members that are not null."""
    return When(lambda node: low <= size(node.value if path == "" else node.get(path)) <= high)


def size(value: Any) -> int:  # noqa: ANN401 (JSON of any kind)
    """Return the number of members that are not null."""
    members = value.values() if isinstance(value, dict) else value or ()
    return sum(member is not None for member in members)


def frame_rate(node: Node) -> Fraction | None:
    """Return the frame rate that an encoder's settings specify."""
    if node.get("framerateControl") != "SPECIFIED" or not node.get("framerateNumerator"):
        return None
    return Fraction(node.get("framerateNumerator"), node.get("framerateDenominator") or 1)


def required(member: str) -> str:
    """Return AWS's text for a missing member."""
    return f"{member} is a required property"
