"""Timecodes and clips of the emulator's input."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.clippings import Clipping, Span, clip_spans, parse_clippings
from mediaconvert_emulator.errors import BadRequestException, ClippingNotFound
from mediaconvert_emulator.timecode import Timecode, parse_timecode

NTSC = Fraction(30000, 1001)
ZEROBASED = {"timecodeSource": "ZEROBASED"}


def _timecode(text: str) -> Timecode:
    timecode = parse_timecode(text)
    assert timecode is not None
    return timecode


@pytest.mark.parametrize(
    ("text", "rate", "number"),
    [
        ("00:00:00:00", Fraction(25), 0),
        ("00:00:10:24", Fraction(25), 274),
        ("01:00:00:00", Fraction(25), 90_000),
        ("00:01:00:00", NTSC, 1800),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17_982),
        ("01:00:00;00", NTSC, 107_892),
        ("00:01:00;04", Fraction(60000, 1001), 3600),
        ("00:00:02:05", Fraction(25, 2), 30),
        ("00:00:02:10@50", Fraction(25), 110),
        ("00:00:02:10@30000:1001", Fraction(25), 70),
    ],
)
def test_a_timecode_names_a_frame(text: str, rate: Fraction, number: int) -> None:
    """29.97 counts 30 frames in a second, and drop-frame timecodes leave out numbers, as SMPTE ST 12 says."""
    assert _timecode(text).frame_number(rate) == number


@pytest.mark.parametrize(
    ("text", "rate"), [("00:00:01:25", Fraction(25)), ("00:01:00;00", NTSC), ("00:00:01:13", Fraction(25, 2))]
)
def test_some_timecodes_name_no_frame(text: str, rate: Fraction) -> None:
    """A second of 25 frames has no frame 25, and drop-frame timecodes leave out two in a minute."""
    assert _timecode(text).frame_number(rate) is None


@given(st.integers(0, 5_000_000))
def test_drop_frame_timecodes_stay_with_the_clock(seconds: int) -> None:
    """A whole minute of the timecode is within two frames of a minute of time."""
    seconds -= seconds % 600
    hours, rest = divmod(seconds % 86_400, 3600)
    timecode = _timecode(f"{hours:02d}:{rest // 60:02d}:00;00")
    start_s = timecode.start_s(NTSC)
    assert start_s is not None
    assert abs(start_s - seconds % 86_400) < Fraction(1, 10)


@pytest.mark.parametrize(
    ("clips", "spans"),
    [
        ([("00:00:02:00", "00:00:03:24")], [(2, 4)]),
        ([(None, "00:00:02:00")], [(0, Fraction(51, 25))]),
        ([("00:00:09:00", None)], [(9, 10)]),
        ([("00:00:09:00", "24:00:00:00")], [(9, 10)]),
        ([("00:00:01:00", "00:00:01:24"), ("00:00:05:00", "00:00:05:24")], [(1, 2), (5, 6)]),
    ],
)
def test_a_clip_includes_the_frames_of_both_timecodes(
    clips: list[tuple[str | None, str | None]], spans: list[tuple[Fraction, Fraction]]
) -> None:
    """A clip that ends after the input ends with it."""
    clippings = tuple(
        Clipping(start=parse_timecode(start) if start else None, end=parse_timecode(end) if end else None)
        for start, end in clips
    )
    found = clip_spans(clippings, length_s=Fraction(10), frame_rate=Fraction(25))
    assert found == tuple(Span(start_s=Fraction(start), end_s=Fraction(end)) for start, end in spans)


def test_sound_without_a_picture_is_clipped_in_hundredths() -> None:
    """The last two digits of its timecodes count hundredths of a second."""
    clip = Clipping(start=None, end=_timecode("00:00:01:49"))
    assert clip_spans((clip,), length_s=Fraction(10), frame_rate=None)[0].end_s == Fraction(3, 2)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("00:12:55;00", None, "The clipping start timecode [00:12:55;00] was not found in input number [1]"),
        (
            "00:00:10:00",
            "00:00:12:00",
            "The clipping region [00:00:10:00] to [00:00:12:00] was not found in input number [1]",
        ),
        (None, "00:00:01:25", "The clipping end timecode [00:00:01:25] was not found in input number [1]"),
    ],
)
def test_a_clip_outside_the_input_is_an_error_with_awss_text(start: str | None, end: str | None, message: str) -> None:
    """The job fails with the code 1060."""
    clip = Clipping(start=parse_timecode(start) if start else None, end=parse_timecode(end) if end else None)
    with pytest.raises(ClippingNotFound) as caught:
        clip_spans((clip,), length_s=Fraction(10), frame_rate=Fraction(25))
    assert (caught.value.code, caught.value.message) == (1060, message)


@pytest.mark.parametrize(
    ("job_input", "pointer"),
    [
        ({"inputClippings": [{"endTimecode": "00:00:01:00"}]}, "/inputs/0/timecodeSource: EMBEDDED"),
        ({"inputClippings": [{}], **ZEROBASED}, "/inputs/0/inputClippings/0: Should have"),
        (
            {"inputClippings": [{"startTimecode": "00:00:02:00", "endTimecode": "00:00:01:00"}], **ZEROBASED},
            "/inputs/0/inputClippings/0/endTimecode",
        ),
        (
            {"inputClippings": [{"endTimecode": "00:00:02:00"}, {"startTimecode": "00:00:02:00"}], **ZEROBASED},
            "/inputs/0/inputClippings/1: Should begin after",
        ),
        ({"inputClippings": [{"endTimecode": "2 s"}], **ZEROBASED}, "/inputs/0/inputClippings/0/endTimecode"),
    ],
)
def test_contradictory_clips_are_refused(job_input: dict[str, object], pointer: str) -> None:
    """The message names the clip or the source of its timecodes."""
    with pytest.raises(BadRequestException) as caught:
        parse_clippings(job_input, "/inputs/0")
    assert caught.value.message.startswith(pointer)
