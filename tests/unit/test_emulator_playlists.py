"""Output names, playlists and progress percentages."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.codec_strings import audio_codec_string, video_codec_string
from mediaconvert_emulator.media_playlist import RANGES_VERSION, TS_VERSION, media_playlist
from mediaconvert_emulator.naming import S3Location, content_type, output_base, playlist_reference, segment_suffix
from mediaconvert_emulator.playlists import AlternateAudio, Keyframes, Variant, master_playlist
from mediaconvert_emulator.progress import Phase, Progress, percent, transcoding_progress
from mediaconvert_emulator.segments import (
    Bandwidth,
    ByteRange,
    Segment,
    duration_ms,
    measure_bandwidth,
    parse_segments,
    target_duration_s,
)
from mediaconvert_emulator.spec import HlsEncryption
from mediaconvert_emulator.stream_spec import DEFAULT_PLAYLIST, PlaylistOptions

FFMPEG_PLAYLIST = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00000000000000000000000000000001
#EXTINF:6.006000,
0-0_00001.ts
#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00000000000000000000000000000002
#EXTINF:1.500000,
0-0_00002.ts
#EXT-X-ENDLIST
"""
SEGMENTS = [
    Segment(name="Big Buck_00001.ts", duration_s=6.006, size_bytes=600_600),
    Segment(name="Big Buck_00002.ts", duration_s=1.5, size_bytes=15_000),
]
VIDEO = Variant(
    playlist_name="v.m3u8",
    bandwidth=Bandwidth(peak_bps=2000, average_bps=1000),
    codecs=("avc1.4d401e",),
    size_px=(640, 360),
    frame_rate=Fraction(30000, 1001),
    audio_group_id="g",
)
AUDIO = AlternateAudio(
    playlist_name="a.m3u8",
    group_id="g",
    name="a",
    language="eng",
    bandwidth=Bandwidth(peak_bps=200, average_bps=100),
    codecs=("mp4a.40.2",),
    is_default=True,
    is_autoselected=True,
)


@pytest.mark.parametrize(
    ("destination", "input_uri", "base"),
    [
        ("s3://out/path/", "s3://in/a/Big Buck.Bunny.mp4", S3Location("out", "path/Big Buck.Bunny")),
        ("s3://out/path/name", "s3://in/video.mp4", S3Location("out", "path/name")),
        ("s3://out/", "s3://in/video.mp4", S3Location("out", "video")),
        ("s3://out/x/", "s3://in/a/noextension", S3Location("out", "x/noextension")),
        ("s3://out/x/", "s3://in/100%25 #1?.mp4", S3Location("out", "x/100%25 #1?")),
    ],
)
def test_outputs_are_named_after_destination_or_input(destination: str, input_uri: str, base: S3Location) -> None:
    """In a folder the name is the input's without its last suffix; keys are never decoded."""
    assert output_base(destination, input_uri) == base


def test_segments_count_from_one() -> None:
    """A number has five digits, or more from 100,000."""
    assert [segment_suffix(n) for n in (1, 100_000)] == ["_00001.ts", "_100000.ts"]


@pytest.mark.parametrize(
    ("name", "reference"),
    [("a b.ts", "a%20b.ts"), ("a#b?.ts", "a%23b%3F.ts"), ("50%.ts", "50%25.ts"), ("a:b.ts", "a%3Ab.ts")],
)
def test_playlists_refer_to_names_as_uris(name: str, reference: str) -> None:
    """A space, a hash or a percent sign in a name would break the playlist."""
    assert playlist_reference(name) == reference


def test_the_content_type_of_an_unknown_suffix_is_octet_stream() -> None:
    """The emulator doesn't guess."""
    assert content_type("x.bin") == "application/octet-stream"


def test_a_media_playlist_has_mediaconverts_form() -> None:
    """Segments count from 1, durations have three decimals, and the target duration is the next whole number."""
    encryption = HlsEncryption(key=bytes(16), url="video.key", iv_hex=None, is_iv_in_manifest=True)
    assert media_playlist(SEGMENTS, DEFAULT_PLAYLIST, version=TS_VERSION, encryption=encryption).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:7",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        '#EXT-X-KEY:METHOD=AES-128,URI="video.key"',
        "#EXTINF:6.006,",
        "Big%20Buck_00001.ts",
        "#EXTINF:1.500,",
        "Big%20Buck_00002.ts",
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.parametrize(
    ("duration_s", "is_integer", "text"),
    [(6.0, False, "6,"), (6.0004, False, "6,"), (6.006, True, "6,"), (6.5, True, "7,"), (0.04, False, "0.040,")],
)
def test_durations_are_whole_numbers_or_have_three_decimals(duration_s: float, *, is_integer: bool, text: str) -> None:
    """The job's ManifestDurationFormat decides."""
    playlist = media_playlist(
        [Segment(name="s", duration_s=duration_s)],
        PlaylistOptions(has_integer_durations=is_integer),
        version=TS_VERSION,
    )
    assert f"#EXTINF:{text}\n" in playlist


