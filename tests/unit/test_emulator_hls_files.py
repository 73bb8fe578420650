"""The parts of HLS outputs: keyframes in transport streams, dates, and which manifests are written."""

from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job_settings_check import parse_used_settings
from mediaconvert_emulator.media import Media, VideoStream
from mediaconvert_emulator.program_date import first_date, with_dates
from mediaconvert_emulator.segments import Segment
from mediaconvert_emulator.stream_spec import ProgramDate
from mediaconvert_emulator.timecode import parse_timecode
from mediaconvert_emulator.transport_stream import PACKET_BYTES, keyframes
from tests.emulator_examples import HLS, example_settings, with_values

VIDEO_PID, AUDIO_PID = 256, 257


def _packet(pid: int, *, is_first: bool = False, is_random_access: bool = False, unit: bytes = b"") -> bytes:
    adaptation = b"\x01\x40" if is_random_access else b"\x01\x00"
    header = bytes([0x47, (0x40 if is_first else 0) | pid >> 8, pid & 0xFF, 0x30])
    return (header + adaptation + unit).ljust(PACKET_BYTES, b"\xff")


def _unit(time: int, stream: int = 0xE0) -> bytes:
    pts = [0x21 | time >> 29 & 0xE, time >> 22 & 0xFF, time >> 14 & 0xFE | 1, time >> 7 & 0xFF, time << 1 & 0xFE | 1]
    return b"\0\0\1" + bytes([stream, 0, 0, 0x80, 0x80, 5, *pts])


def _picture(time: int, packets: int, *, is_keyframe: bool) -> bytes:
    first = _packet(VIDEO_PID, is_first=True, is_random_access=is_keyframe, unit=_unit(time))
    return first + _packet(VIDEO_PID) * (packets - 1)


def test_keyframes_are_found_between_other_pictures_and_tracks() -> None:
    """A keyframe ends with its last packet; tables, sound and other pictures don't belong to it."""
    tables = _packet(0, is_first=True) * 2
    sound = _packet(AUDIO_PID, is_first=True, is_random_access=True, unit=_unit(0, 0xC0)) + _packet(AUDIO_PID)
    data = (
        tables
        + _picture(90_000, 4, is_keyframe=True)
        + sound
        + _picture(93_600, 2, is_keyframe=False)
        + _picture(270_000, 3, is_keyframe=True)
        + sound
    )

    found = keyframes(data)

    assert [(frame.offset, frame.size_bytes) for frame in found] == [
        (2 * PACKET_BYTES, 4 * PACKET_BYTES),
        (10 * PACKET_BYTES, 3 * PACKET_BYTES),
    ]
    assert [frame.time_s for frame in found] == [1, 3]


@given(st.integers(0, 2**33 - 1))
def test_a_time_of_33_bits_is_read(time: int) -> None:
    """The bits are in three parts, with a marker after each."""
    (frame,) = keyframes(_picture(time, 1, is_keyframe=True))

    assert frame.time_s == time / 90_000


@pytest.mark.parametrize("data", [b"\x47" * 10, bytes(PACKET_BYTES)])
def test_another_file_is_an_error(data: bytes) -> None:
    """A playlist is never made from a wrong file."""
    with pytest.raises(ValueError, match="MPEG-TS"):
        keyframes(data)


def _media(timecode: str | None) -> Media:
    video = VideoStream(
        stream_id=1,
        codec="h264",
        four_cc="",
        width_px=640,
        height_px=360,
        pixel_aspect=Fraction(1),
        rotation_degrees=0,
        frame_rate=Fraction(25),
        bit_depth=8,
        color_format="YUV_420",
        is_interlaced=False,
        timecode=timecode,
    )
    return Media(container="mp4", duration_s=10, video=video, audios=())


@pytest.mark.parametrize(
    ("start", "is_embedded", "timecode", "expected"),
    [
        (None, False, "10:00:00:00", "2003-01-25T00:00:00"),
        (None, True, "10:00:00:05", "2003-01-25T10:00:00.200000"),
        (None, True, None, "2003-01-25T00:00:00"),
        (None, True, "10:00:00:99", "2003-01-25T00:00:00"),
        ("01:00:00:00", False, "10:00:00:00", "2003-01-25T01:00:00"),
    ],
)
def test_the_first_date_is_that_of_the_timecode(
    start: str | None, timecode: str | None, expected: str, *, is_embedded: bool
) -> None:
    """The job's timecode source decides; a timecode that names no frame is midnight."""
    program = ProgramDate(
        day=date(2003, 1, 25), start=parse_timecode(start) if start else None, is_embedded=is_embedded, period_s=600
    )
    assert first_date(program, _media(timecode)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(("period_s", "dated"), [(0, [0, 6, 12, 18]), (6, [0, 6, 12, 18]), (7, [0, 12]), (600, [0])])
def test_dates_are_at_least_a_period_apart(period_s: int, dated: list[int]) -> None:
    """The first segment always has one."""
    segments = [Segment(name=str(number), duration_s=6) for number in range(4)]
    first = datetime(2003, 1, 25)  # noqa: DTZ001 (the playlist adds the zone)
    found = with_dates(segments, first, period_s)

    assert [(each.program_date - first).total_seconds() for each in found if each.program_date] == dated


def test_an_anchor_is_refused_only_with_dates() -> None:
    """Without them it changes nothing."""
    changes = {"/timecodeConfig/anchor": "01:00:00:00"}
    parse_used_settings(with_values(example_settings(), changes), is_strict=True)

    with pytest.raises(BadRequestException, match=r"^/timecodeConfig/anchor: "):
        parse_used_settings(
            with_values(example_settings(), changes | {f"{HLS}/programDateTime": "INCLUDE"}), is_strict=True
        )
