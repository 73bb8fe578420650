"""Names, playlists and what is said of progress."""

import pytest

from mediaconvert_emulator.naming import Location, content_type, output_base, playlist_reference, segment_suffix
from mediaconvert_emulator.playlists import (
    AlternateAudio,
    Variant,
    compose_master,
    duration_ms,
    publish_media_playlist,
    segment_names,
)
from mediaconvert_emulator.progress import Phase, Progress, percent, transcoding
from mediaconvert_emulator.spec import HlsEncryption

MEDIA = """#EXTM3U
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
    ("destination", "source", "base"),
    [
        ("s3://out/path/", "s3://in/a/Big Buck.Bunny.mp4", Location("out", "path/Big Buck.Bunny")),
        ("s3://out/path/name", "s3://in/film.mp4", Location("out", "path/name")),
        ("s3://out/", "s3://in/film.mp4", Location("out", "film")),
        ("s3://out/x/", "s3://in/a/noextension", Location("out", "x/noextension")),
        ("s3://out/x/", "s3://in/100%25 #1?.mp4", Location("out", "x/100%25 #1?")),
    ],
)
def test_outputs_are_named_after_destination_or_input(destination: str, source: str, base: Location) -> None:
    """A folder takes the input's name without its last suffix; keys are never decoded."""
    assert output_base(destination, source) == base


def test_segments_count_from_one() -> None:
    """Five digits, more when they are needed."""
    assert [segment_suffix(n) for n in (1, 100_000)] == ["_00001.ts", "_100000.ts"]


@pytest.mark.parametrize(
    ("name", "reference"),
    [("a b.ts", "a%20b.ts"), ("a#b?.ts", "a%23b%3F.ts"), ("50%.ts", "50%25.ts"), ("a:b.ts", "a%3Ab.ts")],
)
def test_playlists_refer_to_names_as_uris(name: str, reference: str) -> None:
    """A space, a hash or a percent sign in a name would break the playlist."""
    assert playlist_reference(name) == reference


def test_an_unknown_file_is_bytes() -> None:
    """No guessing."""
    assert content_type("x.bin") == "application/octet-stream"


def test_one_key_tag_stands_for_all_segments() -> None:
    """Without an IV it means the segment's number."""
    encryption = HlsEncryption(key=bytes(16), url="film.key", iv_hex=None, is_iv_in_manifest=True)
    lines = publish_media_playlist(MEDIA, NAMES, encryption).splitlines()

    assert [line for line in lines if "KEY" in line] == ['#EXT-X-KEY:METHOD=AES-128,URI="film.key"']
    assert [line for line in lines if line.endswith(".ts")] == ["Big%20Buck_00001.ts", "Big%20Buck_00002.ts"]


@pytest.mark.parametrize(("is_in_manifest", "ending"), [(True, f",IV=0x{'ab' * 16}"), (False, '"film.key"')])
def test_a_constant_iv_is_told_unless_excluded(*, is_in_manifest: bool, ending: str) -> None:
    """The job decides whether the playlist has it."""
    encryption = HlsEncryption(key=bytes(16), url="film.key", iv_hex="ab" * 16, is_iv_in_manifest=is_in_manifest)
    (key,) = [line for line in publish_media_playlist(MEDIA, NAMES, encryption).splitlines() if "KEY" in line]

    assert key.endswith(ending)


def test_a_playlists_duration_is_its_segments() -> None:
    """In milliseconds, rounded once."""
    assert (duration_ms(MEDIA), len(segment_names(MEDIA))) == (7506, 2)


def test_variants_name_the_audio_that_they_play_with() -> None:
    """Its group, and its codec beside their own."""
    audio = AlternateAudio(
        playlist_name="a.m3u8", group_id="g", name="a", stream_inf='CODECS="mp4a.40.2"', is_default=True
    )
    variant = Variant(
        playlist_name="v.m3u8", stream_inf='BANDWIDTH=1,CODECS="avc1.4d401e"', frame_rate=None, audio_group_id="g"
    )

    assert compose_master([variant], [audio]).splitlines()[3:] == [
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
def test_the_jobs_percentage_never_falls_from_phase_to_phase(
    phase: Phase, phase_percent: int | None, job_percent: int | None
) -> None:
    """Each phase has its share; what isn't known is missing."""
    progress = Progress(phase=phase, phase_percent=phase_percent)

    assert progress.job_percent == job_percent
    assert ("jobPercentComplete" in progress.wire()) == (job_percent is not None)


def test_ffmpegs_report_becomes_progress() -> None:
    """Half of the film is half of the phase."""
    assert transcoding({"out_time_us": "5000000", "frame": "125"}, 10) == Progress(
        phase=Phase.TRANSCODING, phase_percent=50, frames_decoded=125
    )


def test_an_early_report_without_numbers_is_no_progress() -> None:
    """Ffmpeg says N/A before the first packet."""
    assert transcoding({"out_time_us": "N/A"}, 10).phase_percent == 0


@pytest.mark.parametrize(("done", "whole", "share"), [(1, 0, None), (1, None, None), (11, 10, 100), (-1, 10, 0)])
def test_a_percentage_stays_within_bounds(done: float, whole: float | None, share: int | None) -> None:
    """Or is unknown."""
    assert percent(done, whole) == share
