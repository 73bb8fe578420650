"""Captions become segments of WebVTT with a playlist, in HLS and CMAF groups."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.closed_captions import write_captions
from tests.emulator_environment import ROLE, EmulatorEnvironment, emulator_environment, ffmpeg, make_video
from tests.emulator_groups import Settings, aac, download, group, h264, output, run_groups

SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello <i>world</i>\n\n2\n00:00:01,900 --> 00:00:02,600\nTwo\nlines\n"
VTT = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:00.500 --> 00:01.500 line:0\nHello <i>world</i>\n\n"
VTT += "00:01.900 --> 00:02.600\nTwo\nlines\n"
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"><body><div>
<p begin="00:00:00.500" end="00:00:01.500">Hello <span tts:fontStyle="italic">world</span></p>
<p begin="1.9s" dur="700ms">Two<br/>lines</p>
</div></body></tt>
"""
FILES = {"SRT": ("srt", SRT), "WEBVTT": ("vtt", VTT), "TTML": ("ttml", TTML)}
CUES = [("00:00:00.500 --> 00:00:01.500", "Hello world"), ("00:00:01.900 --> 00:00:02.600", "Two\nlines")]
CUE = re.compile(r"^([\d:.]+ --> [\d:.]+)(.*)\n((?:.+\n)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Return one emulator for all tests of this file."""
    with emulator_environment(aws_endpoint) as shared:
        yield shared


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of three seconds."""
    return make_video(tmp_path_factory.mktemp("video") / "v.mp4", size="160x90", duration_s=3)


def _caption(container: str, modifier: str = "_eng", selector: str = "Captions Selector 1", **more: object) -> Settings:
    webvtt = {"DestinationType": "WEBVTT", "WebvttDestinationSettings": more.pop("Webvtt", {})}
    description = {"CaptionSelectorName": selector, "DestinationSettings": webvtt, "LanguageCode": "ENG"} | more
    return output(container, NameModifier=modifier, CaptionDescriptions=[description])


def _selectors(kind: str, **settings: object) -> Settings:
    return {"Captions Selector 1": {"SourceSettings": {"SourceType": kind, **settings}}}


def _file(environment: EmulatorEnvironment, folder: Path, kind: str, text: str | bytes | None = None) -> str:
    """Upload a captions file; return its URI."""
    extension, content = FILES[kind]
    path = folder / f"captions.{extension}"
    chosen = content if text is None else text
    path.write_bytes(chosen if isinstance(chosen, bytes) else chosen.encode())
    return environment.upload(path, f"{folder.name}/{path.name}")


def _hls(environment: EmulatorEnvironment, prefix: str, *captions: Settings, **settings: object) -> Settings:
    ladder = output("M3U8", video=h264(), audios=(aac(),), NameModifier="_v")
    defaults = {"SegmentLength": 2, "MinSegmentLength": 0}
    return group("Hls", f"s3://{environment.outputs}/{prefix}v", ladder, *captions, **defaults | settings)


def _cues(text: str) -> list[tuple[str, str]]:
    return [(times, lines.rstrip("\n")) for times, _, lines in CUE.findall(text)]


def _run(environment: EmulatorEnvironment, video: Path, prefix: str, selectors: Settings, hls: Settings) -> Settings:
    (detail,) = run_groups(environment, video, prefix, hls, CaptionSelectors=selectors)
    return detail


@pytest.mark.parametrize("kind", FILES)
def test_captions_files_become_segments_of_webvtt(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, kind: str
) -> None:
    """The cues are the same for each format, and the captions have a playlist beside the video's."""
    prefix = f"captions-{kind}/"
    selectors = _selectors(kind, FileSourceSettings={"SourceFile": _file(environment, tmp_path, kind)})
    hls = _hls(environment, prefix, _caption("M3U8", LanguageDescription="English"))

    detail = _run(environment, video, prefix, selectors, hls)

    segment = environment.output_text(f"{prefix}v_eng_00001.vtt")
    assert _cues(segment) == CUES
    assert "<i>" not in segment
    assert environment.output_text(f"{prefix}v_eng.m3u8").splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:3",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXTINF:3,",
        "v_eng_00001.vtt",
        "#EXT-X-ENDLIST",
    ]
    master = environment.output_text(f"{prefix}v.m3u8").splitlines()
    assert master[-1] == (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",LANGUAGE="eng",NAME="English",AUTOSELECT=YES,DEFAULT=YES,'
        'FORCED=NO,URI="v_eng.m3u8"'
    )
    assert master[3].endswith(',SUBTITLES="subs"')
    assert detail["outputDetails"][1] == {
        "outputFilePaths": [f"s3://{environment.outputs}/{prefix}v_eng.m3u8"],
        "durationInMs": 0,
    }


