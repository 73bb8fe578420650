"""The emulator's outputs have MediaConvert's names and form, and they play."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator_environment import KEY_HEX, EmulatorEnvironment, decode, emulator_environment, ffmpeg, make_video


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; each test has its own keys."""
    with emulator_environment(aws_endpoint, concurrency=2) as environment:
        yield environment


def test_a_video_becomes_encrypted_hls_with_mediaconverts_names(
    environment: EmulatorEnvironment, tmp_path: Path
) -> None:
    """Every rendition that is not larger than the input has the input's name, and decodes with the key."""
    source = make_video(tmp_path / "video.mp4", size="1280x720", duration_s=7)
    job = environment.wait_for_job(
        environment.create_job(environment.upload(source, "names/Big Buck Bunny.mp4"), "names/")
    )

    assert job["Status"] == "COMPLETE"
    assert environment.output_keys("names/") == [
        "Big Buck Bunny.m3u8",
        "Big Buck Bunny_360p.m3u8",
        "Big Buck Bunny_360p_00001.ts",
        "Big Buck Bunny_360p_00002.ts",
        "Big Buck Bunny_720p.m3u8",
        "Big Buck Bunny_720p_00001.ts",
        "Big Buck Bunny_720p_00002.ts",
    ]
    with environment.serve_outputs("names/", tmp_path) as url:
        master = f"{url}/Big%20Buck%20Bunny.m3u8"
        ffmpeg("-i", master, "-map", "0", "-f", "null", "-")
        assert decode(f"{url}/Big%20Buck%20Bunny_720p.m3u8") == {
            "size": (1280, 720),
            "frames": 175,
            "has_audio": True,
        }
        assert decode(f"{url}/Big%20Buck%20Bunny_360p.m3u8")["size"] == (640, 360)


