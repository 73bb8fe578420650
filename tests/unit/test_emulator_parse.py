"""The emulator parses job settings, and refuses invalid ones with their JSON pointer."""

from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job_settings_check import parse_used_settings
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.spec import FileGroup, HlsGroup

H264 = {"codec": "H_264", "h264Settings": {"rateControlMode": "QVBR", "maxBitrate": 1_000_000}}
AAC = {"codec": "AAC", "aacSettings": {"bitrate": 64_000, "codingMode": "CODING_MODE_1_0", "sampleRate": 44_100}}
KEY = {"staticKeyValue": "0" * 32, "url": "video.key"}


def _settings() -> dict[str, Any]:
    """Return complete settings with one HLS output."""
    hls = {
        "destination": "s3://out/path/",
        "segmentLength": 6,
        "encryption": {"encryptionMethod": "AES128", "type": "STATIC_KEY", "staticKeyProvider": dict(KEY)},
    }
    output = {
        "nameModifier": "_a",
        "containerSettings": {"container": "M3U8"},
        "videoDescription": {"height": 360, "codecSettings": deepcopy(H264)},
        "audioDescriptions": [{"audioSourceName": "second", "codecSettings": deepcopy(AAC)}],
    }
    selectors = {"first": {"tracks": [1]}, "second": {"tracks": [2]}}
    return {
        "inputs": [{"fileInput": "s3://in/video.mp4", "audioSelectors": selectors}],
        "outputGroups": [
            {
                "outputGroupSettings": {"type": "HLS_GROUP_SETTINGS", "hlsGroupSettings": hls},
                "outputs": [output],
            }
        ],
    }


def _with_value(settings: dict[str, Any], pointer: str, value: object) -> dict[str, Any]:
    """Set the value at a JSON pointer; return the settings."""
    target: Any = settings
    *parents, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    for part in parents:
        target = target[part] if isinstance(part, int) else target.setdefault(part, {})
    target[last] = value
    return settings


def test_complete_settings_are_parsed() -> None:
    """The quality, the track and the key are those of the settings."""
    spec = parse_settings(_settings())
    (group,) = spec.groups
    assert isinstance(group, HlsGroup)
    (output,) = group.outputs
    assert output.video is not None
    assert (output.video.quality_crf, output.video.max_bitrate_bps) == (23, 1_000_000)
    assert (output.audios[0].source.track_index, output.audios[0].channels) == (1, 1)
    assert group.encryption is not None
    assert (group.encryption.key, group.encryption.iv_hex) == (bytes(16), None)


def test_the_key_is_never_in_a_repr() -> None:
    """A settings object in a log contains no key."""
    assert "\\x00" not in repr(parse_settings(_settings()))


