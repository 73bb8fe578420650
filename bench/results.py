"""What a run found: figures of several rounds, rows of them, and the table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

MET = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured, once a round."""

    name: str
    unit: str
    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    def __str__(self) -> str:
        """Return the median, and from where to where the rounds went."""
        said = f"{_number(self.median)} {self.unit}".strip()
        if len(self.rounds) == 1 or min(self.rounds) == max(self.rounds):
            return said
        return f"{said} ({_number(min(self.rounds))} to {_number(max(self.rounds))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a row is to reach, and whether it did."""

    said: str
    reached: str
    is_met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table; `error` where it could not be measured."""

    name: str
    what: str
    figures: Sequence[Figure] = ()
    targets: Sequence[Target] = ()
    limit: str = ""
    """What the figures are limited by."""
    error: str = ""
    took_s: float = 0.0
    load: float = 0.0
    """The machine's load average when the row began: over zero, others were at work too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    machine: Mapping[str, str]
    rows: Sequence[Row] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """Return everything, each figure with its rounds."""
        rows = [
            {**asdict(row), "figures": [{**asdict(each), "median": each.median} for each in row.figures]}
            for row in self.rows
        ]
        return {"machine": dict(self.machine), "rows": rows}

    def as_markdown(self) -> str:
        """Return the tables, for people."""
        told = "".join(f"- {name}: {value}\n" for name, value in self.machine.items())
        targets = [
            f"| {row.what} | {target.said} | {target.reached} | {MET[target.is_met]} |"
            for row in self.rows
            for target in row.targets
        ]
        failed = [f"| {row.what} | | could not be measured: {row.error} | **no** |" for row in self.rows if row.error]
        head = ["| what | to reach | found | reached |", "|---|---|---|---|"]
        parts = [f"# Results\n\nWritten by `make bench`. Medians, in brackets the rounds' spread.\n\n{told}"]
        parts.append("\n".join([*head, *targets, *failed]))
        parts.extend(_section(row) for row in self.rows)
        return "\n\n".join(parts) + "\n"


def _section(row: Row) -> str:
    lines = [f"## {row.what}", ""]
    if row.limit:
        lines += [row.limit, ""]
    if row.figures:
        lines += ["| figure | median (spread) |", "|---|---|"]
        lines += [f"| {figure.name} | {figure} |" for figure in row.figures]
        lines.append("")
    lines.append(f"Took {row.took_s:.0f} s; load average {row.load:.1f} at its start.")
    return "\n".join(lines)


def _number(value: float) -> str:
    """Return a number with three figures that count."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 -- three figures
        return f"{value:,.0f}"
    return f"{value:.3g}"


def at_least(said: str, value: float, least: float) -> Target:
    """Return a target that is met from `least` on."""
    return Target(said=said, reached=_number(value), is_met=value >= least)


def at_most(said: str, value: float, most: float) -> Target:
    """Return a target that is met up to `most`."""
    return Target(said=said, reached=_number(value), is_met=value <= most)
