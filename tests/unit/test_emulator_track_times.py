"""The lengths and frame rates that the emulator measures from packets."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.frame_rate import measured_frame_rate
from mediaconvert_emulator.media import AudioStream, Media, TrackFault, TrackRange, UnusableVideo
from mediaconvert_emulator.missing_tracks import no_audio_error, no_video_error
from mediaconvert_emulator.track_times import TrackTimes, media_duration_s

MILLISECOND = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("times_ms", "declared", "rate"),
    [
        ([0, 33, 67, 100, 133, 167, 200], None, Fraction(30)),
        ([0, 33, 67, 100, 133, 5000, 5033, 5067], None, Fraction(30)),
        ([200, 0, 80, 40, 160, 120], None, Fraction(25)),
        ([0, 20_000, 40_000], Fraction(1000), Fraction(1)),
        ([0, 4, 8, 13, 17, 21, 25], None, Fraction(120)),
        ([0], Fraction(1, 1200), Fraction(1)),
        ([0], Fraction(30), Fraction(30)),
        ([], None, Fraction(25)),
    ],
)
def test_the_usual_distance_of_pictures_is_the_frame_rate(
    times_ms: list[int], declared: Fraction | None, rate: Fraction
) -> None:
    """Long gaps don't count, and the container's rate counts only without two pictures."""
    assert measured_frame_rate(times_ms, MILLISECOND, declared) == rate


@given(
    st.sampled_from([Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(50), Fraction(60)]),
    st.integers(100, 3000),
    st.sampled_from([1000, 90_000]),
)
def test_a_constant_rate_is_found_on_every_clock(rate: Fraction, count: int, ticks_per_s: int) -> None:
    """A clock of milliseconds can't distinguish 29.97 from 30 in a short video, but the error is below 0.2 %."""
    times = [round(number / rate * ticks_per_s) for number in range(count)]
    assert abs(measured_frame_rate(times, Fraction(1, ticks_per_s), None) - rate) <= rate / 500


@pytest.mark.parametrize(
    ("video_end_s", "audio_ends_s", "expected_s"),
    [
        (4.0, [4.05], 4.0),
        (4.0, [4.2], 4.2),
        (4.0, [1.0], 4.0),
        (None, [2.0, 3.0], 3.0),
        (4.0, [], 4.0),
        (None, [], None),
    ],
)
def test_the_end_of_the_longest_track_is_the_length(
    video_end_s: float | None, audio_ends_s: list[float], expected_s: float | None
) -> None:
    """Sound that ends only a little after the picture doesn't count, because encoders pad it."""
    video = TrackRange(start_s=0, end_s=video_end_s) if video_end_s else None
    assert media_duration_s(video, [TrackRange(start_s=0, end_s=end_s) for end_s in audio_ends_s]) == expected_s


def test_a_break_in_the_clock_is_removed_from_all_tracks() -> None:
    """The second part follows the first one, as if the clock had gone on."""
    times = TrackTimes(MILLISECOND)
    for start in (0, 40, 80, 5_000_000, 5_000_040):
        if jump_s := times.jump_s(start):
            times.shift_back(jump_s)
        times.add(start, start, 40)

    assert times.starts == [0, 40, 80, 120, 160]
    assert times.range(Fraction(0), Fraction(25)) == TrackRange(start_s=0, end_s=0.2)


def test_the_last_picture_lasts_as_long_as_the_others() -> None:
    """Many containers give its start only."""
    times = TrackTimes(MILLISECOND)
    for start in (0, 40, 80):
        times.add(start, None, None)

    assert times.range(Fraction(0), Fraction(25)) == TrackRange(start_s=0, end_s=0.12)


def test_packets_without_times_are_counted() -> None:
    """An elementary stream has no clock."""
    times = TrackTimes(MILLISECOND)
    for _ in range(50):
        times.add(None, None, None)

    assert times.range(Fraction(0), Fraction(25)) == TrackRange(start_s=0, end_s=2)


def _media(*faults: TrackFault) -> Media:
    audios = tuple(
        AudioStream(stream_id=2, codec="adpcm_x", channels=0, sample_rate_hz=0, language="UND", fault=fault)
        for fault in faults
    )
    videos = tuple(UnusableVideo(stream_id=1, codec="unknown", fault=fault) for fault in faults)
    return Media(container="mov", duration_s=1, video=None, audios=audios, unusable_videos=videos)


@pytest.mark.parametrize(
    ("faults", "video_code", "audio_code"),
    [
        ((), 1020, 1021),
        ((TrackFault.EMPTY,), 1020, 1021),
        ((TrackFault.CODEC_UNSUPPORTED,), 1030, 1030),
        ((TrackFault.UNDECODABLE,), 1060, 1021),
        ((TrackFault.EMPTY, TrackFault.CODEC_UNSUPPORTED), 1030, 1021),
    ],
)
def test_the_code_says_why_no_track_is_left(faults: tuple[TrackFault, ...], video_code: int, audio_code: int) -> None:
    """The codes are MediaConvert's."""
    assert no_video_error(_media(*faults)).code == video_code
    assert no_audio_error(_media(*faults)).code == audio_code