@pytest.mark.parametrize(("duration_s", "target_s"), [(6.0, 7), (10.0, 11), (6.006, 7), (0.04, 1)])
def test_the_target_duration_is_the_next_whole_number_above(duration_s: float, target_s: int) -> None:
    """This is MediaConvert's mode LEGACY."""
    assert target_duration_s([Segment(name="s", duration_s=duration_s)]) == target_s


@pytest.mark.parametrize(("duration_s", "target_s"), [(6.0, 6), (10.5, 11), (6.49, 6), (0.04, 1)])
def test_the_target_duration_of_the_other_mode_is_rounded(duration_s: float, target_s: int) -> None:
    """This is MediaConvert's mode SPEC_COMPLIANT."""
    assert target_duration_s([Segment(name="s", duration_s=duration_s)], is_rounded=True) == target_s


OPTIONS = PlaylistOptions(
    is_target_rounded=True,
    is_cacheable=False,
    has_resolution=False,
    base_url="https://cdn.example/v/",
)


def test_options_change_the_media_playlist() -> None:
    """Every name but the key's begins with the base URL; equal lengths have a smaller target; no cache is allowed."""
    encryption = HlsEncryption(
        key=bytes(16),
        url="video.key",
        iv_hex=None,
        is_iv_in_manifest=True,
        key_format="identity",
        key_format_versions="1",
    )
    assert media_playlist(SEGMENTS, OPTIONS, version=TS_VERSION, encryption=encryption).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:6",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-ALLOW-CACHE:no",
        '#EXT-X-KEY:METHOD=AES-128,URI="video.key",KEYFORMAT="identity",KEYFORMATVERSIONS="1"',
        "#EXTINF:6.006,",
        "https://cdn.example/v/Big%20Buck_00001.ts",
        "#EXTINF:1.500,",
        "https://cdn.example/v/Big%20Buck_00002.ts",
        "#EXT-X-ENDLIST",
    ]


def test_options_change_the_master_playlist() -> None:
    """It has no resolution, and may have the key."""
    key = HlsEncryption(key=bytes(16), url="video.key", iv_hex=None, is_iv_in_manifest=True)
    descriptive = replace(AUDIO, is_video_description=True)
    text = master_playlist([VIDEO], [descriptive], OPTIONS, version=TS_VERSION, session_key=key)

    assert '#EXT-X-SESSION-KEY:METHOD=AES-128,URI="video.key"\n' in text
    assert ",FRAME-RATE=29.970" in text
    assert 'AUDIO="g"\nhttps://cdn.example/v/v.m3u8\n' in text
    assert "RESOLUTION" not in text
    assert (
        'DEFAULT=YES,CHARACTERISTICS="public.accessibility.describes-video",URI="https://cdn.example/v/a.m3u8"' in text
    )


def test_keyframes_have_a_playlist_after_their_variant() -> None:
    """It has the picture's attributes, and neither sound nor a frame rate."""
    keyframes = Keyframes(playlist_name="v_I-Frame.m3u8", bandwidth=Bandwidth(peak_bps=20, average_bps=10))
    video = replace(VIDEO, codecs=("avc1.4d401e", "mp4a.40.2"), keyframes=keyframes)
    lines = master_playlist([video], [], DEFAULT_PLAYLIST, version=RANGES_VERSION).splitlines()

    assert lines[-1] == (
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=20,AVERAGE-BANDWIDTH=10,VIDEO-RANGE=SDR,CODECS="avc1.4d401e",'
        'RESOLUTION=640x360,URI="v_I-Frame.m3u8"'
    )


def test_a_playlist_of_keyframes_has_their_places() -> None:
    """Each lasts to the next one."""
    frame = Segment(name="s.ts", duration_s=2, byte_range=ByteRange(offset=376, size=1880))
    lines = media_playlist([frame], DEFAULT_PLAYLIST, version=RANGES_VERSION, is_of_keyframes=True).splitlines()

    assert "#EXT-X-I-FRAMES-ONLY" in lines
    assert lines[-4:] == ["#EXTINF:2,", "#EXT-X-BYTERANGE:1880@376", "s.ts", "#EXT-X-ENDLIST"]


@pytest.mark.parametrize(("is_in_manifest", "ending"), [(True, f",IV=0x{'ab' * 16}"), (False, '"video.key"')])
def test_a_constant_iv_is_in_the_playlist_unless_excluded(*, is_in_manifest: bool, ending: str) -> None:
    """The job's settings decide this."""
    encryption = HlsEncryption(key=bytes(16), url="video.key", iv_hex="ab" * 16, is_iv_in_manifest=is_in_manifest)
    lines = media_playlist(SEGMENTS, DEFAULT_PLAYLIST, version=TS_VERSION, encryption=encryption).splitlines()
    (key,) = [line for line in lines if "KEY" in line]

    assert key.endswith(ending)


def test_ffmpegs_playlist_has_segments_and_durations() -> None:
    """Key tags between a duration and its segment are ignored; the sum is rounded to milliseconds."""
    segments = parse_segments(FFMPEG_PLAYLIST)
    assert [segment.name for segment in segments] == ["0-0_00001.ts", "0-0_00002.ts"]
    assert duration_ms(segments) == 7506


