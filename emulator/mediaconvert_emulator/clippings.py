"""The clips of an input: which parts of it the outputs contain, joined in order. Pure."""

from dataclasses import dataclass
from fractions import Fraction

from mediaconvert_emulator.errors import BadRequestException, ClippingNotFound
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.timecode import AUDIO_FRAME_RATE, Timecode, parse_timecode

EMULATED_SOURCE = "ZEROBASED"
DEFAULT_SOURCE = "EMBEDDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """One clip of an input. It includes the frames of both timecodes; None means the input's start or end."""

    start: Timecode | None
    end: Timecode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of an input, in seconds from its start; the end is exclusive."""

    start_s: Fraction
    end_s: Fraction

    @property
    def length_s(self) -> Fraction:
        """The length of the part."""
        return self.end_s - self.start_s


def parse_clippings(job_input: JsonObject, pointer: str) -> tuple[Clipping, ...]:
    """Parse an input's clips.

    The emulator counts timecodes from the start of the input. So it refuses clips by the timecodes that the input
    contains, which are also the default.

    Raises:
        BadRequestException: A clip has no timecode, ends before its start or before the clip in front of it, or the
            source of the timecodes is not emulated.
    """
    clippings: list[Clipping] = []
    for index, item in enumerate(job_input.get("inputClippings") or []):
        clip_pointer = f"{pointer}/inputClippings/{index}"
        start = _parse(item.get("startTimecode"), f"{clip_pointer}/startTimecode")
        end = _parse(item.get("endTimecode"), f"{clip_pointer}/endTimecode")
        if start is None and end is None:
            raise BadRequestException(f"{clip_pointer}: Should have a startTimecode or an endTimecode")
        if start and end and end < start:
            raise BadRequestException(f"{clip_pointer}/endTimecode: Should not be before startTimecode")
        if clippings:
            before = clippings[-1].end
            if before is None or start is None or start <= before:
                raise BadRequestException(f"{clip_pointer}: Should begin after the end of the clip before it")
        clippings.append(Clipping(start=start, end=end))
    source = job_input.get("timecodeSource") or DEFAULT_SOURCE
    if clippings and source != EMULATED_SOURCE:
        raise BadRequestException(
            f"{pointer}/timecodeSource: {source} is not emulated for clippings; {EMULATED_SOURCE} is"
        )
    return tuple(clippings)


def clip_spans(
    clippings: tuple[Clipping, ...], *, length_s: Fraction, frame_rate: Fraction | None, input_number: int = 1
) -> tuple[Span, ...]:
    """Return the parts of an input that the outputs contain; without clips, the whole input.

    A clip that ends after the input ends with it.

    Args:
        clippings: The clips, in order.
        length_s: The input's length.
        frame_rate: The rate of the input's pictures; None for an input without video.
        input_number: The number of the input in error messages, from 1.

    Raises:
        ClippingNotFound: A clip is not in the input.
    """
    if not clippings:
        return (Span(start_s=Fraction(0), end_s=length_s),)
    rate = frame_rate or AUDIO_FRAME_RATE
    spans = []
    for clipping in clippings:
        start_s = clipping.start.start_s(rate) if clipping.start else Fraction(0)
        end_s = clipping.end.end_s(rate) if clipping.end else length_s
        if start_s is None or end_s is None or start_s >= length_s:
            raise ClippingNotFound(_not_found_message(clipping, input_number))
        spans.append(Span(start_s=start_s, end_s=min(end_s, length_s)))
    return tuple(spans)


def _parse(text: str | None, pointer: str) -> Timecode | None:
    if text is None:
        return None
    timecode = parse_timecode(text)
    if timecode is None:
        raise BadRequestException(f"{pointer}: Should be a timecode such as 00:01:30:12")
    return timecode


def _not_found_message(clipping: Clipping, input_number: int) -> str:
    if clipping.start and clipping.end:
        clip = f"region [{clipping.start}] to [{clipping.end}]"
    elif clipping.start:
        clip = f"start timecode [{clipping.start}]"
    else:
        clip = f"end timecode [{clipping.end}]"
    return f"The clipping {clip} was not found in input number [{input_number}]"
