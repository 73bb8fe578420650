"""HLS's options change the files as MediaConvert names them: keyframes, folders, manifests, dates, compression."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.emulator_environment import KEY_HEX, EmulatorEnvironment, decode, emulator_environment, ffmpeg, make_video
from tests.emulator_groups import Settings, aac, download, group, h264, output, run_groups

DURATION_S = 7


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; each test has its own keys."""
    with emulator_environment(aws_endpoint, concurrency=2) as environment:
        yield environment


def _video(modifier: str = "_v", **hls: object) -> Settings:
    return output("M3U8", video=h264(90), audios=(aac(),), NameModifier=modifier, OutputSettings={"HlsSettings": hls})


def _stream(environment: EmulatorEnvironment, folder: Path, prefix: str, *outputs: Settings, **hls: object) -> Settings:
    source = make_video(folder / "f.mp4", "-timecode", "10:00:00:05", size="160x90", duration_s=DURATION_S)
    destination = f"s3://{environment.outputs}/{prefix}"
    settings = {"SegmentLength": 4, "MinSegmentLength": 0} | hls
    (details,) = run_groups(environment, source, prefix, group("Hls", destination, *outputs, **settings))
    return details


def _ranges(playlist: str) -> list[tuple[int, int, str]]:
    found = re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)", playlist)
    return [(int(size), int(offset), name) for size, offset, name in found]


@pytest.mark.parametrize("control", ["SEGMENTED_FILES", "SINGLE_FILE"])
def test_each_keyframe_of_hls_can_be_loaded_alone(
    environment: EmulatorEnvironment, tmp_path: Path, control: str
) -> None:
    """A range after the tables of the first segment decodes to one picture; the durations are those of the stream."""
    prefix = f"keyframes-{control}/"
    _stream(environment, tmp_path, prefix, _video(IFrameOnlyManifest="INCLUDE"), SegmentControl=control)
    playlist = environment.output_text(f"{prefix}f_v_I-Frame.m3u8")
    master = environment.output_text(f"{prefix}f.m3u8")
    lengths = [float(length) for length in re.findall(r"#EXTINF:([\d.]+),", playlist)]

    assert "#EXT-X-VERSION:4\n" in playlist
    assert "#EXT-X-I-FRAMES-ONLY\n" in playlist
    assert re.search(r'f_v\.m3u8\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=.*,URI="f_v_I-Frame\.m3u8"\n', master)
    assert lengths == pytest.approx([2, 2, 2, 1], abs=0.05)
    for size, offset, name in _ranges(playlist):
        data = download(environment, f"{prefix}{name}", tmp_path).read_bytes()
        tables = data[: 3 * 188]
        path = tmp_path / "keyframe.ts"
        path.write_bytes(tables + data[offset : offset + size])
        with av.open(str(path)) as container:
            assert [frame.key_frame for frame in container.decode(video=0)] == [True]


