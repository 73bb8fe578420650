"""What the emulator writes is what MediaConvert would have written, and it plays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator_laboratory import KEY_HEX, Laboratory, ffmpeg, film, laboratory, streams


@pytest.fixture(scope="module")
def lab(aws_endpoint: str) -> Iterator[Laboratory]:
    """One emulator for all tests here; each has keys of its own."""
    with laboratory(aws_endpoint, concurrency=2) as lab:
        yield lab


def test_a_film_becomes_encrypted_hls_with_mediaconverts_names(lab: Laboratory, tmp_path: Path) -> None:
    """Every rendition not above the input is written, under the input's name, and decodes with the key."""
    source = film(tmp_path / "film.mp4", size="1280x720", duration_s=7)
    job = lab.finished(lab.create(lab.upload(source, "names/Big Buck Bunny.mp4"), "names/"))

    assert job["Status"] == "COMPLETE"
    assert lab.output_keys("names/") == [
        "Big Buck Bunny.m3u8",
        "Big Buck Bunny_360p.m3u8",
        "Big Buck Bunny_360p_00001.ts",
        "Big Buck Bunny_360p_00002.ts",
        "Big Buck Bunny_720p.m3u8",
        "Big Buck Bunny_720p_00001.ts",
        "Big Buck Bunny_720p_00002.ts",
    ]
    with lab.playing("names/", tmp_path) as url:
        master = f"{url}/Big%20Buck%20Bunny.m3u8"
        ffmpeg("-i", master, "-map", "0", "-f", "null", "-")
        assert streams(f"{url}/Big%20Buck%20Bunny_720p.m3u8") == {
            "size": (1280, 720),
            "frames": 175,
            "has_audio": True,
        }
        assert streams(f"{url}/Big%20Buck%20Bunny_360p.m3u8")["size"] == (640, 360)


def test_playlists_say_what_players_need(lab: Laboratory, tmp_path: Path) -> None:
    """The master has bandwidth, size, codecs and rate; the variant is VOD, with one relative key, and ends."""
    source = film(tmp_path / "film.mp4", size="640x360", duration_s=7)
    lab.finished(lab.create(lab.upload(source, "playlists/film.mp4"), "playlists/out"))

    master, variant = lab.text("playlists/out.m3u8"), lab.text("playlists/out_360p.m3u8")
    for attribute in ("BANDWIDTH=", 'CODECS="avc1.', "mp4a.40.2", "RESOLUTION=640x360", "FRAME-RATE=25.000"):
        assert attribute in master
    assert variant.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:6",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-KEY:METHOD=AES-128,URI="film.key"',
        "#EXTINF:6.000000,",
        "out_360p_00001.ts",
        "#EXTINF:1.000000,",
        "out_360p_00002.ts",
        "#EXT-X-ENDLIST",
    ]


def test_renditions_switch_at_the_same_instants(lab: Laboratory, tmp_path: Path) -> None:
    """At 29.97 frames a second segments aren't whole seconds, but they are alike in all renditions."""
    source = film(tmp_path / "film.mp4", size="1280x720", rate="30000/1001", duration_s=13)
    lab.finished(lab.create(lab.upload(source, "aligned/f.mp4"), "aligned/"))
    lengths = [
        [line for line in lab.text(f"aligned/f_{name}.m3u8").splitlines() if line.startswith("#EXTINF")]
        for name in ("720p", "360p")
    ]

    assert lengths[0] == lengths[1]
    assert len(lengths[0]) == 3


def test_files_have_their_content_types(lab: Laboratory, tmp_path: Path) -> None:
    """Browsers and CDNs go by the Content-Type."""
    lab.finished(lab.create(lab.upload(film(tmp_path / "f.mp4"), "types/f.mp4"), "types/"))
    found = {key: lab.s3.head_object(Bucket=lab.outputs, Key=f"types/{key}") for key in lab.output_keys("types/")}

    assert {key: head["ContentType"] for key, head in found.items()} == {
        "f.m3u8": "application/vnd.apple.mpegurl",
        "f_360p.m3u8": "application/vnd.apple.mpegurl",
        "f_360p_00001.ts": "video/mp2t",
    }


