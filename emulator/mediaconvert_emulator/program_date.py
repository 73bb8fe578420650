"""Adds the dates of MediaConvert's tag EXT-X-PROGRAM-DATE-TIME to segments. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from mediaconvert_emulator.media import Media
from mediaconvert_emulator.segments import Segment
from mediaconvert_emulator.stream_spec import ProgramDate
from mediaconvert_emulator.timecode import AUDIO_FRAME_RATE, parse_timecode


def first_date(program: ProgramDate, media: Media) -> datetime:
    """Return the date of the first picture. A timecode that names no frame counts as midnight."""
    frame_rate = media.video.frame_rate if media.video else AUDIO_FRAME_RATE
    embedded = media.video.timecode if media.video and program.is_embedded else None
    timecode = parse_timecode(embedded) if embedded else program.start
    start_s = timecode.start_s(frame_rate) if timecode else None
    return datetime.combine(program.day, time()) + timedelta(seconds=float(start_s or 0))


def with_dates(segments: Sequence[Segment], first: datetime, period_s: int) -> tuple[Segment, ...]:
    """Return the segments with dates: the first one, and each that begins a period or more after the last date."""
    return tuple(_with_dates(segments, first, period_s))


def _with_dates(segments: Sequence[Segment], first: datetime, period_s: int) -> Iterator[Segment]:
    start_s, dated_s = 0.0, None
    for segment in segments:
        if dated_s is None or start_s - dated_s >= period_s:
            dated_s = start_s
            yield replace(segment, program_date=first + timedelta(seconds=start_s))
        else:
            yield segment
        start_s += segment.duration_s
