"""The emulator's CMAF and DASH groups: names, manifests and segments in MediaConvert's form, which play."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.emulator_environment import EmulatorEnvironment, decode, emulator_environment, ffmpeg, make_video
from tests.emulator_groups import Settings, aac, download, group, h264, output, run_groups

NAMESPACE = {"": "urn:mpeg:dash:schema:mpd:2011"}
DURATION_S = 7


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; each test has its own keys."""
    with emulator_environment(aws_endpoint, concurrency=2) as environment:
        yield environment


def _stream(
    environment: EmulatorEnvironment, folder: Path, prefix: str, *, kind: str = "Cmaf", **settings: object
) -> Settings:
    """Make two videos and an audio; return the group's details."""
    container = {"Cmaf": "CMFC", "DashIso": "MPD"}[kind]
    (details,) = run_groups(
        environment,
        make_video(folder / "f.mp4", size="320x180", duration_s=DURATION_S),
        prefix,
        group(
            kind,
            f"s3://{environment.outputs}/{prefix}",
            output(container, video=h264(180), NameModifier="_180p"),
            output(container, video=h264(90), NameModifier="_90p"),
            output(container, audios=(aac(),), NameModifier="_sound"),
            **{"SegmentLength": 4, "FragmentLength": 2} | settings,
        ),
    )
    return details


def _manifest(environment: EmulatorEnvironment, key: str) -> ET.Element:
    return ET.fromstring(environment.output_text(key))  # noqa: S314 (the emulator wrote it)