@pytest.mark.parametrize(
    ("name", "arguments", "size", "expected"),
    [
        ("silent", ["-an"], "320x180", {"size": (320, 180), "frames": 75, "has_audio": False}),
        ("portrait", [], "180x320", {"size": (180, 320), "frames": 75, "has_audio": True}),
        (
            "odd",
            ["-vf", "scale=321:181,setsar=1", "-pix_fmt", "yuv444p"],
            "320x180",
            {"size": (320, 180), "frames": 75, "has_audio": True},
        ),
        ("one-frame", ["-frames:v", "1", "-an"], "320x180", {"size": (320, 180), "frames": 1, "has_audio": False}),
        ("tall", [], "360x640", {"size": (202, 360), "frames": 75, "has_audio": True}),
    ],
)
def test_unusual_films_play(
    lab: Laboratory, tmp_path: Path, name: str, arguments: list[str], size: str, expected: dict[str, object]
) -> None:
    """No audio, portrait, odd sides, a single frame: all come out whole, the aspect kept."""
    source = film(tmp_path / "f.mp4", *arguments, size=size)
    job = lab.finished(lab.create(lab.upload(source, f"{name}/f.mp4"), f"{name}/"))

    assert job["Status"] == "COMPLETE"
    with lab.playing(f"{name}/", tmp_path) as url:
        assert streams(f"{url}/f_360p.m3u8") == expected


def test_a_phones_rotated_film_stands_upright(lab: Laboratory, tmp_path: Path) -> None:
    """A phone stores portrait as landscape with a rotation; the template says to follow it."""
    film(tmp_path / "landscape.mp4")
    ffmpeg("-display_rotation", "-90", "-i", str(tmp_path / "landscape.mp4"), "-c", "copy", str(tmp_path / "phone.mp4"))
    lab.finished(lab.create(lab.upload(tmp_path / "phone.mp4", "phone/f.mp4"), "phone/"))

    with lab.playing("phone/", tmp_path) as url:
        assert streams(f"{url}/f_360p.m3u8")["size"] == (180, 320)


def test_a_variable_frame_rate_becomes_constant(lab: Laboratory, tmp_path: Path) -> None:
    """Every second is there, however unevenly the input's frames lie."""
    source = film(tmp_path / "f.mp4", "-vf", "select='not(mod(n,3))+lt(n,30)'", "-fps_mode", "vfr")
    lab.finished(lab.create(lab.upload(source, "vfr/f.mp4"), "vfr/"))

    with lab.playing("vfr/", tmp_path) as url:
        ffmpeg("-i", f"{url}/f.m3u8", "-f", "null", "-")
    assert "#EXTINF:3." in lab.text("vfr/f_360p.m3u8") or "#EXTINF:2.9" in lab.text("vfr/f_360p.m3u8")


def test_a_recording_without_a_duration_plays(lab: Laboratory, tmp_path: Path) -> None:
    """A browser's WebM tells no duration; the job's percentage is unknown and its output whole."""
    source = film(tmp_path / "f.webm", "-c:v", "libvpx", "-c:a", "libopus", "-live", "1", "-f", "webm")
    lab.finished(lab.create(lab.upload(source, "live/f.webm"), "live/"))

    with lab.playing("live/", tmp_path) as url:
        assert streams(f"{url}/f_360p.m3u8")["frames"] == 75


