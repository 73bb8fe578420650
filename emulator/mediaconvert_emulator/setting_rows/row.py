"""The form of the tables of settings that no parser reads. Pure.

A setting that a parser reads is *done*, and has no row. Each other setting has exactly one row, which says what the
emulator does with a value.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """The emulator's result for a value that is not one of the row's `same` values."""

    REFUSED = "refused"
    """A 400 that names the setting."""
    NONE_HERE = "without effect here"
    """A warning; in strict mode a 400. AWS's output would differ."""
    NONE_ON_AWS = "without effect on AWS"
    """A warning; in strict mode a 400. AWS's output doesn't differ either."""
    LABEL = "label"
    """Nothing. AWS's outputs don't depend on it: a name, or a detail of something that is refused anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One row: the members that the pattern matches, and the values for which the output is the same as AWS's."""

    pattern: str
    """`{a,b}` are alternatives, `**` at the end is every member below."""
    effect: Effect
    same: tuple[object, ...] = ()
    reason: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """The pattern without alternatives."""
        return expand(self.pattern)


def expand(pattern: str) -> tuple[str, ...]:
    """Return a pattern's alternatives."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return (pattern,)
    before, after = pattern[: match.start()], pattern[match.end() :]
    return tuple(text for choice in match[1].split(",") for text in expand(f"{before}{choice}{after}"))


def refused(pattern: str, *same: object, reason: str = "") -> SettingRow:
    """Return the row of a setting that is refused, except for the values that request nothing else than is done."""
    return SettingRow(pattern=pattern, effect=Effect.REFUSED, same=same, reason=reason)


def ignored_here(pattern: str, *same: object, reason: str = "") -> SettingRow:
    """Return the row of a setting without effect here: finer points of encoders and of MPEG-TS."""
    return SettingRow(pattern=pattern, effect=Effect.NONE_HERE, same=same, reason=reason)


def ignored_on_aws(pattern: str, *same: object, reason: str = "") -> SettingRow:
    """Return the row of a setting without effect on AWS as well."""
    return SettingRow(pattern=pattern, effect=Effect.NONE_ON_AWS, same=same, reason=reason)


def label(pattern: str, *, reason: str = "") -> SettingRow:
    """Return the row of a setting that changes no output on AWS."""
    return SettingRow(pattern=pattern, effect=Effect.LABEL, reason=reason)
