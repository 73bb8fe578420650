"""The results of the checks, and the table that shows them. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

TEXT_WIDTH = 88


class Verdict(Enum):
    """The result of one check."""

    OK = "ok"
    NOTE = "note"
    """A deployment works, but an operator should know this."""
    UNCHECKED = "unchecked"
    """AWS didn't allow the check to read what it needs."""
    FAIL = "FAIL"
    """A deployment would fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A fact that couldn't be read, and the reason in one line."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check: its subject, and one line that says what to do if anything."""

    check: str
    verdict: Verdict
    text: str


def ok(check: str, text: str) -> Finding:
    """Return the result of a check that found nothing to do."""
    return Finding(check=check, verdict=Verdict.OK, text=text)


def note(check: str, text: str) -> Finding:
    """Return a result that an operator should know."""
    return Finding(check=check, verdict=Verdict.NOTE, text=text)


def fail(check: str, text: str) -> Finding:
    """Return a result with which a deployment would fail."""
    return Finding(check=check, verdict=Verdict.FAIL, text=text)


def unchecked(check: str, unread: Unread) -> Finding:
    """Return the result of a check whose fact couldn't be read."""
    return Finding(check=check, verdict=Verdict.UNCHECKED, text=f"could not be checked: {unread.reason}")


def failures(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with which a deployment would fail."""
    return [each for each in findings if each.verdict is Verdict.FAIL]


def table(findings: Sequence[Finding]) -> list[str]:
    """Return the lines of the table; a long text continues below itself.

    >>> table([ok("Region", "us-east-1 has MediaConvert")])
    ['Region  ok         us-east-1 has MediaConvert']
    """
    width = max((len(each.check) for each in findings), default=0)
    lines: list[str] = []
    for each in findings:
        first, *rest = textwrap.wrap(each.text, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
        lines.append(f"{each.check:<{width}}  {each.verdict.value:<9}  {first}".rstrip())
        lines += [f"{'':<{width + 13}}{line}" for line in rest]
    return lines


def summary(findings: Sequence[Finding]) -> str:
    """Return the last line: the number of findings of each kind."""
    counts = {verdict: sum(each.verdict is verdict for each in findings) for verdict in Verdict}
    parts = [f"{count} {verdict.value}" for verdict, count in counts.items() if count]
    conclusion = "a deployment would fail" if counts[Verdict.FAIL] else "nothing found that stops a deployment"
    return f"{', '.join(parts)}: {conclusion}"