def test_a_cmaf_group_has_mediaconverts_names_and_report(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """One set of segments serves both manifests; the event names the manifests, and no output's path."""
    details = _stream(environment, tmp_path, "names/")

    assert environment.output_keys("names/") == [
        "f.m3u8",
        "f.mpd",
        *(f"f_{name}" for name in ("180p.m3u8", "180p_000000001.cmfv", "180p_000000002.cmfv", "180pinit.cmfv")),
        *(f"f_{name}" for name in ("90p.m3u8", "90p_000000001.cmfv", "90p_000000002.cmfv", "90pinit.cmfv")),
        *(f"f_{name}" for name in ("sound.m3u8", "sound_000000001.cmfa", "sound_000000002.cmfa", "soundinit.cmfa")),
    ]
    base = f"s3://{environment.outputs}/names/"
    assert (details["type"], details["playlistFilePaths"]) == ("CMAF_GROUP", [f"{base}f.mpd", f"{base}f.m3u8"])
    assert not any("outputFilePaths" in detail for detail in details["outputDetails"])
    assert [detail["durationInMs"] for detail in details["outputDetails"]] == pytest.approx([7000] * 3, abs=50)
    assert environment.output_text("names/f_180p.m3u8").splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:5",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        '#EXT-X-MAP:URI="f_180pinit.cmfv"',
        "#EXTINF:4,",
        "f_180p_000000001.cmfv",
        "#EXTINF:3,",
        "f_180p_000000002.cmfv",
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.parametrize("control", ["SEGMENTED_FILES", "SINGLE_FILE"])
def test_a_cmaf_group_plays_as_hls(environment: EmulatorEnvironment, tmp_path: Path, control: str) -> None:
    """All pictures and the sound decode, from segments and from parts of one file."""
    prefix = f"hls-{control}/"
    _stream(environment, tmp_path, prefix, SegmentControl=control)
    master = environment.output_text(f"{prefix}f.m3u8")

    assert 'CODECS="avc1.' in master
    assert "mp4a.40.2" in master
    assert 'AUDIO="program_audio_0"' in master
    for key in environment.output_keys(prefix):  # local files, because the test's HTTP server has no ranges
        download(environment, f"{prefix}{key}", tmp_path)
    assert decode(str(tmp_path / "f_180p.m3u8")) == {"size": (320, 180), "frames": 175, "has_audio": False}
    assert decode(str(tmp_path / "f_sound.m3u8"))["has_audio"] is True
    ffmpeg("-i", str(tmp_path / "f.m3u8"), "-map", "0", "-f", "null", "-")


def test_a_single_file_is_described_by_its_index(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The ranges of both manifests are those of the file."""
    _stream(
        environment, tmp_path, "single/", SegmentControl="SINGLE_FILE", MpdProfile="ON_DEMAND_PROFILE", SegmentLength=2
    )
    root = _manifest(environment, "single/f.mpd")
    data = environment.s3.get_object(Bucket=environment.outputs, Key="single/f_180p.cmfv")["Body"].read()
    representation = root.find(".//Representation", NAMESPACE)
    assert representation is not None
    base, index = representation.find("BaseURL", NAMESPACE), representation.find("SegmentBase", NAMESPACE)
    assert base is not None
    assert index is not None
    first, last = map(int, index.attrib["indexRange"].split("-"))
    playlist = environment.output_text("single/f_180p.m3u8").splitlines()
    ranges = [tuple(map(int, line.partition(":")[2].split("@"))) for line in playlist if "BYTERANGE:" in line]

    assert base.text == "f_180p.cmfv"
    assert root.attrib["profiles"] == "urn:mpeg:dash:profile:isoff-on-demand:2011"
    assert data[first + 4 : first + 8] == b"sidx"
    assert int.from_bytes(data[first : first + 4]) == last - first + 1
    assert len(ranges) == int.from_bytes(data[first + 38 : first + 40]) == 4
    assert ranges[0][1] == last + 1
    assert [data[offset + 4 : offset + 8] for _, offset in ranges] == [b"moof"] * 4
    assert sum(size for size, _ in ranges) + last + 1 == len(data)


def test_a_manifest_of_dash_describes_each_output(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Videos share a set, and the sound has its own; both have the lengths of the segments."""
    details = _stream(
        environment,
        tmp_path,
        "dash/",
        kind="DashIso",
        WriteSegmentTimelineInRepresentation="ENABLED",
        MinBufferTime=3000,
    )
    root = _manifest(environment, "dash/f.mpd")
    videos, sounds = root.findall(".//AdaptationSet", NAMESPACE)
    timeline = [
        (int(part.attrib["d"]), int(part.attrib.get("r", 0)))
        for part in videos.findall("Representation/SegmentTemplate/SegmentTimeline/S", NAMESPACE)
    ]

    assert [key for key in environment.output_keys("dash/") if "180p" in key] == [
        "f_180p_000000001.mp4",
        "f_180p_000000002.mp4",
        "f_180pinit.mp4",
    ]
    assert (details["type"], details["playlistFilePaths"]) == (
        "DASH_ISO_GROUP",
        [f"s3://{environment.outputs}/dash/f.mpd"],
    )
    assert root.attrib["minBufferTime"] == "PT3S"
    assert float(root.attrib["mediaPresentationDuration"][2:-1]) == pytest.approx(DURATION_S, abs=0.05)
    assert [each.attrib["height"] for each in videos] == ["180", "90"]
    assert all(each.attrib["codecs"].startswith("avc1.") for each in videos)
    assert [each.attrib["codecs"] for each in sounds] == ["mp4a.40.2"]
    timescale = sum(length for length, _ in timeline[:2]) // DURATION_S
    assert timeline == [(4 * timescale, 0), (3 * timescale, 0)] * 2


def test_the_identifiers_of_dash_are_in_names_and_manifest(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Segments are numbered or have their start; a bandwidth is the sum of the bitrates of the settings."""
    source = make_video(tmp_path / "f.mp4", size="160x90", duration_s=DURATION_S)
    for modifier, names in (
        ("_$Number$", ["f_$Number$init.mp4", "f_1.mp4", "f_2.mp4"]),
        ("_$Time$", ["f_0.mp4", "f_51200.mp4", "f_init.mp4"]),
        ("_$Bandwidth$", ["f_500000_000000001.mp4", "f_500000_000000002.mp4", "f_500000init.mp4"]),
    ):
        prefix = f"identifiers{modifier.replace('$', '')}/"
        destination = f"s3://{environment.outputs}/{prefix}"
        video = output("MPD", video=h264(90), NameModifier=modifier)
        run_groups(environment, source, prefix, group("DashIso", destination, video, SegmentLength=4, FragmentLength=2))
        template = _manifest(environment, f"{prefix}f.mpd").find(".//SegmentTemplate", NAMESPACE)

        assert template is not None
        assert environment.output_keys(prefix) == ["f.mpd", *names]
        assert template.attrib["media"] in (f"f{modifier}.mp4", "f_500000_$Number%09d$.mp4")


def test_a_group_has_additional_manifests_of_both_kinds(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """They name the selected outputs only."""
    _stream(
        environment,
        tmp_path,
        "manifests/",
        AdditionalManifests=[{"ManifestNameModifier": "-small", "SelectedOutputs": ["_90p", "_sound"]}],
    )
    root = _manifest(environment, "manifests/f-small.mpd")

    assert [each.attrib["height"] for each in root.findall(".//Representation[@height]", NAMESPACE)] == ["90"]
    assert "f_180p" not in environment.output_text("manifests/f-small.m3u8")


def test_a_manifest_of_dash_can_have_peak_bandwidths(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The last segment is short, so the first one is above the average, or the last one."""
    found = {}
    for kind in ("AVERAGE", "MAX"):
        _stream(environment, tmp_path, f"{kind}/", kind="DashIso", MpdManifestBandwidthType=kind)
        representations = _manifest(environment, f"{kind}/f.mpd").findall(".//Representation", NAMESPACE)
        found[kind] = [int(each.attrib["bandwidth"]) for each in representations]

    assert all(average < peak for average, peak in zip(found["AVERAGE"], found["MAX"], strict=True))


def test_fragments_are_as_long_as_specified(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A segment of four seconds has two fragments of two, or one of four."""
    counts = {}
    for length_s in (2, 4):
        _stream(environment, tmp_path, f"fragments{length_s}/", FragmentLength=length_s, WriteDashManifest="DISABLED")
        key = f"fragments{length_s}/f_180p_000000001.cmfv"
        data = environment.s3.get_object(Bucket=environment.outputs, Key=key)["Body"].read()
        counts[length_s] = data.count(b"moof")
        assert "f.mpd" not in environment.output_keys(f"fragments{length_s}/")

    assert counts == {2: 2, 4: 1}


def test_picture_and_sound_begin_together(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The first picture is at zero, although the encoder reorders pictures."""
    _stream(environment, tmp_path, "start/", kind="DashIso")
    for name in ("180p", "sound"):
        path = tmp_path / f"{name}.mp4"
        parts = [f"start/f_{name}{part}.mp4" for part in ("init", "_000000001")]
        bodies = [environment.s3.get_object(Bucket=environment.outputs, Key=part)["Body"].read() for part in parts]
        path.write_bytes(b"".join(bodies))
        with av.open(str(path)) as container:
            packet = next(container.demux(container.streams[0]))
            assert float((packet.pts or 0) * packet.time_base) == pytest.approx(0, abs=0.03)