def test_segments_are_encrypted_with_their_number_as_iv(lab: Laboratory, tmp_path: Path) -> None:
    """Without a constant IV each segment decrypts with its own number, down to its first block."""
    source = film(tmp_path / "f.mp4", duration_s=13)
    lab.finished(lab.create(lab.upload(source, "iv/f.mp4"), "iv/"))

    for number in (1, 2, 3):
        encrypted = tmp_path / f"{number}.ts"
        lab.s3.download_file(lab.outputs, f"iv/f_360p_{number:05d}.ts", str(encrypted))
        plain = tmp_path / f"{number}.plain.ts"
        crypto = ["-decryption_key", KEY_HEX, "-decryption_iv", f"{number:032x}"]
        ffmpeg(*crypto, "-f", "data", "-i", f"crypto:{encrypted}", "-map", "0", "-c", "copy", "-f", "data", str(plain))
        head = plain.read_bytes()[: 2 * 188]
        # ffmpeg's transport streams begin with the service description table, then the program association table.
        assert head[:3] == b"\x47\x40\x11"
        assert head[188:191] == b"\x47\x40\x00"
        assert head[5:8] == b"\x42\xf0\x25"
        assert head[13:16] == b"\xff\x01\xff"


def test_a_job_without_a_template_makes_an_mp4_and_audio_renditions(lab: Laboratory, tmp_path: Path) -> None:
    """FILE_GROUP and audio-only HLS outputs work beside video, and the report has each in MediaConvert's form."""
    uri = lab.upload(film(tmp_path / "f.mp4"), "groups/f.mp4")
    aac = [{"CodecSettings": {"Codec": "AAC", "AacSettings": {"Bitrate": 64000, "SampleRate": 48000}}}]
    h264 = {"Codec": "H_264", "H264Settings": {"RateControlMode": "QVBR", "MaxBitrate": 500000}}
    video = {"Height": 90, "CodecSettings": h264}
    hls = {"Destination": f"s3://{lab.outputs}/groups/hls", "SegmentLength": 2}
    mp4 = {"Destination": f"s3://{lab.outputs}/groups/"}
    m3u8, audio_group = {"Container": "M3U8"}, {"HlsSettings": {"AudioGroupId": "program_audio"}}
    settings = {
        "Inputs": [{"FileInput": uri, "AudioSelectors": {"sound": {"DefaultSelection": "DEFAULT"}}}],
        "OutputGroups": [
            {
                "OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls},
                "Outputs": [
                    {
                        "NameModifier": "_sound",
                        "ContainerSettings": m3u8,
                        "AudioDescriptions": aac,
                        "OutputSettings": audio_group,
                    },
                    {"NameModifier": "_picture", "ContainerSettings": m3u8, "VideoDescription": video},
                ],
            },
            {
                "OutputGroupSettings": {"Type": "FILE_GROUP_SETTINGS", "FileGroupSettings": mp4},
                "Outputs": [
                    {"ContainerSettings": {"Container": "MP4"}, "VideoDescription": video, "AudioDescriptions": aac}
                ],
            },
        ],
    }
    job_id = lab.mediaconvert.create_job(Role="arn:aws:iam::000000000000:role/r", Settings=settings)["Job"]["Id"]
    detail = lab.events_to_the_end(job_id)[-1]["detail"]
    base = f"s3://{lab.outputs}/groups"

    hls_report, file_report = detail["outputGroupDetails"]
    assert hls_report["playlistFilePaths"] == [f"{base}/hls.m3u8"]
    assert list(hls_report["outputDetails"][0]) == ["durationInMs"]
    assert hls_report["outputDetails"][1]["outputFilePaths"] == [f"{base}/hls_picture.m3u8"]
    assert "playlistFilePaths" not in file_report
    assert file_report["outputDetails"][0]["outputFilePaths"] == [f"{base}/f.mp4"]
    assert file_report["outputDetails"][0]["videoDetails"] == {"widthInPx": 160, "heightInPx": 90}
    with lab.playing("groups/", tmp_path) as url:
        assert streams(f"{url}/f.mp4") == {"size": (160, 90), "frames": 75, "has_audio": True}
        assert streams(f"{url}/hls_picture.m3u8")["has_audio"] is False
        assert streams(f"{url}/hls.m3u8")["has_audio"] is True
