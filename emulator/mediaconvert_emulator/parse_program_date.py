"""Parses the settings of the dates in HLS playlists, of which some belong to the whole job. Pure."""

from dataclasses import dataclass
from datetime import date

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.stream_spec import ProgramDate
from mediaconvert_emulator.timecode import Timecode, parse_timecode

DEFAULT_PERIOD_S = 600
"""The console's."""
FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimecodes:
    """The job's timecodeConfig, of which only the dates of HLS playlists depend."""

    day: date
    start: Timecode | None
    is_embedded: bool
    has_anchor: bool


def parse_job_timecodes(settings: JsonObject) -> JobTimecodes:
    """Parse the timecodeConfig of a job's settings.

    Raises:
        BadRequestException: The date doesn't exist.
    """
    timecodes = settings.get("timecodeConfig") or {}
    source, offset, start = (timecodes.get(name) for name in ("source", "timestampOffset", "start"))
    try:
        day = date.fromisoformat(offset) if offset else FIRST_DAY
    except ValueError as error:
        raise BadRequestException("/timecodeConfig/timestampOffset: Should be a date") from error
    return JobTimecodes(
        day=day,
        start=parse_timecode(start) if start and source == "SPECIFIEDSTART" else None,
        is_embedded=(source or "EMBEDDED") == "EMBEDDED",
        has_anchor="anchor" in timecodes,
    )


def parse_program_date(group: JsonObject, timecodes: JobTimecodes) -> ProgramDate | None:
    """Return the dates of an HLS group, or None if its playlists have none.

    Raises:
        BadRequestException: The dates need an anchor, which is not emulated.
    """
    is_included = group.get("programDateTime") == "INCLUDE"
    period_s: int = group.get("programDateTimePeriod", DEFAULT_PERIOD_S)
    if not is_included:
        return None
    if timecodes.has_anchor:
        raise BadRequestException("/timecodeConfig/anchor: An anchor is not emulated with programDateTime INCLUDE")
    return ProgramDate(day=timecodes.day, start=timecodes.start, is_embedded=timecodes.is_embedded, period_s=period_s)