def test_the_timestamp_of_a_segment_is_that_of_the_first_picture(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """Otherwise players show captions too early or too late."""
    prefix = "timestamps/"
    selectors = _selectors("SRT", FileSourceSettings={"SourceFile": _file(environment, tmp_path, "SRT")})

    _run(environment, video, prefix, selectors, _hls(environment, prefix, _caption("M3U8")))

    (mpegts,) = re.findall(
        r"^X-TIMESTAMP-MAP=MPEGTS:(\d+),LOCAL:00:00:00.000$",
        environment.output_text(f"{prefix}v_eng_00001.vtt"),
        re.MULTILINE,
    )
    with av.open(str(download(environment, f"{prefix}v_v_00001.ts", tmp_path))) as container:
        first = next(iter(container.decode(video=0)))
        assert first.pts is not None
        assert int(mpegts) == first.pts > 0


def test_caption_segments_can_match_those_of_the_video(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """A cue that lasts into the next segment is in both."""
    prefix = "matching/"
    selectors = _selectors("SRT", FileSourceSettings={"SourceFile": _file(environment, tmp_path, "SRT")})
    hls = _hls(environment, prefix, _caption("M3U8"), CaptionSegmentLengthControl="MATCH_VIDEO")

    _run(environment, video, prefix, selectors, hls)

    segments = [environment.output_text(f"{prefix}v_eng_0000{number}.vtt") for number in (1, 2)]
    assert [_cues(text) for text in segments] == [CUES, CUES[1:]]
    lengths = [re.findall(r"#EXTINF:.*", environment.output_text(f"{prefix}v_{name}.m3u8")) for name in ("v", "eng")]
    assert lengths[0] == lengths[1] == ["#EXTINF:2,", "#EXTINF:1,"]


@pytest.mark.parametrize(("delta", "units", "start"), [(1, "SECONDS", "01.500"), (-250, "MILLISECONDS", "00.250")])
def test_a_time_delta_moves_the_captions(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, delta: int, units: str, start: str
) -> None:
    """It is in seconds, if the job doesn't name milliseconds."""
    prefix = f"delta{delta}/"
    file = {"SourceFile": _file(environment, tmp_path, "SRT"), "TimeDelta": delta, "TimeDeltaUnits": units}

    _run(
        environment,
        video,
        prefix,
        _selectors("SRT", FileSourceSettings=file),
        _hls(environment, prefix, _caption("M3U8")),
    )

    assert _cues(environment.output_text(f"{prefix}v_eng_00001.vtt"))[0][0].startswith(f"00:00:{start} -->")


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("DISABLED", ["\n00:00:00.500 --> 00:00:01.500\nHello world\n"]),
        ("ENABLED", ["\n00:00:00.500 --> 00:00:01.500 line:0\nHello <i>world</i>\n", "::cue { color: red }"]),
        ("STRICT", ["\nfirst\n00:00:00.500 --> 00:00:01.500 line:0\nHello <i>world</i>\n", "::cue { color: red }"]),
    ],
)
def test_style_passthrough_decides_on_styles_and_positions(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, style: str, expected: list[str]
) -> None:
    """STRICT also keeps the names of cues."""
    prefix = f"style-{style}/"
    selectors = _selectors("WEBVTT", FileSourceSettings={"SourceFile": _file(environment, tmp_path, "WEBVTT")})
    hls = _hls(environment, prefix, _caption("M3U8", Webvtt={"StylePassthrough": style}))

    _run(environment, video, prefix, selectors, hls)

    text = environment.output_text(f"{prefix}v_eng_00001.vtt")
    assert all(part in text for part in expected)


