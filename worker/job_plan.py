"""The facts about a job that are decided before it is created, and needed again when it ends. Pure.

The claim and the job's key row store them, so that a repeated delivery and the job's last event have the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transcode.billing import BilledOutput, Billing, MadeOutput, OutputFormat, billing
from transcode.job import Completed, JobWarning
from transcode.row_mapping import attributes_of, shape_of

CLIPPED_CODE = 413
"""The code of our own warning that a video was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """The expected cost of a job, the format of each output in the order of its settings, and the end of the clip.

    A format is None if it isn't known, or has no part in AWS's bill. `estimate` is None without a probe.
    """

    formats: Sequence[OutputFormat | None]
    clip_ms: int
    estimate: Billing | None = None

    def to_row(self) -> dict[str, Any]:
        """Return the plan as the value of one attribute."""
        return {
            "Formats": [str(each or "") for each in self.formats],
            "ClipMs": self.clip_ms,
            "Estimate": attributes_of(self.estimate) if self.estimate else None,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "JobPlan":
        """Return the plan that an attribute has."""
        return cls(
            formats=[OutputFormat.parse(each) if each else None for each in row["Formats"]],
            clip_ms=int(row["ClipMs"]),
            estimate=shape_of(Billing, row["Estimate"]) if row.get("Estimate") else None,
        )


def with_cost(event: Completed, plan: JobPlan | None, *, price_usd: float | None) -> Completed:
    """Return the event with the cost of the outputs, and with a warning if the job was clipped."""
    if plan is None:
        return event
    outputs = _billed(event.made, plan)
    lengths = [
        output.duration_ms
        for made, output in zip(event.made, outputs, strict=True)
        if output.duration_ms is not None and not (made.is_capture or output.is_capture)
    ]
    length_ms = max(lengths, default=0)
    warnings = event.warnings | ({clipped_warning(plan.clip_ms)} if length_ms > plan.clip_ms else set())
    billed = billing(outputs, duration_ms=length_ms, price_usd=price_usd) if lengths else None
    return replace(event, warnings=warnings, billed=billed)


def clipped_warning(clip_ms: int) -> JobWarning:
    """Return the warning of a job whose input was longer than the clip.

    The clip includes the frame of its end timecode, so only such a job makes outputs that are longer than the limit.
    """
    return JobWarning(
        code=CLIPPED_CODE, message=f"The video was cut after {clip_ms // 1000} seconds, the longest that is accepted."
    )


def _billed(made: Sequence[MadeOutput], plan: JobPlan) -> list[BilledOutput]:
    """Return the made outputs with their formats; without a format where the two don't belong together."""
    belong = len(made) == len(plan.formats)
    formats = plan.formats if belong else [None] * len(made)
    return [
        BilledOutput(format=format_, height_px=output.height_px, duration_ms=output.duration_ms)
        for output, format_ in zip(made, formats, strict=True)
    ]
