"""The times of a track's packets, and the length of an input with several tracks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mediaconvert_emulator.frame_rate import DEFAULT_FRAME_RATE, measured_frame_rate

JUMP_THRESHOLD_S = 10
"""ffmpeg treats a longer gap in a transport stream as a break in its clock, and removes it."""
TAIL_TOLERANCE_S = Fraction(1, 10)
"""Sound may end this much after the picture without an effect. Encoders pad sound; AWS warns from 100 ms on."""


@dataclass(slots=True)
class TrackTimes:
    """The times of one track's packets, in units of `time_base` seconds."""

    time_base: Fraction
    count: int = 0
    starts: list[int] = field(default_factory=list)
    end: int | None = None
    total_length: int = 0
    shift: int = 0
    """Is added to all further times, to remove breaks in the clock."""
    last_dts: int | None = None

    def jump_s(self, dts: int | None) -> Fraction:
        """Return the length of the break in the clock before the packet with the time `dts`; 0 if there is none."""
        if dts is None:
            return Fraction(0)
        before, self.last_dts = self.last_dts, dts + self.shift
        gap = 0 if before is None else self.last_dts - before
        if abs(gap) * self.time_base <= JUMP_THRESHOLD_S:
            return Fraction(0)
        self.last_dts = before
        return gap * self.time_base

    def shift_back(self, jump_s: Fraction) -> None:
        """Move all further packets back by the length of a break."""
        self.shift -= round(jump_s / self.time_base)

    def add(self, pts: int | None, dts: int | None, length: int | None) -> None:
        """Count one packet."""
        self.count += 1
        self.total_length += length or 0
        time = dts if pts is None else pts
        if time is None:
            return
        start = time + self.shift
        self.starts.append(start)
        self.end = start + (length or 0) if self.end is None else max(self.end, start + (length or 0))

    def frame_rate(self, declared: Fraction | None) -> Fraction:
        """Return the constant rate of a video track's pictures."""
        return measured_frame_rate(self.starts, self.time_base, declared)


def media_duration_s(
    video: TrackTimes | None, audios: Sequence[TrackTimes], *, start_s: Fraction, frame_rate: Fraction | None
) -> float | None:
    """Return the length of an input from `start_s` to the end of its longest usable track; None if it is unknown.

    The picture decides the length if the sound ends only a little later.
    """
    ends = [end for end in (_end_s(times, start_s) for times in audios) if end is not None]
    audio_end = max(ends, default=None)
    video_end = _video_end_s(video, start_s, frame_rate or DEFAULT_FRAME_RATE) if video else None
    if video_end is None:
        return float(audio_end) if audio_end else None
    if audio_end is None or audio_end <= video_end + TAIL_TOLERANCE_S:
        return float(video_end)
    return float(audio_end)


def _end_s(times: TrackTimes, start_s: Fraction) -> Fraction | None:
    end_s = times.total_length * times.time_base if times.end is None else times.end * times.time_base - start_s
    return end_s if end_s > 0 else None


def _video_end_s(times: TrackTimes, start_s: Fraction, frame_rate: Fraction) -> Fraction | None:
    if times.end is None:
        return _end_s(times, start_s) or times.count / frame_rate
    if max(times.starts) >= times.end:  # the last picture has no length
        return times.end * times.time_base - start_s + 1 / frame_rate
    return _end_s(times, start_s)
