"""Timecodes of the API, HH:MM:SS:FF, and the frames that they name. Pure."""

import re
from dataclasses import dataclass
from fractions import Fraction

PATTERN = re.compile(r"(\d\d):(\d\d):(\d\d)([:;])(\d\d)(?:@(\d+(?:\.\d+)?)(?::(\d+))?)?")
NTSC = Fraction(1000, 1001)
DROPPED_FRAMES_PER_30_FPS = 2
AUDIO_FRAME_RATE = Fraction(100)
"""In an input without video, the last two digits count hundredths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Timecode:
    """One timecode. Timecodes of one clip have an order without the frame rate."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    is_drop_frame: bool
    frame_rate: Fraction | None
    """The rate after `@`; None means the input's."""

    def __str__(self) -> str:
        """Return the timecode as MediaConvert's messages write it."""
        separator = ";" if self.is_drop_frame else ":"
        return f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}{separator}{self.frames:02d}"

    def frame_number(self, input_rate: Fraction) -> int | None:
        """Return the number of the frame from 0, or None if no frame has this timecode.

        Timecodes count 30 frames in a second of 29.97 frames. Drop-frame timecodes leave out two numbers in each minute
        but every tenth, so that they stay with the clock.
        """
        rate = self.frame_rate or input_rate
        nominal = _nominal_rate(rate)
        total_minutes = self.hours * 60 + self.minutes
        total_seconds = total_minutes * 60 + self.seconds
        if nominal is None:
            return int(total_seconds * rate) + self.frames if self.frames < rate else None
        if self.frames >= nominal:
            return None
        number = total_seconds * nominal + self.frames
        if self.is_drop_frame:
            dropped = DROPPED_FRAMES_PER_30_FPS * nominal // 30
            if self.seconds == 0 and self.frames < dropped and self.minutes % 10:
                return None
            number -= dropped * (total_minutes - total_minutes // 10)
        return number

    def start_s(self, input_rate: Fraction) -> Fraction | None:
        """Return the time at which the frame begins, or None if no frame has this timecode."""
        number = self.frame_number(input_rate)
        return None if number is None else number / (self.frame_rate or input_rate)

    def end_s(self, input_rate: Fraction) -> Fraction | None:
        """Return the time at which the frame ends, or None if no frame has this timecode."""
        number = self.frame_number(input_rate)
        return None if number is None else (number + 1) / (self.frame_rate or input_rate)


def parse_timecode(text: str) -> Timecode | None:
    """Return the timecode in the form HH:MM:SS:FF or HH:MM:SS;FF, with @rate or @numerator:denominator, else None."""
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, frames = (int(match[n]) for n in (1, 2, 3, 5))
    rate = Fraction(match[6]) / int(match[7] or 1) if match[6] and match[7] != "0" else None
    return Timecode(
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        frames=frames,
        is_drop_frame=match[4] == ";",
        frame_rate=rate or None,
    )


def _nominal_rate(rate: Fraction) -> int | None:
    """Return the whole number of frames that a timecode's second counts; None if the rate has none, such as 12.5."""
    nominal = round(rate)
    return nominal if nominal and rate in {Fraction(nominal), nominal * NTSC} else None
