"""Video outputs may play with several audio groups, and names may contain format identifiers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator_environment import ROLE, emulator_environment, make_video

AAC = {
    "AudioSourceName": "Audio Selector 1",
    "CodecSettings": {
        "Codec": "AAC",
        "AacSettings": {"Bitrate": 64_000, "CodingMode": "CODING_MODE_2_0", "SampleRate": 48_000},
    },
}
SELECTED = "ALTERNATE_AUDIO_AUTO_SELECT"
H264 = {"Codec": "H_264", "H264Settings": {"RateControlMode": "QVBR", "MaxBitrate": 500_000}}


def _output(modifier: str, hls: dict[str, str], **descriptions: object) -> dict[str, Any]:
    container = {"Container": "M3U8"}
    return {
        "NameModifier": modifier,
        "ContainerSettings": container,
        "OutputSettings": {"HlsSettings": hls},
        **descriptions,
    }


@pytest.mark.parametrize("tracks", [None, [2]])
def test_a_video_is_a_variant_of_each_audio_group(aws_endpoint: str, tmp_path: Path, tracks: list[int] | None) -> None:
    """Each variant names its group; a selector of a missing track fails the job with MediaConvert's text."""
    outputs = [
        _output("_$h$p", {"AudioRenditionSets": "lo,hi"}, VideoDescription={"Height": 90, "CodecSettings": H264}),
        _output("_lo", {"AudioGroupId": "lo", "AudioTrackType": SELECTED}, AudioDescriptions=[AAC]),
        _output("_hi", {"AudioGroupId": "hi", "AudioTrackType": SELECTED}, AudioDescriptions=[AAC]),
    ]
    selector: dict[str, Any] = {"Tracks": tracks} if tracks else {"DefaultSelection": "DEFAULT"}
    with emulator_environment(aws_endpoint) as environment:
        uri = environment.upload(make_video(tmp_path / "v.mp4", size="160x90", duration_s=1), "v.mp4")
        hls = {"Destination": f"s3://{environment.outputs}/$d$/$fn$", "SegmentLength": 6, "MinSegmentLength": 0}
        group = {"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls}, "Outputs": outputs}
        settings: Any = {
            "Inputs": [{"FileInput": uri, "AudioSelectors": {"Audio Selector 1": selector}}],
            "OutputGroups": [group],
        }
        job_id = environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"]
        job = environment.wait_for_job(job_id)
        if tracks:
            assert (job["ErrorCode"], job["ErrorMessage"]) == (
                1040,
                "Invalid audio track specified for audio_selector [1]. Audio track [2] not found in input container.",
            )
            return
        assert job["Status"] == "COMPLETE", json.dumps(job, default=str)
        detail = environment.wait_for_final_event(job_id)[-1]["detail"]
        (path,) = detail["outputGroupDetails"][0]["playlistFilePaths"]
        master = environment.output_text(path.removeprefix(f"s3://{environment.outputs}/"))
    assert re.fullmatch(rf"s3://{environment.outputs}/\d{{8}}/v\.m3u8", path)
    variants = re.findall(r"#EXT-X-STREAM-INF:.*AUDIO=\"(\w+)\"\n(\S+)", master)
    assert variants == [("lo", "v_90p.m3u8"), ("hi", "v_90p.m3u8")]
    assert re.findall(r"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"(\w+)\"", master) == ["lo", "hi"]


def test_audio_alone_can_be_a_file(aws_endpoint: str, tmp_path: Path) -> None:
    """The container RAW has the codec's own file format and extension."""
    mp3 = {"Codec": "MP3", "Mp3Settings": {"Bitrate": 64_000, "Channels": 2, "SampleRate": 48_000}}
    with emulator_environment(aws_endpoint) as environment:
        uri = environment.upload(make_video(tmp_path / "v.mp4", size="160x90", duration_s=1), "v.mp4")
        group = {
            "OutputGroupSettings": {
                "Type": "FILE_GROUP_SETTINGS",
                "FileGroupSettings": {"Destination": f"s3://{environment.outputs}/audio/"},
            },
            "Outputs": [
                {"ContainerSettings": {"Container": "RAW"}, "AudioDescriptions": [{"CodecSettings": mp3}]},
                {"ContainerSettings": {"Container": "RAW"}, "NameModifier": "_a", "AudioDescriptions": [AAC]},
            ],
        }
        selectors: Any = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
        settings: Any = {"Inputs": [{"FileInput": uri, "AudioSelectors": selectors}], "OutputGroups": [group]}
        job_id = environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"]
        job = environment.wait_for_job(job_id)
        assert job["Status"] == "COMPLETE", json.dumps(job, default=str)
        assert environment.output_keys("audio/") == ["v.mp3", "v_a.aac"]
        assert [detail["DurationInMs"] // 100 for detail in job["OutputGroupDetails"][0]["OutputDetails"]] == [10, 10]
