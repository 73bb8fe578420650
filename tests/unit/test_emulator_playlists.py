"""Output names, playlists and progress percentages."""

import pytest

from mediaconvert_emulator.naming import S3Location, content_type, output_base, playlist_reference, segment_suffix
from mediaconvert_emulator.playlists import (
    AlternateAudio,
    Variant,
    master_playlist,
    media_playlist,
    playlist_duration_ms,
    segment_names,
)
from mediaconvert_emulator.progress import Phase, Progress, percent, transcoding_progress
from mediaconvert_emulator.spec import HlsEncryption

FFMPEG_PLAYLIST = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00000000000000000000000000000001
#EXTINF:6.006000,
0-0_00001.ts
#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00000000000000000000000000000002
#EXTINF:1.500000,
0-0_00002.ts
#EXT-X-ENDLIST
"""
NAMES = {"0-0_00001.ts": "Big Buck_00001.ts", "0-0_00002.ts": "Big Buck_00002.ts"}


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


def test_one_key_tag_applies_to_all_segments() -> None:
    """Without an IV in the tag, each segment's IV is its number."""
    encryption = HlsEncryption(key=bytes(16), url="video.key", iv_hex=None, is_iv_in_manifest=True)
    lines = media_playlist(FFMPEG_PLAYLIST, NAMES, encryption).splitlines()

    assert [line for line in lines if "KEY" in line] == ['#EXT-X-KEY:METHOD=AES-128,URI="video.key"']
    assert [line for line in lines if line.endswith(".ts")] == ["Big%20Buck_00001.ts", "Big%20Buck_00002.ts"]


@pytest.mark.parametrize(("is_in_manifest", "ending"), [(True, f",IV=0x{'ab' * 16}"), (False, '"video.key"')])
def test_a_constant_iv_is_in_the_playlist_unless_excluded(*, is_in_manifest: bool, ending: str) -> None:
    """The job's settings decide this."""
    encryption = HlsEncryption(key=bytes(16), url="video.key", iv_hex="ab" * 16, is_iv_in_manifest=is_in_manifest)
    lines = media_playlist(FFMPEG_PLAYLIST, NAMES, encryption).splitlines()
    (key,) = [line for line in lines if "KEY" in line]

    assert key.endswith(ending)


def test_a_playlists_duration_is_the_sum_of_its_segments() -> None:
    """The sum is rounded to milliseconds, the segments aren't."""
    assert (playlist_duration_ms(FFMPEG_PLAYLIST), len(segment_names(FFMPEG_PLAYLIST))) == (7506, 2)


def test_variants_name_their_alternate_audio() -> None:
    """A variant has the audio's group id, and the audio's codec after its own."""
    audio = AlternateAudio(
        playlist_name="a.m3u8", group_id="g", name="a", stream_inf='CODECS="mp4a.40.2"', is_default=True
    )
    variant = Variant(
        playlist_name="v.m3u8", stream_inf='BANDWIDTH=1,CODECS="avc1.4d401e"', frame_rate=None, audio_group_id="g"
    )

    assert master_playlist([variant], [audio]).splitlines()[3:] == [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="a",DEFAULT=YES,AUTOSELECT=YES,URI="a.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="g"',
        "v.m3u8",
    ]


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