def test_keyframes_of_cmaf_are_ranges_of_its_segments(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The header and a range are a picture."""
    source = make_video(tmp_path / "f.mp4", size="160x90", duration_s=DURATION_S)
    container = {"Container": "CMFC", "CmfcSettings": {"IFrameOnlyManifest": "INCLUDE"}}
    video = output("CMFC", video=h264(90), NameModifier="_v") | {"ContainerSettings": container}
    destination = f"s3://{environment.outputs}/cmaf/"
    run_groups(environment, source, "cmaf/", group("Cmaf", destination, video, SegmentLength=4, FragmentLength=2))
    playlist = environment.output_text("cmaf/f_v_I-Frame.m3u8")
    header = download(environment, "cmaf/f_vinit.cmfv", tmp_path).read_bytes()
    ranges = _ranges(playlist)

    assert '#EXT-X-MAP:URI="f_vinit.cmfv"\n' in playlist
    assert len(ranges) == 4
    assert 'URI="f_v_I-Frame.m3u8"\n' in environment.output_text("cmaf/f.m3u8")
    for size, offset, name in ranges:
        data = download(environment, f"cmaf/{name}", tmp_path).read_bytes()
        path = tmp_path / "keyframe.mp4"
        path.write_bytes(header + data[offset : offset + size])
        with av.open(str(path)) as opened:
            stream = opened.streams.video[0]
            packet = next(opened.demux(stream))
            frames = [*stream.decode(packet), *stream.decode(None)]
            assert [frame.key_frame for frame in frames] == [True]


def test_a_single_file_has_ranges_that_play(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Also encrypted: each range is encrypted for itself."""
    encryption = {
        "EncryptionMethod": "AES128",
        "Type": "STATIC_KEY",
        "StaticKeyProvider": {"StaticKeyValue": KEY_HEX, "Url": "video.key"},
    }
    for prefix, more in (("plain/", {}), ("secret/", {"Encryption": encryption})):
        _stream(environment, tmp_path, prefix, _video(), SegmentControl="SINGLE_FILE", **more)
        assert environment.output_keys(prefix) == ["f.m3u8", "f_v.m3u8", "f_v.ts"]
        ranges = _ranges(environment.output_text(f"{prefix}f_v.m3u8"))
        size = download(environment, f"{prefix}f_v.ts", tmp_path).stat().st_size
        assert [name for *_, name in ranges] == ["f_v.ts"] * 2
        assert (ranges[0][1], ranges[1][1]) == (0, ranges[0][0])
        assert sum(length for length, *_ in ranges) == size
        for name in ("f.m3u8", "f_v.m3u8"):
            download(environment, f"{prefix}{name}", tmp_path)
        (tmp_path / "video.key").write_bytes(bytes.fromhex(KEY_HEX))
        if prefix == "plain/":
            assert decode(str(tmp_path / "f_v.m3u8"))["frames"] == 25 * DURATION_S


def test_each_output_can_have_a_folder(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The playlists stay beside the main one, and a folder may end after some segments."""
    _stream(environment, tmp_path, "folder/", _video(), DirectoryStructure="SUBDIRECTORY_PER_STREAM")
    _stream(
        environment,
        tmp_path,
        "folders/",
        _video(),
        DirectoryStructure="SUBDIRECTORY_PER_STREAM",
        SegmentsPerSubdirectory=1,
    )

    assert environment.output_keys("folder/") == ["f.m3u8", "f_v.m3u8", "f_v/f_v_00001.ts", "f_v/f_v_00002.ts"]
    assert "\nf_v/f_v_00001.ts\n" in environment.output_text("folder/f_v.m3u8")
    assert environment.output_keys("folders/")[2:] == ["f_v/00001/f_v_00001.ts", "f_v/00002/f_v_00002.ts"]
    for key in environment.output_keys("folder/"):
        (tmp_path / key).parent.mkdir(exist_ok=True)
        environment.s3.download_file(environment.outputs, f"folder/{key}", str(tmp_path / key))
    ffmpeg("-i", str(tmp_path / "f.m3u8"), "-f", "null", "-")


def test_additional_manifests_name_some_outputs(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The event names the main manifest of all outputs only."""
    details = _stream(
        environment,
        tmp_path,
        "manifests/",
        _video("_one"),
        output("M3U8", audios=(aac(),), NameModifier="_two"),
        AdditionalManifests=[{"ManifestNameModifier": "-sound", "SelectedOutputs": ["_two"]}],
    )
    text = environment.output_text("manifests/f-sound.m3u8")

    assert details["playlistFilePaths"] == [f"s3://{environment.outputs}/manifests/f.m3u8"]
    assert "f_two.m3u8" in text
    assert "f_one.m3u8" not in text
    assert "f_one.m3u8" in environment.output_text("manifests/f.m3u8")


def test_segments_can_have_no_manifest(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The event names no playlist either."""
    details = _stream(environment, tmp_path, "segments/", _video(), OutputSelection="SEGMENTS_ONLY")

    assert environment.output_keys("segments/") == ["f_v_00001.ts", "f_v_00002.ts"]
    assert not details.get("playlistFilePaths")
    assert not details["outputDetails"][0].get("outputFilePaths")


def test_the_files_have_the_groups_s3_settings(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Segments and playlists alike."""
    s3_settings = {
        "AccessControl": {"CannedAcl": "PUBLIC_READ"},
        "Encryption": {"EncryptionType": "SERVER_SIDE_ENCRYPTION_S3"},
        "StorageClass": "STANDARD_IA",
    }
    environment.s3.put_bucket_ownership_controls(
        Bucket=environment.outputs, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    environment.s3.delete_public_access_block(Bucket=environment.outputs)
    _stream(environment, tmp_path, "s3/", _video(), DestinationSettings={"S3Settings": s3_settings})
    for key in environment.output_keys("s3/"):
        head = environment.s3.head_object(Bucket=environment.outputs, Key=f"s3/{key}")
        grants = environment.s3.get_object_acl(Bucket=environment.outputs, Key=f"s3/{key}")["Grants"]
        assert (head["StorageClass"], head["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
        assert any(grant["Grantee"].get("URI", "").endswith("AllUsers") for grant in grants)


def test_playlists_can_be_compressed_and_have_dates(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The dates begin with the timecode of the input; S3 stores the encoding for the players."""
    _stream(
        environment,
        tmp_path,
        "dates/",
        _video(),
        ManifestCompression="GZIP",
        ProgramDateTime="INCLUDE",
        ProgramDateTimePeriod=0,
        BaseUrl="https://cdn.example/",
    )
    stored = environment.s3.get_object(Bucket=environment.outputs, Key="dates/f_v.m3u8")
    text = gzip.decompress(stored["Body"].read()).decode()

    assert stored["ContentEncoding"] == "gzip"
    assert re.findall(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)\n#EXTINF:.*\n(\S+)", text) == [
        ("1970-01-01T10:00:00.200Z", "https://cdn.example/f_v_00001.ts"),
        ("1970-01-01T10:00:04.200Z", "https://cdn.example/f_v_00002.ts"),
    ]