GROUP = "/outputGroups/0"
HLS = f"{GROUP}/outputGroupSettings/hlsGroupSettings"
OUTPUT = f"{GROUP}/outputs/0"
VIDEO = f"{OUTPUT}/videoDescription/codecSettings"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/inputs", []),
        ("/inputs/0/fileInput", None),
        ("/inputs/0/fileInput", "https://example.com/video.mp4"),
        ("/inputs/0/fileInput", "s3://bucket-alone"),
        ("/inputs/0/fileInput", "http://[a/b"),
        ("/inputs/0/inputClippings", [{}]),
        ("/outputGroups", []),
        (f"{GROUP}/automatedEncodingSettings", {"abrSettings": {}}),
        (f"{GROUP}/outputs", []),
        (f"{GROUP}/outputGroupSettings/type", "MS_SMOOTH_GROUP_SETTINGS"),
        (f"{HLS}/destination", None),
        (f"{HLS}/baseUrl", 'a"b'),
        (f"{HLS}/additionalManifests", [{}]),
        (f"{HLS}/additionalManifests", [{"manifestNameModifier": "_m"}]),
        (f"{HLS}/additionalManifests", [{"manifestNameModifier": "_m", "selectedOutputs": ["_none"]}]),
        (f"{HLS}/additionalManifests", [{"manifestNameModifier": '"', "selectedOutputs": ["_v"]}]),
        (f"{OUTPUT}/outputSettings/hlsSettings/iFrameOnlyManifest", "INCLUDE"),
        (f"{OUTPUT}/outputSettings/hlsSettings/iFrameOnlyManifest", "INCLUDE_AS_TS"),
        ("/timecodeConfig/timestampOffset", "2003-02-30"),
        (f"{HLS}/encryption/encryptionMethod", "SAMPLE_AES"),
        (f"{HLS}/encryption/type", "SPEKE"),
        (f"{HLS}/encryption/staticKeyProvider/staticKeyValue", "00"),
        (f"{HLS}/encryption/staticKeyProvider/url", 'a"b'),
        (f"{OUTPUT}/nameModifier", None),
        (f"{OUTPUT}/nameModifier", 'a"b'),
        (f"{OUTPUT}/nameModifier", "$Number$"),
        (f"{OUTPUT}/nameModifier", "$Bandwidth$"),
        (f"{OUTPUT}/preset", "System-Avc_16x9"),
        (f"{OUTPUT}/captionDescriptions", [{}]),
        (f"{OUTPUT}/containerSettings/container", "CMFC"),
        (f"{VIDEO}/codec", "AV1"),
        (f"{VIDEO}/h264Settings/maxBitrate", None),
        (f"{VIDEO}/h264Settings/rateControlMode", "CBR"),
        (f"{VIDEO}/h264Settings/codecProfile", "HIGH_10BIT"),
        (f"{VIDEO}/h264Settings/framerateControl", "SPECIFIED"),
        ("/inputs/0/audioSelectors/first/remixSettings", {"channelsIn": 1, "channelsOut": 2}),
        (
            f"{OUTPUT}/audioDescriptions/0/remixSettings",
            {"channelsIn": 2, "channelsOut": 1, "channelMapping": {"outputChannels": [{"inputChannels": [0]}]}},
        ),
        (f"{OUTPUT}/audioDescriptions/0/codecSettings/codec", "PASSTHROUGH"),
    ],
)
def test_an_invalid_or_not_emulated_value_is_refused_with_its_pointer(pointer: str, value: object) -> None:
    """The message begins with the JSON pointer of the value, of its parent or of its sibling."""
    with pytest.raises(BadRequestException) as caught:
        parse_used_settings(_with_value(_settings(), pointer, value), is_strict=False)
    reported = caught.value.message.split(":")[0]
    assert reported
    assert pointer.startswith(reported) or reported.startswith(pointer.rpartition("/")[0])


def test_a_destination_may_contain_every_character_of_a_file_name() -> None:
    """Destinations contain users' file names, with quotes, dollars and percent signs."""
    (group,) = parse_settings(_with_value(_settings(), f"{HLS}/destination", "s3://out/a'b\"c$100$d%20#?/")).groups

    assert group.destination == "s3://out/a'b\"c$100$d%20#?/"


def test_two_outputs_may_not_have_the_same_name() -> None:
    """Their files would overwrite each other."""
    settings = _settings()
    settings["outputGroups"][0]["outputs"] *= 2
    with pytest.raises(BadRequestException, match="/outputGroups/0/outputs/1/nameModifier"):
        parse_settings(settings)


def test_a_file_has_its_containers_extension_or_its_own() -> None:
    """The extension is only a part of the name; the container decides the format."""
    settings = _settings()
    output = settings["outputGroups"][0]["outputs"][0] | {"containerSettings": {"container": "MP4"}, "extension": "m4v"}
    group = {"type": "FILE_GROUP_SETTINGS", "fileGroupSettings": {"destination": "s3://out/"}}
    settings["outputGroups"] = [{"outputGroupSettings": group, "outputs": [output]}]
    (parsed,) = parse_settings(settings).groups

    assert isinstance(parsed, FileGroup)
    assert (parsed.outputs[0].container, parsed.outputs[0].extension) == ("mp4", "m4v")


@pytest.mark.parametrize(
    ("h264", "gop", "rate"),
    [
        ({"gopSize": 2, "gopSizeUnits": "SECONDS"}, (2, None), None),
        ({"gopSize": 90, "gopSizeUnits": "FRAMES"}, (None, 90), None),
        ({"gopSize": 90, "framerateControl": "SPECIFIED", "framerateNumerator": 30}, (3, None), Fraction(30)),
        ({"gopSizeUnits": "AUTO", "gopSize": 5}, (None, None), None),
    ],
)
def test_a_gop_is_in_seconds_if_the_frame_rate_is_known(
    h264: dict[str, Any], gop: tuple[float | None, float | None], rate: Fraction | None
) -> None:
    """A number of frames becomes a duration later, if the job leaves the frame rate to the input."""
    settings = _settings()
    settings["outputGroups"][0]["outputs"][0]["videoDescription"]["codecSettings"]["h264Settings"] |= h264
    video = parse_settings(settings).groups[0].outputs[0].video

    assert video is not None
    assert ((video.gop_s, video.gop_frames), video.frame_rate) == (gop, rate)