def test_playlists_contain_what_players_need(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The master has bandwidth, size, codecs and rate; the variant is VOD, with one relative key URI."""
    source = make_video(tmp_path / "video.mp4", size="640x360", duration_s=7)
    environment.wait_for_job(environment.create_job(environment.upload(source, "playlists/video.mp4"), "playlists/out"))

    master, variant = environment.output_text("playlists/out.m3u8"), environment.output_text("playlists/out_360p.m3u8")
    for attribute in ("BANDWIDTH=", 'CODECS="avc1.', "mp4a.40.2", "RESOLUTION=640x360", "FRAME-RATE=25.000"):
        assert attribute in master
    assert variant.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:7",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        '#EXT-X-KEY:METHOD=AES-128,URI="video.key"',
        "#EXTINF:6,",
        "out_360p_00001.ts",
        "#EXTINF:1,",
        "out_360p_00002.ts",
        "#EXT-X-ENDLIST",
    ]


def test_segments_begin_at_the_same_times_in_all_renditions(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """At 29.97 frames a second segments don't last whole seconds, but they are the same in all renditions."""
    source = make_video(tmp_path / "video.mp4", size="1280x720", rate="30000/1001", duration_s=13)
    environment.wait_for_job(environment.create_job(environment.upload(source, "aligned/f.mp4"), "aligned/"))
    durations = [
        [line for line in environment.output_text(f"aligned/f_{name}.m3u8").splitlines() if line.startswith("#EXTINF")]
        for name in ("720p", "360p")
    ]

    assert durations[0] == durations[1]
    assert len(durations[0]) == 3


def test_files_have_their_content_types(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Browsers and CDNs use the Content-Type."""
    environment.wait_for_job(
        environment.create_job(environment.upload(make_video(tmp_path / "f.mp4"), "types/f.mp4"), "types/")
    )
    heads = {
        key: environment.s3.head_object(Bucket=environment.outputs, Key=f"types/{key}")
        for key in environment.output_keys("types/")
    }

    assert {key: head["ContentType"] for key, head in heads.items()} == {
        "f.m3u8": "application/vnd.apple.mpegurl",
        "f_360p.m3u8": "application/vnd.apple.mpegurl",
        "f_360p_00001.ts": "video/mp2t",
    }


@pytest.mark.parametrize(
    ("name", "arguments", "size", "expected"),
    [
        ("no-audio", ["-an"], "320x180", {"size": (320, 180), "frames": 75, "has_audio": False}),
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
def test_unusual_videos_play(
    environment: EmulatorEnvironment,
    tmp_path: Path,
    name: str,
    arguments: list[str],
    size: str,
    expected: dict[str, object],
) -> None:
    """All frames and the aspect ratio are kept without audio, in portrait, with odd sides, and for one frame."""
    source = make_video(tmp_path / "f.mp4", *arguments, size=size)
    job = environment.wait_for_job(environment.create_job(environment.upload(source, f"{name}/f.mp4"), f"{name}/"))

    assert job["Status"] == "COMPLETE"
    with environment.serve_outputs(f"{name}/", tmp_path) as url:
        assert decode(f"{url}/f_360p.m3u8") == expected


def test_a_phones_rotated_video_is_upright(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A phone stores portrait as landscape with a rotation; the template says AUTO."""
    make_video(tmp_path / "landscape.mp4")
    ffmpeg("-display_rotation", "-90", "-i", str(tmp_path / "landscape.mp4"), "-c", "copy", str(tmp_path / "phone.mp4"))
    environment.wait_for_job(
        environment.create_job(environment.upload(tmp_path / "phone.mp4", "phone/f.mp4"), "phone/")
    )

    with environment.serve_outputs("phone/", tmp_path) as url:
        assert decode(f"{url}/f_360p.m3u8")["size"] == (180, 320)


def test_a_variable_frame_rate_becomes_constant(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The output has the input's duration, even if the input's frames are unevenly spaced."""
    source = make_video(tmp_path / "f.mp4", "-vf", "select='not(mod(n,3))+lt(n,30)'", "-fps_mode", "vfr")
    environment.wait_for_job(environment.create_job(environment.upload(source, "vfr/f.mp4"), "vfr/"))

    with environment.serve_outputs("vfr/", tmp_path) as url:
        ffmpeg("-i", f"{url}/f.m3u8", "-f", "null", "-")
    assert "#EXTINF:3." in environment.output_text("vfr/f_360p.m3u8") or "#EXTINF:2.9" in environment.output_text(
        "vfr/f_360p.m3u8"
    )


def test_a_recording_without_a_duration_plays(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A browser's WebM contains no duration; all of its frames are in the output."""
    source = make_video(tmp_path / "f.webm", "-c:v", "libvpx", "-c:a", "libopus", "-live", "1", "-f", "webm")
    environment.wait_for_job(environment.create_job(environment.upload(source, "live/f.webm"), "live/"))

    with environment.serve_outputs("live/", tmp_path) as url:
        assert decode(f"{url}/f_360p.m3u8")["frames"] == 75


def test_segments_are_encrypted_with_their_number_as_iv(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Without a constant IV each segment, from its first block on, is decrypted with its own number."""
    source = make_video(tmp_path / "f.mp4", duration_s=13)
    environment.wait_for_job(environment.create_job(environment.upload(source, "iv/f.mp4"), "iv/"))

    for number in (1, 2, 3):
        encrypted = tmp_path / f"{number}.ts"
        environment.s3.download_file(environment.outputs, f"iv/f_360p_{number:05d}.ts", str(encrypted))
        plain = tmp_path / f"{number}.plain.ts"
        crypto = ["-decryption_key", KEY_HEX, "-decryption_iv", f"{number:032x}"]
        ffmpeg(*crypto, "-f", "data", "-i", f"crypto:{encrypted}", "-map", "0", "-c", "copy", "-f", "data", str(plain))
        head = plain.read_bytes()[: 2 * 188]
        # ffmpeg's transport streams begin with the service description table, then the program association table.
        assert head[:3] == b"\x47\x40\x11"
        assert head[188:191] == b"\x47\x40\x00"
        assert head[5:8] == b"\x42\xf0\x25"
        assert head[13:16] == b"\xff\x01\xff"


def test_a_job_without_a_template_makes_an_mp4_and_an_audio_rendition(
    environment: EmulatorEnvironment, tmp_path: Path
) -> None:
    """FILE_GROUP and audio-only HLS outputs work, and the COMPLETE event has MediaConvert's form for each."""
    uri = environment.upload(make_video(tmp_path / "f.mp4"), "groups/f.mp4")
    aac_settings = {"Bitrate": 64000, "CodingMode": "CODING_MODE_2_0", "SampleRate": 48000}
    aac = [{"CodecSettings": {"Codec": "AAC", "AacSettings": aac_settings}}]
    h264 = {"Codec": "H_264", "H264Settings": {"RateControlMode": "QVBR", "MaxBitrate": 500000}}
    video = {"Height": 90, "CodecSettings": h264}
    hls = {"Destination": f"s3://{environment.outputs}/groups/hls", "SegmentLength": 2, "MinSegmentLength": 0}
    mp4 = {"Destination": f"s3://{environment.outputs}/groups/"}
    m3u8, audio_group = {"Container": "M3U8"}, {"HlsSettings": {"AudioGroupId": "program_audio"}}
    settings = {
        "Inputs": [{"FileInput": uri, "AudioSelectors": {"selector": {"DefaultSelection": "DEFAULT"}}}],
        "OutputGroups": [
            {
                "OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls},
                "Outputs": [
                    {
                        "NameModifier": "_audio",
                        "ContainerSettings": m3u8,
                        "AudioDescriptions": aac,
                        "OutputSettings": audio_group,
                    },
                    {"NameModifier": "_video", "ContainerSettings": m3u8, "VideoDescription": video},
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
    job_id = environment.mediaconvert.create_job(Role="arn:aws:iam::000000000000:role/r", Settings=settings)["Job"][
        "Id"
    ]
    detail = environment.wait_for_final_event(job_id)[-1]["detail"]
    base = f"s3://{environment.outputs}/groups"

    hls_report, file_report = detail["outputGroupDetails"]
    assert hls_report["playlistFilePaths"] == [f"{base}/hls.m3u8"]
    assert list(hls_report["outputDetails"][0]) == ["durationInMs"]
    assert hls_report["outputDetails"][1]["outputFilePaths"] == [f"{base}/hls_video.m3u8"]
    assert "playlistFilePaths" not in file_report
    assert file_report["outputDetails"][0]["outputFilePaths"] == [f"{base}/f.mp4"]
    file_size_bytes = environment.s3.head_object(Bucket=environment.outputs, Key="groups/f.mp4")["ContentLength"]
    assert file_report["outputDetails"][0]["videoDetails"] == {
        "widthInPx": 160,
        "heightInPx": 90,
        "averageBitrate": round(file_size_bytes * 8_000 / file_report["outputDetails"][0]["durationInMs"]),
    }
    with environment.serve_outputs("groups/", tmp_path) as url:
        assert decode(f"{url}/f.mp4") == {"size": (160, 90), "frames": 75, "has_audio": True}
        assert decode(f"{url}/hls_video.m3u8")["has_audio"] is False
        assert decode(f"{url}/hls.m3u8")["has_audio"] is True
