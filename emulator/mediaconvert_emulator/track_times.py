"""The times of a track's packets, and the length of an input with several tracks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mediaconvert_emulator.frame_rate import measured_frame_rate
from mediaconvert_emulator.media import TrackRange

JUMP_THRESHOLD_S = 10
"""ffmpeg treats a longer gap in a transport stream as a break in its clock, and removes it."""
TAIL_TOLERANCE_S = 0.1
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
    last_length: int = 0

    def jump_s(self, dts: int | None) -> Fraction:
        """Return the length of the break in the clock before the packet with the time `dts`; 0 if there is none."""
        if dts is None:
            return Fraction(0)
        before, self.last_dts = self.last_dts, dts + self.shift
        gap = 0 if before is None else self.last_dts - before
        if abs(gap) * self.time_base <= JUMP_THRESHOLD_S:
            return Fraction(0)
        self.last_dts = before
        return (gap - self.last_length) * self.time_base

    def shift_back(self, jump_s: Fraction) -> None:
        """Move all further packets back by the length of a break."""
        self.shift -= round(jump_s / self.time_base)

    def add(self, pts: int | None, dts: int | None, length: int | None) -> None:
        """Count one packet."""
        self.count += 1
        self.last_length = length or 0
        self.total_length += length or 0
        time = dts if pts is None else pts
        if time is None:
            return
        start = time + self.shift
        self.starts.append(start)
        self.end = start + (length or 0) if self.end is None else max(self.end, start + (length or 0))

    def range(self, start_s: Fraction, frame_rate: Fraction | None = None) -> TrackRange | None:
        """Return the range of the track from the input's start; a video track has a frame rate."""
        end_s = _video_end_s(self, start_s, frame_rate) if frame_rate else _end_s(self, start_s)
        if end_s is None:
            return None
        first_s = min(self.starts) * self.time_base - start_s if self.starts else Fraction(0)
        return TrackRange(start_s=float(first_s), end_s=float(end_s))

    def frame_rate(self, declared: Fraction | None) -> Fraction:
        """Return the constant rate of a video track's pictures."""
        return measured_frame_rate(self.starts, self.time_base, declared)


def media_duration_s(video: TrackRange | None, audios: Sequence[TrackRange]) -> float | None:
    """Return the length of an input: the end of its longest usable track; None if it is unknown.

    The picture decides the length if the sound ends only a little later.
    """
    audio_end_s = max((audio.end_s for audio in audios), default=None)
    if video is None or audio_end_s is None:
        return video.end_s if video else audio_end_s
    return video.end_s if audio_end_s <= video.end_s + TAIL_TOLERANCE_S else audio_end_s


def _end_s(times: TrackTimes, start_s: Fraction) -> Fraction | None:
    end_s = times.total_length * times.time_base if times.end is None else times.end * times.time_base - start_s
    return end_s if end_s > 0 else None


def _video_end_s(times: TrackTimes, start_s: Fraction, frame_rate: Fraction) -> Fraction | None:
    if times.end is None:
        return _end_s(times, start_s) or times.count / frame_rate
    if max(times.starts) >= times.end:  # the last picture has no length
        return times.end * times.time_base - start_s + 1 / frame_rate
    return _end_s(times, start_s)
