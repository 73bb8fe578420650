"""The form of the tables of AWS's refusals, and their evaluation. Pure.

A rule has one row: a place in the settings, a condition, and the text with which MediaConvert refuses the settings.
`Words.PUBLISHED` marks a text that someone published; `Words.OURS` marks a rule that AWS documents without its text.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Words(StrEnum):
    """The origin of a rule's text."""

    PUBLISHED = "published"
    OURS = "ours"


class Kind(StrEnum):
    """The kind of request that contains the settings."""

    JOB = "job"
    TEMPLATE = "template"
    PRESET = "preset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value in the settings, with the values that contain it (the settings first, its parent last)."""

    pointer: str
    value: Any
    parents: tuple[Any, ...]

    def get(self, path: str) -> Any:  # noqa: ANN401 (JSON of any kind)
        """Return the value at a path such as `codec` or `../codec`, or None."""
        value, parents = self.value, list(self.parents)
        for part in path.split("/"):
            if part == "..":
                value = parents.pop()
            elif isinstance(value, dict) and part in value:
                parents.append(value)
                value = value[part]
            else:
                return None
        return value


Test = Callable[[Node], bool]


@dataclass(frozen=True, slots=True)
class When:
    """A condition that can be combined with `&`, `|` and `~`."""

    test: Test

    def __call__(self, node: Node) -> bool:
        """Return whether the condition holds for a value."""
        return self.test(node)

    def __and__(self, other: "When") -> "When":
        return When(lambda node: self.test(node) and other.test(node))

    def __or__(self, other: "When") -> "When":
        return When(lambda node: self.test(node) or other.test(node))

    def __invert__(self) -> "When":
        return When(lambda node: not self.test(node))


Text = str | Callable[[Node], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One refusal of MediaConvert."""

    where: str
    """The JSON pointers of the checked values; `*` is any index or key."""
    breaks: When
    says: Text
    at: str = ""
    """The path from the checked value to the value that the message names; `:` is an empty pointer."""
    also: tuple[tuple[str, str], ...] = ()
    """Further faults of the same message: paths and texts."""
    source: str
    words: Words = Words.PUBLISHED
    kinds: frozenset[Kind] = frozenset(Kind)


def violations(settings: Any, rules: Iterable[Rule], kind: Kind) -> list[str]:  # noqa: ANN401 (JSON of any kind)
    """Return the faults of settings, `<pointer>: <text>`, in the order of the rules, each once."""
    faults: dict[str, None] = {}
    for rule in rules:
        if kind not in rule.kinds:
            continue
        for node in _nodes(settings, rule.where.split("/")[1:], "", ()):
            if rule.breaks(node):
                says = rule.says if isinstance(rule.says, str) else rule.says(node)
                for path, text in ((rule.at, says), *rule.also):
                    faults[f"{_pointer(node.pointer, path)}: {text}"] = None
    return list(faults)


def _nodes(value: Any, parts: list[str], pointer: str, parents: tuple[Any, ...]) -> Iterator[Node]:  # noqa: ANN401
    if value is None:
        return
    if not parts:
        yield Node(pointer=pointer, value=value, parents=parents)
        return
    first, *rest = parts
    for key, item in _children(value):
        if first in ("*", key):
            yield from _nodes(item, rest, f"{pointer}/{key}", (*parents, value))


def _children(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (JSON of any kind)
    match value:
        case dict():
            yield from value.items()
        case list():
            yield from ((str(index), item) for index, item in enumerate(value))
        case _:
            return


def _pointer(base: str, path: str) -> str:
    if path == ":":
        return ""
    for part in filter(None, path.split("/")):
        base = base.rpartition("/")[0] if part == ".." else f"{base}/{part}"
    return base
