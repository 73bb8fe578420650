"""Captions: cues and their times, and the text of WebVTT segments. Pure.

https://www.w3.org/TR/webvtt1/ describes WebVTT, and RFC 8216, section 3.5, its segments.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from mediaconvert_emulator.clippings import Span
from mediaconvert_emulator.errors import UnknownJobError

Style = Literal["DISABLED", "ENABLED", "STRICT"]
TAG = re.compile(r"<[^<>]*>")
"""It stops at the next tag: otherwise a file of many angle brackets would take very long."""
MAX_CHARACTERS = 64 << 20
"""The length of all segments together. A file of many cues that last long would need much more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One cue: its time in milliseconds from the start of the input or of the output, and its text in WebVTT."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""
    """Its position, as WebVTT writes it after the times."""
    name: str = ""
    """The line before the times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrack:
    """The cues of a captions file or track; `header` are the blocks with styles and regions of a WebVTT file."""

    cues: tuple[Cue, ...]
    header: str = ""


def moved(track: CaptionTrack, delta_ms: int) -> CaptionTrack:
    """Return the captions with another start. Cues that end before the start of the input are left out."""
    cues = (replace(cue, start_ms=cue.start_ms + delta_ms, end_ms=cue.end_ms + delta_ms) for cue in track.cues)
    return replace(track, cues=tuple(replace(cue, start_ms=max(0, cue.start_ms)) for cue in cues if cue.end_ms > 0))


def clipped(track: CaptionTrack, spans: Sequence[Span]) -> CaptionTrack:
    """Return the captions of the clips, with times from the start of the output."""
    cues: list[Cue] = []
    offset_ms = 0
    for span in spans:
        start_ms, end_ms = round(span.start_s * 1000), round(span.end_s * 1000)
        for cue in track.cues:
            first, last = max(cue.start_ms, start_ms), min(cue.end_ms, end_ms)
            if first < last:
                cues.append(replace(cue, start_ms=first - start_ms + offset_ms, end_ms=last - start_ms + offset_ms))
        offset_ms += end_ms - start_ms
    return replace(track, cues=tuple(cues))


def styled(track: CaptionTrack, style: Style) -> CaptionTrack:
    """Return the captions with as much of their style and position as StylePassthrough says."""
    if style == "STRICT":
        return track
    if style == "ENABLED":
        return replace(track, cues=tuple(replace(cue, name="") for cue in track.cues))
    plain = (replace(cue, name="", settings="", text=TAG.sub("", cue.text)) for cue in track.cues)
    return CaptionTrack(cues=tuple(cue for cue in plain if cue.text.strip()))


def large_segments(total_s: float, segment_s: float) -> tuple[float, ...]:
    """Return the lengths of segments of a fixed length; the last one has the rest."""
    whole, rest = divmod(round(total_s * 1000), round(segment_s * 1000))
    return (segment_s,) * whole + ((rest / 1000,) if rest or not whole else ())


def webvtt_segments(track: CaptionTrack, lengths_s: Sequence[float], *, mpegts: int) -> list[str]:
    """Return the text of each segment.

    A segment has all cues that a player shows during it, so a cue can be in several. Their times count from the start
    of the stream. `mpegts` is the timestamp of the first picture in the video's segments, in units of 1/90000 s.

    Raises:
        UnknownJobError: The segments would be too long.
    """
    head = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegts},LOCAL:00:00:00.000\n"
    head += f"\n{track.header}\n" if track.header else ""
    starts_ms = [round(start_s * 1000) for start_s in accumulate(lengths_s, initial=0.0)]
    segments: list[list[str]] = [[head] for _ in lengths_s]
    length = len(head) * len(segments)
    for cue in sorted(track.cues, key=lambda cue: (cue.start_ms, cue.end_ms)):
        block = f"\n{_block(cue)}\n"
        first = max(0, bisect_right(starts_ms, cue.start_ms) - 1)
        shown = segments[first : bisect_left(starts_ms, cue.end_ms)]
        length += len(block) * len(shown)
        if length > MAX_CHARACTERS:
            raise UnknownJobError("The captions are too long: too many cues last for many segments")
        for segment in shown:
            segment.append(block)
    return ["".join(segment) for segment in segments]


def _block(cue: Cue) -> str:
    name = f"{cue.name}\n" if cue.name else ""
    settings = f" {cue.settings}" if cue.settings else ""
    # An empty line would end the cue.
    text = "\n".join(line for line in cue.text.splitlines() if line.strip())
    return f"{name}{_time(cue.start_ms)} --> {_time(cue.end_ms)}{settings}\n{text}"


def _time(time_ms: int) -> str:
    minutes, milliseconds = divmod(time_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
