"""Reads the statements of IAM policies in templates."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any


def statements(node: object) -> Iterator[dict[str, Any]]:
    """Yield every statement that allows something, at any depth."""
    match node:
        case dict() if node.get("Effect") == "Allow" and "Action" in node:
            yield node
        case dict():
            for value in node.values():
                yield from statements(value)
        case list():
            for value in node:
                yield from statements(value)
        case _:
            return


def actions(node: object) -> set[str]:
    """Return the actions that the statements allow."""
    return {
        action
        for statement in statements(node)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def missing(needed: set[str], granted: set[str]) -> set[str]:
    """Return the needed actions that no granted one, or pattern, contains."""
    return {action for action in needed if not any(fnmatchcase(action, pattern) for pattern in granted)}


def unused(needed: set[str], granted: set[str]) -> set[str]:
    """Return the granted actions and patterns that contain no needed action."""
    return {pattern for pattern in granted if not any(fnmatchcase(action, pattern) for action in needed)}