def test_captions_in_the_input_and_a_second_language(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """EMBEDDED reads a text track of the input. Only the first captions are the default."""
    prefix = "embedded/"
    (tmp_path / "captions.srt").write_text(SRT)
    source = tmp_path / "v.mp4"
    captions = ("-i", str(tmp_path / "captions.srt"), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text")
    ffmpeg("-i", str(video), *captions, str(source))
    selectors = _selectors("EMBEDDED") | {"Captions Selector 2": _selectors("SRT")["Captions Selector 1"]}
    file = {"SourceFile": _file(environment, tmp_path, "SRT", SRT.replace("Hello", "Hallo"))}
    selectors["Captions Selector 2"]["SourceSettings"]["FileSourceSettings"] = file
    german = {"LanguageCode": "DEU", "Webvtt": {"Accessibility": "ENABLED"}}
    hls = _hls(
        environment,
        prefix,
        _caption("M3U8", Webvtt={"StylePassthrough": "ENABLED"}),
        _caption("M3U8", "_deu", "Captions Selector 2", **german),
    )

    _run(environment, source, prefix, selectors, hls)

    assert _cues(environment.output_text(f"{prefix}v_eng_00001.vtt"))[0] == (CUES[0][0], "Hello <i>world</i>")
    assert _cues(environment.output_text(f"{prefix}v_deu_00001.vtt"))[0] == (CUES[0][0], "Hallo world")
    english, deutsch = re.findall(r"#EXT-X-MEDIA:TYPE=SUBTITLES.*", environment.output_text(f"{prefix}v.m3u8"))
    assert "AUTOSELECT=YES,DEFAULT=YES" in english
    assert "AUTOSELECT=YES,DEFAULT=NO" in deutsch
    assert 'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public' in deutsch


@pytest.mark.parametrize("extension", ["mp4", "ts"])
def test_captions_in_the_pictures_become_webvtt(
    environment: EmulatorEnvironment, tmp_path: Path, extension: str
) -> None:
    """EMBEDDED reads CEA-608, as on AWS. The pictures of the output don't have it."""
    prefix = f"pictures-{extension}/"
    stream, source = tmp_path / "v.h264", tmp_path / f"v.{extension}"
    x264 = ("-c:v", "libx264", "-bf", "0", "-preset", "ultrafast", "-x264-params", "aud=1")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=3", *x264, str(stream))
    write_captions(stream, source, "Hello", shown=25, erased=50)

    _run(environment, source, prefix, _selectors("EMBEDDED"), _hls(environment, prefix, _caption("M3U8")))

    ((times, text),) = _cues(environment.output_text(f"{prefix}v_eng_00001.vtt"))
    assert text == "Hello"
    start_s, end_s = (float(time.rpartition(":")[2]) for time in times.split(" --> "))
    assert [start_s, end_s] == pytest.approx([1, 2], abs=0.1)
    with av.open(str(download(environment, f"{prefix}v_v_00001.ts", tmp_path))) as container:
        kept = {str(getattr(side, "type", side)) for picture in container.decode(video=0) for side in picture.side_data}
    assert not any("A53" in name for name in kept)


def test_captions_of_an_input_without_any_are_a_warning(environment: EmulatorEnvironment, video: Path) -> None:
    """The job succeeds, as on AWS, and its warning says that the captions are empty."""
    prefix = "without/"
    uri = environment.upload(video, f"{prefix}v.mp4")
    settings: Any = {
        "Inputs": [
            {
                "FileInput": uri,
                "AudioSelectors": {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}},
                "CaptionSelectors": _selectors("EMBEDDED"),
            }
        ],
        "OutputGroups": [_hls(environment, prefix, _caption("M3U8"))],
    }
    job_id = environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"]

    detail = environment.wait_for_final_event(job_id)[-1]["detail"]

    assert (detail["status"], detail["warnings"]) == ("COMPLETE", [{"code": 900_003, "count": 1}])
    assert _cues(environment.output_text(f"{prefix}v_eng_00001.vtt")) == []


def test_clippings_cut_the_captions(environment: EmulatorEnvironment, video: Path, tmp_path: Path) -> None:
    """The times count from the start of the output."""
    prefix = "clipped/"
    selectors = _selectors("SRT", FileSourceSettings={"SourceFile": _file(environment, tmp_path, "SRT")})
    hls = _hls(environment, prefix, _caption("M3U8"))
    clips: Settings = {"TimecodeSource": "ZEROBASED", "InputClippings": [{"StartTimecode": "00:00:01:00"}]}

    run_groups(environment, video, prefix, hls, CaptionSelectors=selectors, **clips)

    assert _cues(environment.output_text(f"{prefix}v_eng_00001.vtt")) == [
        ("00:00:00.000 --> 00:00:00.500", "Hello world"),
        ("00:00:00.900 --> 00:00:01.600", "Two\nlines"),
    ]


def test_captions_of_a_cmaf_group_are_in_both_manifests(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """The names have nine digits, and the event names no files."""
    prefix = "cmaf/"
    selectors = _selectors("SRT", FileSourceSettings={"SourceFile": _file(environment, tmp_path, "SRT")})
    cmaf = group(
        "Cmaf",
        f"s3://{environment.outputs}/{prefix}v",
        output("CMFC", video=h264(), NameModifier="_v"),
        output("CMFC", audios=(aac(),), NameModifier="_a"),
        _caption("CMFC"),
        SegmentLength=2,
        FragmentLength=2,
    )

    detail = _run(environment, video, prefix, selectors, cmaf)

    text = environment.output_text(f"{prefix}v_eng_000000001.vtt")
    assert (_cues(text), "MPEGTS:0," in text) == (CUES, True)
    assert detail["outputDetails"][2] == {"durationInMs": 0}
    assert 'SUBTITLES="subs"' in environment.output_text(f"{prefix}v.m3u8")
    manifest = ET.fromstring(environment.output_text(f"{prefix}v.mpd"))  # noqa: S314  (the emulator's own)
    texts = manifest.findall(".//{*}AdaptationSet[@mimeType='text/vtt']")
    assert [(each.get("lang"), each.findall("{*}Role")[0].get("value")) for each in texts] == [("eng", "subtitle")]
    template = texts[0].find(".//{*}SegmentTemplate")
    assert template is not None
    assert template.get("media") == "v_eng_$Number%09d$.vtt"


@pytest.mark.parametrize(
    ("kind", "content"),
    [("SRT", b"\xff\xd8 no captions"), ("SRT", VTT), ("SRT", ""), ("WEBVTT", SRT), ("TTML", SRT), ("TTML", "<a/>")],
)
def test_a_file_of_another_type_fails_the_job(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, kind: str, content: str | bytes
) -> None:
    """MediaConvert never detects the type."""
    uri = _file(environment, tmp_path, kind, content)

    error = _error(environment, video, _selectors(kind, FileSourceSettings={"SourceFile": uri}))

    text = f"Failed to initialize pipeline [Caption file [{uri}] does not appear to be the correct type.]. (IS)"
    assert error == (1010, text)


def test_a_missing_captions_file_fails_the_job(environment: EmulatorEnvironment, video: Path) -> None:
    """The message names the file."""
    uri = f"s3://{environment.inputs}/missing.srt"

    code, message = _error(environment, video, _selectors("SRT", FileSourceSettings={"SourceFile": uri}))

    assert code == 1404
    assert uri in message


def _error(environment: EmulatorEnvironment, video: Path, selectors: Settings) -> tuple[int, str]:
    uri = environment.upload(video, "errors/v.mp4")
    audio = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
    settings: Any = {
        "Inputs": [{"FileInput": uri, "AudioSelectors": audio, "CaptionSelectors": selectors}],
        "OutputGroups": [_hls(environment, "errors/", _caption("M3U8"))],
    }
    job = environment.wait_for_job(environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"])
    return job["ErrorCode"], job["ErrorMessage"]


def test_closed_captions_of_the_main_playlist(environment: EmulatorEnvironment, video: Path) -> None:
    """INSERT has one line for each language, and NONE says on each variant that there are none."""
    mappings = [{"CaptionChannel": 1, "LanguageCode": "ENG", "LanguageDescription": "English"}, {"CaptionChannel": 3}]
    inserted = _hls(environment, "cc/", CaptionLanguageSetting="INSERT", CaptionLanguageMappings=mappings)
    none = _hls(environment, "none/", CaptionLanguageSetting="NONE")

    run_groups(environment, video, "cc/", inserted, none)

    assert re.findall(r"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,(.*)", environment.output_text("cc/v.m3u8")) == [
        'GROUP-ID="cc",LANGUAGE="eng",NAME="English",AUTOSELECT=YES,DEFAULT=YES,INSTREAM-ID="CC1"',
        'GROUP-ID="cc",NAME="CC3",AUTOSELECT=YES,DEFAULT=NO,INSTREAM-ID="CC3"',
    ]
    assert re.search(r'#EXT-X-STREAM-INF:.*,CLOSED-CAPTIONS="cc"\n', environment.output_text("cc/v.m3u8"))
    assert re.search(r"#EXT-X-STREAM-INF:.*,CLOSED-CAPTIONS=NONE\n", environment.output_text("none/v.m3u8"))


def test_probe_lists_text_tracks(environment: EmulatorEnvironment, video: Path, tmp_path: Path) -> None:
    """They are tracks of data, with their language. The API has a codec's name for WebVTT only."""
    (tmp_path / "captions.srt").write_text(SRT)
    inputs = ("-i", str(video), "-i", str(tmp_path / "captions.srt"), "-map", "0", "-map", "1")
    language = ("-metadata:s:s:0", "language=eng")
    ffmpeg(*inputs, "-c", "copy", "-c:s", "mov_text", *language, str(tmp_path / "v.mp4"))
    ffmpeg(*inputs, "-c:v", "libvpx", "-c:a", "libopus", "-c:s", "webvtt", *language, str(tmp_path / "v.webm"))

    found = []
    for name in ("v.mp4", "v.webm"):
        uri = environment.upload(tmp_path / name, f"probed/{name}")
        (result,) = environment.mediaconvert.probe(InputFiles=[{"FileUrl": uri}])["ProbeResults"]
        track = result["Container"]["Tracks"][2]
        found.append((track["TrackType"], track["Codec"], track["DataProperties"]["LanguageCode"]))
        assert result["TrackMappings"][0]["DataTrackIndexes"] == [3]

    assert found == [("data", "UNKNOWN", "eng"), ("data", "WEBVTT", "eng")]
