"""Computes MediaConvert's percentages from ffmpeg's progress reports. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from mediaconvert_emulator.json_types import JsonObject

PROBING_PERCENT = 5
TRANSCODING_PERCENT = 85


class Phase(StrEnum):
    """The phases of a job in progress, in order."""

    PROBING = "PROBING"
    TRANSCODING = "TRANSCODING"
    UPLOADING = "UPLOADING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A job's progress. A percentage is None if it is unknown."""

    phase: Phase = Phase.PROBING
    phase_percent: int | None = 0
    frames_decoded: int = 0

    @property
    def job_percent(self) -> int | None:
        """The job's percentage, of which probing is 5 %, transcoding 85 % and uploading 10 %."""
        if self.phase_percent is None:
            return None
        match self.phase:
            case Phase.PROBING:
                return self.phase_percent * PROBING_PERCENT // 100
            case Phase.TRANSCODING:
                return PROBING_PERCENT + self.phase_percent * TRANSCODING_PERCENT // 100
            case Phase.UPLOADING:
                before = PROBING_PERCENT + TRANSCODING_PERCENT
                return before + self.phase_percent * (100 - before) // 100

    def not_before(self, earlier: "Progress") -> "Progress":
        """Return this progress, or the earlier one if it is further in the same phase.

        ffmpeg's reports can go back: it reports the output that was written least, and no time before the first packet.
        """
        is_behind = (
            self.phase is earlier.phase
            and self.phase_percent is not None
            and earlier.phase_percent is not None
            and self.phase_percent < earlier.phase_percent
        )
        return replace(self, phase_percent=earlier.phase_percent) if is_behind else self

    def to_json(self) -> JsonObject:
        """Return the `jobProgress` of a STATUS_UPDATE; an unknown percentage is absent, as on AWS."""
        percentage = {} if self.job_percent is None else {"jobPercentComplete": self.job_percent}
        phases = {str(phase): self._phase_json(phase) for phase in Phase}
        return {"phaseProgress": phases, **percentage, "currentPhase": str(self.phase), "retryCount": 0}

    def _phase_json(self, phase: Phase) -> JsonObject:
        order = list(Phase)
        if order.index(phase) < order.index(self.phase):
            return {"status": "COMPLETE", "percentComplete": 100}
        if phase is not self.phase:
            return {"status": "PENDING", "percentComplete": 0}
        percentage = {} if self.phase_percent is None else {"percentComplete": self.phase_percent}
        return {"status": "PROGRESSING", **percentage}


def percent(done: float, total: float | None) -> int | None:
    """Return `done` of `total` as a percentage from 0 to 100, or None if the total is unknown."""
    if not total or total <= 0:
        return None
    return max(0, min(100, int(100 * done / total)))


def transcoding_progress(report: dict[str, str], duration_s: float | None) -> Progress:
    """Return the progress after one block of ffmpeg's `-progress` output."""
    out_time_us = report.get("out_time_us", "N/A")
    done_s = int(out_time_us) / 1_000_000 if out_time_us.lstrip("-").isdigit() else 0.0
    frames = report.get("frame", "0")
    return Progress(
        phase=Phase.TRANSCODING,
        phase_percent=percent(done_s, duration_s),
        frames_decoded=int(frames) if frames.isdigit() else 0,
    )
