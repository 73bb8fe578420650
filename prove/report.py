"""The report of a proof, as Markdown and as JSON. Pure: it contains no token, no signed URL and no key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    """The result of one step."""

    PASSED = "passed"
    FAILED = "FAILED"
    SKIPPED = "skipped"
    """The step doesn't apply, or needs something that isn't there; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step: its outcome, one line about it, its duration and its cost."""

    name: str
    outcome: Outcome
    text: str
    seconds: float
    cents: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """The responses and events that were seen, and the fields that differ from the known shapes."""

    counts: Mapping[str, int]
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    undeclared: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole proof."""

    address: str
    began_at: str
    """In ISO 8601."""
    steps: Sequence[StepResult]
    shapes: Shapes
    unseen: Sequence[str]
    """Sentences about what this proof could not see."""

    @property
    def is_proven(self) -> bool:
        """True if no step failed."""
        return all(each.outcome is not Outcome.FAILED for each in self.steps)

    @property
    def cents(self) -> float:
        """The cost of all steps."""
        return sum(each.cents for each in self.steps)


def step_line(step: StepResult) -> str:
    """Return the line that the command prints after a step."""
    cents = f"{step.cents:.2f} ct" if step.cents else ""
    return f"{step.name:<28} {step.outcome.value:<8} {step.seconds:>6.1f} s {cents:>9}  {step.text}".rstrip()


def conclusion(report: Report) -> str:
    """Return the line that the command prints after the last step."""
    differing = {*report.shapes.unknown, *report.shapes.missing, *report.shapes.undeclared}
    return (
        f"{report.cents:.2f} cents at list prices; {len(report.shapes.counts)} kinds of responses and events seen, "
        f"{len(differing)} differ from the known shapes"
    )


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    body = {
        "address": report.address,
        "began_at": report.began_at,
        "is_proven": report.is_proven,
        "cents": round(report.cents, 3),
        "steps": [
            {
                "name": each.name,
                "outcome": each.outcome.value.lower(),
                "text": each.text,
                "seconds": round(each.seconds, 2),
                "cents": round(each.cents, 3),
            }
            for each in report.steps
        ],
        "responses": dict(sorted(report.shapes.counts.items())),
        "fields_sent_and_not_read": {name: sorted(each) for name, each in sorted(report.shapes.unknown.items())},
        "fields_expected_and_not_sent": {name: sorted(each) for name, each in sorted(report.shapes.missing.items())},
        "undeclared_responses": sorted(report.shapes.undeclared),
        "not_seen": list(report.unseen),
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def as_markdown(report: Report) -> str:
    """Return the report as Markdown."""
    conclusion = "Every step passed or was skipped." if report.is_proven else "A step failed."
    lines = [
        f"# Proof of {report.address}",
        "",
        f"Begun at {report.began_at}. {conclusion} Cost at list prices of US East: {report.cents:.2f} cents.",
        "",
        "| step | outcome | seconds | cents | result |",
        "|---|---|---|---|---|",
        *(
            f"| {each.name} | {each.outcome.value} | {each.seconds:.1f} | {each.cents:.2f} | {_cell(each.text)} |"
            for each in report.steps
        ),
        "",
        "## Shapes",
        "",
        "| response or event | seen | sent and not read | expected and not sent |",
        "|---|---|---|---|",
        *(
            f"| {name} | {report.shapes.counts.get(name, '')} | {_fields(report.shapes.unknown.get(name))} "
            f"| {_fields(report.shapes.missing.get(name))} |"
            for name in sorted({*report.shapes.counts, *report.shapes.missing})
        ),
        "",
        *(f"- Not declared in docs/openapi.json: {each}" for each in sorted(report.shapes.undeclared)),
        *(f"- Not seen: {each}" for each in report.unseen),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _fields(names: Sequence[str] | None) -> str:
    return ", ".join(f"`{each}`" for each in sorted(names or ())) or "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