def test_the_bandwidth_is_that_of_the_segments() -> None:
    """A short last segment is no peak of its own; the average is that of all bytes."""
    short = Segment(name="s", duration_s=0.1, size_bytes=1_000_000)
    assert measure_bandwidth(SEGMENTS) == Bandwidth(peak_bps=800_000, average_bps=656_116)
    assert measure_bandwidth([SEGMENTS[0], short]).peak_bps == 2_097_085
    assert measure_bandwidth([Segment(name="s", duration_s=0.04, size_bytes=100)]).peak_bps == 20_000


@given(st.lists(st.tuples(st.floats(0.04, 12), st.integers(1, 10_000_000)), min_size=1, max_size=20))
def test_the_peak_is_not_below_the_average(segments: list[tuple[float, int]]) -> None:
    """Every stream has both, and both are positive."""
    made = [Segment(name="s", duration_s=duration_s, size_bytes=size) for duration_s, size in segments]
    bandwidth = measure_bandwidth(made)
    assert bandwidth.peak_bps >= bandwidth.average_bps > 0


def test_variants_name_their_alternate_audio() -> None:
    """The audio is after the variants. A variant has its group id, and its bandwidth and codec beside its own."""
    assert master_playlist([VIDEO], [AUDIO], DEFAULT_PLAYLIST, version=TS_VERSION).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        (
            '#EXT-X-STREAM-INF:BANDWIDTH=2200,AVERAGE-BANDWIDTH=1100,VIDEO-RANGE=SDR,CODECS="avc1.4d401e,mp4a.40.2",'
            'RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="g"'
        ),
        "v.m3u8",
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",LANGUAGE="eng",NAME="a",AUTOSELECT=YES,DEFAULT=YES,URI="a.m3u8"',
    ]


def test_a_variant_of_sound_has_no_size() -> None:
    """It has a bandwidth and codecs, like every variant."""
    sound = replace(VIDEO, size_px=None, frame_rate=None, audio_group_id=None, codecs=("mp4a.40.2",))
    (line,) = [
        line
        for line in master_playlist([sound], [], DEFAULT_PLAYLIST, version=TS_VERSION).splitlines()
        if line.startswith("#EXT-X-STREAM-INF")
    ]
    assert line == '#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1000,CODECS="mp4a.40.2"'


@pytest.mark.parametrize(
    ("codec", "parameter_sets", "expected"),
    [
        ("h264", "0000000109f0000000016764001facd9", "avc1.64001f"),
        ("hevc", "0000000140010c01ffff000000014201010160000003009000000300000300" + "5da0", "hvc1.1.6.L93.90"),
        ("h264", "00000001", None),
        ("vp9", "", None),
    ],
)
def test_the_codec_string_is_that_of_the_parameter_sets(codec: str, parameter_sets: str, expected: str | None) -> None:
    """Profile, constraints and level are the encoder's."""
    assert video_codec_string(codec, bytes.fromhex(parameter_sets)) == expected


@pytest.mark.parametrize(
    ("codec", "profile", "expected"),
    [("aac", "LC", "mp4a.40.2"), ("aac", None, "mp4a.40.2"), ("eac3", None, "ec-3"), ("mp3float", None, "mp4a.40.34")],
)
def test_sound_has_a_codec_string(codec: str, profile: str | None, expected: str) -> None:
    """The names of ffmpeg's decoders differ from the codecs'."""
    assert audio_codec_string(codec, profile) == expected


@pytest.mark.parametrize(
    ("phase", "phase_percent", "job_percent"),
    [
        (Phase.PROBING, 0, 0),
        (Phase.PROBING, 100, 5),
        (Phase.TRANSCODING, 0, 5),
        (Phase.TRANSCODING, 100, 90),
        (Phase.UPLOADING, 0, 90),
        (Phase.UPLOADING, 100, 100),
        (Phase.TRANSCODING, None, None),
    ],
)
def test_the_jobs_percentage_never_decreases_between_phases(
    phase: Phase, phase_percent: int | None, job_percent: int | None
) -> None:
    """Each phase has its share; an unknown percentage is absent."""
    progress = Progress(phase=phase, phase_percent=phase_percent)

    assert progress.job_percent == job_percent
    assert ("jobPercentComplete" in progress.to_json()) == (job_percent is not None)


def test_ffmpegs_report_becomes_progress() -> None:
    """Half of the video is half of the phase."""
    assert transcoding_progress({"out_time_us": "5000000", "frame": "125"}, 10) == Progress(
        phase=Phase.TRANSCODING, phase_percent=50, frames_decoded=125
    )


def test_an_early_report_without_numbers_is_no_progress() -> None:
    """Ffmpeg reports N/A before the first packet."""
    assert transcoding_progress({"out_time_us": "N/A"}, 10).phase_percent == 0


@pytest.mark.parametrize(("done", "total", "expected"), [(1, 0, None), (1, None, None), (11, 10, 100), (-1, 10, 0)])
def test_a_percentage_is_from_0_to_100_or_unknown(done: float, total: float | None, expected: int | None) -> None:
    """It is unknown if the total is unknown."""
    assert percent(done, total) == expected
