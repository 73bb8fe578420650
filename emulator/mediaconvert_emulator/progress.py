"""How far a job is: ffmpeg's report in, MediaConvert's percentages out."""

from dataclasses import dataclass
from enum import StrEnum

from mediaconvert_emulator.overlay import JsonObject

PROBING_SHARE_PERCENT = 5
TRANSCODING_SHARE_PERCENT = 85


class Phase(StrEnum):
    """What a job in progress is doing, in this order."""

    PROBING = "PROBING"
    TRANSCODING = "TRANSCODING"
    UPLOADING = "UPLOADING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is. A percentage of None is one that can't be told."""

    phase: Phase = Phase.PROBING
    phase_percent: int | None = 0
    frames_decoded: int = 0

    @property
    def job_percent(self) -> int | None:
        """The whole job's percentage: probing is 5 %, transcoding 85 %, uploading 10 %."""
        if self.phase_percent is None:
            return None
        match self.phase:
            case Phase.PROBING:
                return self.phase_percent * PROBING_SHARE_PERCENT // 100
            case Phase.TRANSCODING:
                return PROBING_SHARE_PERCENT + self.phase_percent * TRANSCODING_SHARE_PERCENT // 100
            case Phase.UPLOADING:
                before = PROBING_SHARE_PERCENT + TRANSCODING_SHARE_PERCENT
                return before + self.phase_percent * (100 - before) // 100

    def wire(self) -> JsonObject:
        """The `jobProgress` of a STATUS_UPDATE; a percentage that can't be told is missing, as on AWS."""
        known = {} if self.job_percent is None else {"jobPercentComplete": self.job_percent}
        phases = {str(phase): self._phase_wire(phase) for phase in Phase}
        return {"phaseProgress": phases, **known, "currentPhase": str(self.phase), "retryCount": 0}

    def _phase_wire(self, phase: Phase) -> JsonObject:
        order = list(Phase)
        if order.index(phase) < order.index(self.phase):
            return {"status": "COMPLETE", "percentComplete": 100}
        if phase is not self.phase:
            return {"status": "PENDING", "percentComplete": 0}
        known = {} if self.phase_percent is None else {"percentComplete": self.phase_percent}
        return {"status": "PROGRESSING", **known}


def percent(done: float, whole: float | None) -> int | None:
    """`done` of `whole` as a percentage from 0 to 100, or None where the whole isn't known."""
    if not whole or whole <= 0:
        return None
    return max(0, min(100, int(100 * done / whole)))


def transcoding(report: dict[str, str], duration_s: float | None) -> Progress:
    """The progress that one block of ffmpeg's `-progress` output means."""
    out_time_us = report.get("out_time_us", "N/A")
    done_s = int(out_time_us) / 1_000_000 if out_time_us.lstrip("-").isdigit() else 0.0
    frames = report.get("frame", "0")
    return Progress(
        phase=Phase.TRANSCODING,
        phase_percent=percent(done_s, duration_s),
        frames_decoded=int(frames) if frames.isdigit() else 0,
    )
