"""One example for each setting that the emulator applies: two values that must give different jobs.

The list of applied settings is measured with these examples: a setting is applied if a parser reads it.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.presets import expand_presets
from mediaconvert_emulator.recorded_settings import RecordedSettings, is_read, values
from mediaconvert_emulator.spec import JobSpec

OUTPUT = "/outputGroups/0/outputs/0"
GROUP = "/outputGroups/0/outputGroupSettings"
HLS = f"{GROUP}/hlsGroupSettings"
VIDEO = f"{OUTPUT}/videoDescription"
H264, H265 = f"{VIDEO}/codecSettings/h264Settings", f"{VIDEO}/codecSettings/h265Settings"
AUDIO = f"{OUTPUT}/audioDescriptions/0"
ALTERNATE = "/outputGroups/0/outputs/1"
SELECTORS = "/inputs/0/audioSelectors"

AAC = {"codec": "AAC", "aacSettings": {"bitrate": 96_000, "codingMode": "CODING_MODE_2_0", "sampleRate": 48_000}}


def example_settings() -> dict[str, Any]:
    """Return the settings of a complete job: an HLS group with a video output and an audio-only output."""
    h264 = {"rateControlMode": "QVBR", "maxBitrate": 1_000_000, "qvbrSettings": {"qvbrQualityLevel": 7}}
    m3u8 = {"container": "M3U8"}
    video = {"height": 360, "codecSettings": {"codec": "H_264", "h264Settings": h264}}
    audio = {"audioSourceName": "Audio Selector 1", "codecSettings": deepcopy(AAC)}
    encryption = {
        "encryptionMethod": "AES128",
        "type": "STATIC_KEY",
        "staticKeyProvider": {"staticKeyValue": "0" * 32, "url": "video.key"},
    }
    hls = {"destination": "s3://out/path/", "segmentLength": 6, "minSegmentLength": 0, "encryption": encryption}
    outputs = [
        {
            "nameModifier": "_v",
            "containerSettings": dict(m3u8),
            "videoDescription": video,
            "audioDescriptions": [deepcopy(audio)],
        },
        {"nameModifier": "_a", "containerSettings": dict(m3u8), "audioDescriptions": [deepcopy(audio)]},
    ]
    return {
        "inputs": [
            {"fileInput": "s3://in/video.mp4", "audioSelectors": {"Audio Selector 1": {"defaultSelection": "DEFAULT"}}}
        ],
        "outputGroups": [
            {
                "outputGroupSettings": {"type": "HLS_GROUP_SETTINGS", "hlsGroupSettings": hls},
                "outputs": outputs,
            }
        ],
    }


PRESETS: dict[str, JsonObject] = {
    name: {"settings": {"containerSettings": {"container": "M3U8"}, "videoDescription": {"width": width}}}
    for name, width in (("Small", 320), ("Large", 640))
}
"""Presets that example jobs name."""


def parsed(settings: dict[str, Any]) -> tuple[JobSpec, list[str]]:
    """Return a job, and the pointers of the settings that were applied."""
    expanded, used_presets = expand_presets(settings, PRESETS)
    recorded = RecordedSettings(expanded)
    spec = parse_settings(recorded)
    reads = recorded.reads | used_presets
    return spec, [pointer for pointer, _ in values(expanded) if is_read(pointer, reads)]


REMOVED = object()
"""The value of a member that is removed."""


def with_values(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of settings in which the values at JSON pointers are replaced."""
    changed = deepcopy(settings)
    for pointer, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
        target: Any = changed
        for part in parents:
            target = target[part] if isinstance(part, int) else target.setdefault(part, {})
        if value is REMOVED:
            target.pop(last, None)
        else:
            target[last] = deepcopy(value)
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A setting's pointer and two of its values; `given` are the settings that both jobs have besides."""

    pointer: str
    one: Any
    other: Any
    given: dict[str, Any] = field(default_factory=dict)
    given_other: dict[str, Any] = field(default_factory=dict)
    """Settings of the second job only."""

    def jobs(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings of both jobs."""
        base = with_values(example_settings(), self.given)
        other = with_values(base, self.given_other)
        return with_values(base, {self.pointer: self.one}), with_values(other, {self.pointer: self.other})


def _e(pointer: str, one: object, other: object, **given: dict[str, Any]) -> Example:
    return Example(pointer=pointer, one=one, other=other, **given)


FILES = {
    GROUP: {"type": "FILE_GROUP_SETTINGS", "fileGroupSettings": {"destination": "s3://out/file"}},
    f"{OUTPUT}/containerSettings": {"container": "MP4"},
    f"{ALTERNATE}/containerSettings": {"container": "MP4"},
}
VBR = {f"{H264}/rateControlMode": "VBR", f"{H264}/bitrate": 800_000}
SPECIFIED = {f"{H264}/framerateControl": "SPECIFIED", f"{H264}/framerateNumerator": 30}
SECONDS = {f"{H264}/gopSize": 2, f"{H264}/gopSizeUnits": "SECONDS"}


def _hevc(**members: object) -> dict[str, Any]:
    h265 = {"rateControlMode": "QVBR", "maxBitrate": 1_000_000} | members
    return {f"{VIDEO}/codecSettings": {"codec": "H_265", "h265Settings": h265}}


def _audio(codec: str, block: str, **members: object) -> dict[str, Any]:
    return {f"{AUDIO}/codecSettings": {"codec": codec, block: members}}


def _capture(**members: int) -> dict[str, Any]:
    capture = {
        "nameModifier": "_c",
        "containerSettings": {"container": "RAW"},
        "videoDescription": {"codecSettings": {"codec": "FRAME_CAPTURE", "frameCaptureSettings": members}},
    }
    return FILES | {ALTERNATE: capture}


AC3 = _audio("AC3", "ac3Settings", bitrate=192_000, codingMode="CODING_MODE_2_0", sampleRate=48_000)
EAC3 = _audio("EAC3", "eac3Settings", bitrate=192_000, codingMode="CODING_MODE_2_0", sampleRate=48_000)
MP3 = _audio("MP3", "mp3Settings", bitrate=128_000, channels=2, sampleRate=48_000)
CAPTURE = f"{ALTERNATE}/videoDescription/codecSettings/frameCaptureSettings"


def _raw(codec: str, block: str, **members: object) -> dict[str, Any]:
    """Return a job with one more output: audio without a container."""
    audio = {"codecSettings": {"codec": codec, block: members}}
    return FILES | {ALTERNATE: {"containerSettings": {"container": "RAW"}, "audioDescriptions": [audio]}}


def _webm(codec: str, block: str, **members: object) -> dict[str, Any]:
    """Return a job with one more output in a WebM container."""
    settings = {"rateControlMode": "VBR", "bitrate": 500_000} | members
    video = {"codecSettings": {"codec": codec, block: settings}}
    return FILES | {ALTERNATE: {"containerSettings": {"container": "WEBM"}, "videoDescription": video}}


RAW_VALUES: dict[str, tuple[object, object]] = {
    "bitDepth": (16, 24),
    "bitrate": (128_000, 192_000),
    "channels": (1, 2),
    "format": ("RIFF", "RF64"),
    "sampleRate": (44_100, 48_000),
}
RAW = f"{ALTERNATE}/audioDescriptions/0/codecSettings"
WEBM = f"{ALTERNATE}/videoDescription/codecSettings"
BOTH_TRACKS = {f"{SELECTORS}/Audio Selector 2": {"tracks": [2]}}

CLIP = {"/inputs/0/timecodeSource": "ZEROBASED", "/inputs/0/inputClippings": [{"startTimecode": "00:00:00:00"}]}

INPUTS = (
    _e("/inputs/0/fileInput", "s3://in/a.mp4", "s3://in/b.mp4"),
    _e("/inputs/0/videoSelector/rotate", "AUTO", "DEGREES_90"),
    _e("/inputs/0/inputClippings/0/startTimecode", "00:00:00:00", "00:00:01:00", given=CLIP),
    _e("/inputs/0/inputClippings/0/endTimecode", "00:00:02:00", "00:00:03:00", given=CLIP),
    _e("/inputs/0/timecodeSource", "ZEROBASED", "EMBEDDED", given_other={"/inputs/0/inputClippings": []}, given=CLIP),
    _e(f"{SELECTORS}/Audio Selector 1/tracks", [1], [2]),
    _e(
        f"{SELECTORS}/Audio Selector 2/defaultSelection",
        "DEFAULT",
        "NOT_DEFAULT",
        given=BOTH_TRACKS
        | {f"{SELECTORS}/Audio Selector 1": {"tracks": [1]}, f"{AUDIO}/audioSourceName": "Audio Selector 3"}
        | {f"{SELECTORS}/Audio Selector 4": {"defaultSelection": "DEFAULT", "tracks": [1]}},
    ),
    _e(
        "/inputs/0/audioSelectorGroups/Group 1/audioSelectorNames",
        ["Audio Selector 1"],
        ["Audio Selector 2"],
        given=BOTH_TRACKS | {f"{AUDIO}/audioSourceName": "Group 1"},
    ),
)
SEGMENTS_OF_FOLDER = {f"{HLS}/directoryStructure": "SUBDIRECTORY_PER_STREAM"}
DATES = {f"{HLS}/programDateTime": "INCLUDE", "/timecodeConfig/source": "SPECIFIEDSTART"}
MANIFESTS = [{"manifestNameModifier": "_m", "selectedOutputs": ["_v"]}]
PLAYLISTS = (
    ("manifestCompression", "GZIP", "NONE"),
    ("clientCache", "ENABLED", "DISABLED"),
    ("streamInfResolution", "INCLUDE", "EXCLUDE"),
    ("targetDurationCompatibilityMode", "LEGACY", "SPEC_COMPLIANT"),
)
"""Members of HLS and CMAF groups, and two values of each."""
KEYFRAMES: dict[str, Any] = {f"{HLS}/encryption": {}}
HLS_OUTPUT = f"{OUTPUT}/outputSettings/hlsSettings"
HLS_MANIFESTS = (
    *(_e(f"{HLS}/{member}", one, other) for member, one, other in PLAYLISTS),
    _e(f"{HLS}/baseUrl", "https://a.example/", "https://b.example/"),
    _e(f"{HLS}/directoryStructure", "SINGLE_DIRECTORY", "SUBDIRECTORY_PER_STREAM"),
    _e(f"{HLS}/segmentsPerSubdirectory", 10, 20, given=SEGMENTS_OF_FOLDER),
    _e(f"{HLS}/outputSelection", "MANIFESTS_AND_SEGMENTS", "SEGMENTS_ONLY"),
    _e(f"{HLS}/segmentControl", "SINGLE_FILE", "SEGMENTED_FILES"),
    _e(f"{HLS}/encryption/offlineEncrypted", "ENABLED", "DISABLED"),
    _e(f"{HLS}/encryption/staticKeyProvider/keyFormat", "identity", REMOVED),
    _e(f"{HLS}/encryption/staticKeyProvider/keyFormatVersions", "1", REMOVED),
    _e(f"{HLS}/programDateTime", "INCLUDE", "EXCLUDE"),
    _e(f"{HLS}/programDateTimePeriod", 6, 60, given=DATES),
    _e("/timecodeConfig/timestampOffset", "2003-01-25", "2003-01-26", given=DATES),
    _e("/timecodeConfig/start", "01:00:00:00", "02:00:00:00", given=DATES),
    _e("/timecodeConfig/source", "ZEROBASED", "EMBEDDED", given=DATES),
    _e(
        f"{HLS}/additionalManifests/0/manifestNameModifier", "_m", "_n", given={f"{HLS}/additionalManifests": MANIFESTS}
    ),
    _e(
        f"{HLS}/additionalManifests/0/selectedOutputs",
        ["_v"],
        ["_a"],
        given={f"{HLS}/additionalManifests": MANIFESTS},
    ),
    _e(f"{HLS_OUTPUT}/iFrameOnlyManifest", "INCLUDE", "EXCLUDE", given=KEYFRAMES),
)
GROUPS = (
    _e(f"{GROUP}/type", "HLS_GROUP_SETTINGS", "FILE_GROUP_SETTINGS", given_other=FILES),
    _e(f"{GROUP}/fileGroupSettings/destination", "s3://out/a", "s3://out/b", given=FILES),
    _e(f"{HLS}/destination", "s3://out/a", "s3://out/b"),
    _e(f"{HLS}/segmentLength", 6, 10),
    _e(f"{HLS}/segmentLengthControl", "EXACT", "GOP_MULTIPLE"),
    _e(f"{HLS}/manifestDurationFormat", "INTEGER", "FLOATING_POINT"),
    _e(f"{HLS}/encryption/encryptionMethod", "AES128", REMOVED),
    _e(f"{HLS}/encryption/type", "STATIC_KEY", REMOVED),
    _e(f"{HLS}/encryption/staticKeyProvider/staticKeyValue", "0" * 32, "1" * 32),
    _e(f"{HLS}/encryption/staticKeyProvider/url", "a.key", "b.key"),
    _e(f"{HLS}/encryption/constantInitializationVector", "0" * 32, REMOVED),
    _e(f"{HLS}/encryption/initializationVectorInManifest", "INCLUDE", "EXCLUDE"),
    _e(f"{OUTPUT}/nameModifier", "_b", "_c"),
    _e(f"{OUTPUT}/extension", "mp4", "m4v", given=FILES),
    _e(f"{OUTPUT}/preset", "Small", "Large", given={f"{OUTPUT}/containerSettings": REMOVED}),
    _e(f"{OUTPUT}/containerSettings/container", "MP4", "MOV", given=FILES),
    _e(f"{OUTPUT}/outputSettings/hlsSettings/segmentModifier", "_b", "_c"),
    _e(f"{OUTPUT}/outputSettings/hlsSettings/audioRenditionSets", "lo", "hi"),
    _e(f"{ALTERNATE}/outputSettings/hlsSettings/audioGroupId", "lo", "hi"),
    _e(
        f"{ALTERNATE}/outputSettings/hlsSettings/audioTrackType",
        "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
        "AUDIO_ONLY_VARIANT_STREAM",
    ),
)
VIDEOS = (
    _e(f"{VIDEO}/width", 640, 320),
    _e(f"{VIDEO}/height", 360, 180),
    _e(f"{VIDEO}/scalingBehavior", "FIT", "STRETCH_TO_OUTPUT"),
    _e(f"{VIDEO}/codecSettings/codec", "H_264", "H_265", given={H265: {"rateControlMode": "VBR", "bitrate": 800_000}}),
    _e(f"{H264}/rateControlMode", "QVBR", "VBR", given=VBR),
    _e(f"{H264}/bitrate", 500_000, 600_000, given=VBR),
    _e(f"{H264}/maxBitrate", 1_000_000, 2_000_000),
    _e(f"{H264}/qvbrSettings/qvbrQualityLevel", 7, 8),
    _e(f"{H264}/qvbrSettings/qvbrQualityLevelFineTune", 0.33, 0.67),
    _e(f"{H264}/codecProfile", "MAIN", "HIGH"),
    _e(f"{H264}/codecLevel", "LEVEL_3_1", "LEVEL_4"),
    _e(f"{H264}/entropyEncoding", "CABAC", "CAVLC"),
    _e(f"{H264}/framerateControl", "SPECIFIED", "INITIALIZE_FROM_SOURCE", given=SPECIFIED),
    _e(f"{H264}/framerateNumerator", 25, 30, given=SPECIFIED),
    _e(f"{H264}/framerateDenominator", 1, 2, given=SPECIFIED),
    _e(f"{H264}/gopSize", 2, 3, given=SECONDS),
    _e(f"{H264}/gopSizeUnits", "SECONDS", "AUTO", given=SECONDS),
    _e(f"{H264}/hrdBufferSize", 1_000_000, 2_000_000),
    _e(f"{H264}/numberBFramesBetweenReferenceFrames", 0, 2),
    _e(f"{H264}/numberReferenceFrames", 1, 3),
    _e(f"{H264}/slices", 1, 4),
    _e(f"{H265}/rateControlMode", "QVBR", "VBR", given=_hevc(bitrate=800_000)),
    _e(f"{H265}/bitrate", 500_000, 600_000, given=_hevc(rateControlMode="VBR")),
    _e(f"{H265}/maxBitrate", 1_000_000, 2_000_000, given=_hevc()),
    _e(f"{H265}/qvbrSettings/qvbrQualityLevel", 7, 8, given=_hevc()),
    _e(f"{H265}/qvbrSettings/qvbrQualityLevelFineTune", 0.33, 0.67, given=_hevc()),
    _e(f"{H265}/framerateControl", "SPECIFIED", "INITIALIZE_FROM_SOURCE", given=_hevc(framerateNumerator=30)),
    _e(f"{H265}/framerateNumerator", 25, 30, given=_hevc(framerateControl="SPECIFIED")),
    _e(f"{H265}/framerateDenominator", 1, 2, given=_hevc(framerateControl="SPECIFIED", framerateNumerator=30)),
    _e(f"{H265}/gopSize", 2, 3, given=_hevc(gopSizeUnits="SECONDS")),
    _e(f"{H265}/gopSizeUnits", "SECONDS", "AUTO", given=_hevc(gopSize=2)),
    _e(f"{CAPTURE}/framerateNumerator", 1, 2, given=_capture()),
    _e(f"{CAPTURE}/framerateDenominator", 1, 2, given=_capture(framerateNumerator=1)),
    _e(f"{CAPTURE}/maxCaptures", 1, 2, given=_capture()),
    _e(f"{CAPTURE}/quality", 50, 100, given=_capture()),
)
AUDIOS = (
    _e(f"{AUDIO}/audioSourceName", "Audio Selector 1", "Audio Selector 2", given=BOTH_TRACKS),
    _e(f"{AUDIO}/codecSettings/codec", "AAC", "MP3", given=MP3 | {f"{AUDIO}/codecSettings/aacSettings": {}}),
    _e(f"{AUDIO}/codecSettings/aacSettings/bitrate", 96_000, 128_000),
    _e(f"{AUDIO}/codecSettings/aacSettings/codingMode", "CODING_MODE_1_0", "CODING_MODE_2_0"),
    _e(f"{AUDIO}/codecSettings/aacSettings/sampleRate", 44_100, 48_000),
    _e(f"{AUDIO}/codecSettings/ac3Settings/bitrate", 192_000, 256_000, given=AC3),
    _e(f"{AUDIO}/codecSettings/ac3Settings/codingMode", "CODING_MODE_2_0", "CODING_MODE_3_2_LFE", given=AC3),
    _e(f"{AUDIO}/codecSettings/eac3Settings/bitrate", 192_000, 256_000, given=EAC3),
    _e(f"{AUDIO}/codecSettings/eac3Settings/codingMode", "CODING_MODE_2_0", "CODING_MODE_3_2", given=EAC3),
    _e(f"{AUDIO}/codecSettings/mp3Settings/bitrate", 128_000, 192_000, given=MP3),
    _e(f"{AUDIO}/codecSettings/mp3Settings/channels", 1, 2, given=MP3),
    _e(f"{AUDIO}/codecSettings/mp3Settings/sampleRate", 44_100, 48_000, given=MP3),
)
VPX = tuple(
    _e(f"{WEBM}/{block}/{member}", one, other, given=_webm(codec, block, **given))
    for codec, block in (("VP8", "vp8Settings"), ("VP9", "vp9Settings"))
    for member, one, other, given in (
        ("bitrate", 500_000, 600_000, {}),
        ("framerateControl", "SPECIFIED", "INITIALIZE_FROM_SOURCE", {"framerateNumerator": 30}),
        ("framerateNumerator", 25, 30, {"framerateControl": "SPECIFIED"}),
        ("framerateDenominator", 1, 2, {"framerateControl": "SPECIFIED", "framerateNumerator": 30}),
        ("gopSize", 60, 90, {}),
        ("hrdBufferSize", 1_000_000, 2_000_000, {}),
        ("maxBitrate", 1_000_000, 2_000_000, {}),
    )
)
RAW_AUDIOS = tuple(
    _e(f"{RAW}/{block}/{member}", one, other, given=_raw(codec, block))
    for codec, block, members in (
        ("AIFF", "aiffSettings", ("bitDepth", "channels", "sampleRate")),
        ("FLAC", "flacSettings", ("bitDepth", "channels", "sampleRate")),
        ("MP2", "mp2Settings", ("bitrate", "channels", "sampleRate")),
        ("WAV", "wavSettings", ("bitDepth", "channels", "format", "sampleRate")),
    )
    for member in members
    for one, other in [RAW_VALUES[member]]
)
OGG = FILES | {
    ALTERNATE: {"containerSettings": {"container": "OGG"}, "audioDescriptions": [{"codecSettings": {"codec": "OPUS"}}]}
}
OGG_AUDIOS = (
    _e(f"{RAW}/opusSettings/bitrate", 96_000, 128_000, given=OGG),
    _e(f"{RAW}/opusSettings/channels", 1, 2, given=OGG),
    _e(f"{RAW}/opusSettings/sampleRate", 24_000, 48_000, given=OGG),
    _e(f"{RAW}/vorbisSettings/vbrQuality", 2, 4, given=OGG | {f"{RAW}/codec": "VORBIS"}),
    _e(f"{RAW}/vorbisSettings/channels", 1, 2, given=OGG | {f"{RAW}/codec": "VORBIS"}),
    _e(f"{RAW}/vorbisSettings/sampleRate", 44_100, 48_000, given=OGG | {f"{RAW}/codec": "VORBIS"}),
)
CMAF, DASH = f"{GROUP}/cmafGroupSettings", f"{GROUP}/dashIsoGroupSettings"


def _segmented(kind: str, container: str, **members: object) -> dict[str, Any]:
    """Return a job with a CMAF or DASH group in place of the HLS group."""
    block = {"CMAF": "cmafGroupSettings", "DASH_ISO": "dashIsoGroupSettings"}[kind]
    settings = {"destination": "s3://out/path/", "segmentLength": 6, "fragmentLength": 2} | members
    return {
        GROUP: {"type": f"{kind}_GROUP_SETTINGS", block: settings},
        f"{OUTPUT}/containerSettings": {"container": container},
        f"{OUTPUT}/audioDescriptions": [],
        f"{ALTERNATE}/containerSettings": {"container": container},
    }


SEGMENTED = tuple(
    _e(f"{pointer}/{member}", one, other, given=_segmented(kind, container))
    for kind, container, pointer in (("CMAF", "CMFC", CMAF), ("DASH_ISO", "MPD", DASH))
    for member, one, other in (
        ("destination", "s3://out/a", "s3://out/b"),
        ("fragmentLength", 2, 3),
        ("minBufferTime", 2000, 3000),
        ("mpdManifestBandwidthType", "AVERAGE", "MAX"),
        ("mpdProfile", "MAIN_PROFILE", "ON_DEMAND_PROFILE"),
        ("segmentControl", "SINGLE_FILE", "SEGMENTED_FILES"),
        ("segmentLength", 6, 12),
        ("segmentLengthControl", "EXACT", "GOP_MULTIPLE"),
        ("writeSegmentTimelineInRepresentation", "ENABLED", "DISABLED"),
    )
)
S3_SETTINGS = tuple(
    _e(f"{GROUP}/{block}/destinationSettings/s3Settings/{member}", one, other, given=given)
    for block, given in (
        ("hlsGroupSettings", {}),
        ("fileGroupSettings", FILES),
        ("cmafGroupSettings", _segmented("CMAF", "CMFC")),
        ("dashIsoGroupSettings", _segmented("DASH_ISO", "MPD")),
    )
    for member, one, other in (
        ("accessControl/cannedAcl", "PUBLIC_READ", "BUCKET_OWNER_READ"),
        ("encryption/encryptionType", "SERVER_SIDE_ENCRYPTION_S3", "SERVER_SIDE_ENCRYPTION_KMS"),
        (
            "encryption/kmsKeyArn",
            "arn:aws:kms:us-east-1:111122223333:key/a",
            "arn:aws:kms:us-east-1:111122223333:key/b",
        ),
        ("encryption/kmsEncryptionContext", "e30=", "eyJhIjoiYiJ9"),
        ("storageClass", "STANDARD_IA", "STANDARD"),
    )
)
SEGMENTED_MANIFESTS = tuple(
    _e(
        f"{pointer}/additionalManifests/0/{member}",
        one,
        other,
        given=_segmented(kind, container, additionalManifests=MANIFESTS),
    )
    for kind, container, pointer in (("CMAF", "CMFC", CMAF), ("DASH_ISO", "MPD", DASH))
    for member, one, other in (("manifestNameModifier", "_m", "_n"), ("selectedOutputs", ["_v"], ["_a"]))
)
CMFC = "containerSettings/cmfcSettings"
CMAF_ONLY = (
    *(_e(f"{CMAF}/{member}", one, other, given=_segmented("CMAF", "CMFC")) for member, one, other in PLAYLISTS),
    _e(f"{CMAF}/baseUrl", "https://a.example/", "https://b.example/", given=_segmented("CMAF", "CMFC")),
    _e(f"{OUTPUT}/{CMFC}/iFrameOnlyManifest", "INCLUDE", "EXCLUDE", given=_segmented("CMAF", "CMFC")),
    _e(f"{CMAF}/manifestDurationFormat", "INTEGER", "FLOATING_POINT", given=_segmented("CMAF", "CMFC")),
    _e(f"{CMAF}/writeHlsManifest", "ENABLED", "DISABLED", given=_segmented("CMAF", "CMFC")),
    _e(f"{CMAF}/writeDashManifest", "ENABLED", "DISABLED", given=_segmented("CMAF", "CMFC")),
    _e(f"{OUTPUT}/{CMFC}/audioRenditionSets", "lo", "hi", given=_segmented("CMAF", "CMFC")),
    _e(f"{ALTERNATE}/{CMFC}/audioGroupId", "lo", "hi", given=_segmented("CMAF", "CMFC")),
    _e(
        f"{ALTERNATE}/{CMFC}/audioTrackType",
        "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
        "AUDIO_ONLY_VARIANT_STREAM",
        given=_segmented("CMAF", "CMFC"),
    ),
    _e(f"{DASH}/baseUrl", "https://a.example/", "https://b.example/", given=_segmented("DASH_ISO", "MPD")),
)
REMIX = {"channelsIn": 2, "channelsOut": 1, "channelMapping": {"outputChannels": [{"inputChannels": [0, -6]}]}}
FINE = {"channelsIn": 2, "channelsOut": 1, "channelMapping": {"outputChannels": [{"inputChannelsFineTune": [0.5, 0]}]}}
TO_STEREO = {"channelsOut": 2, "channelMapping": {"outputChannels": [{"inputChannels": [0, 0]}] * 2}}
FROM_MONO = {"channelsIn": 1, "channelMapping": {"outputChannels": [{"inputChannels": [0]}]}}
REMIXES = tuple(
    example
    for place in (f"{SELECTORS}/Audio Selector 1/remixSettings", f"{AUDIO}/remixSettings")
    for example in (
        _e(f"{place}/channelMapping/outputChannels/0/inputChannels", [0, 0], [0, -60], given={place: REMIX}),
        _e(f"{place}/channelMapping/outputChannels/0/inputChannelsFineTune", [0, 0], [0, 0.25], given={place: FINE}),
        _e(f"{place}/channelsOut", 1, 2, given={place: REMIX}, given_other={place: REMIX | TO_STEREO}),
        _e(f"{place}/channelsIn", 2, 1, given={place: REMIX}, given_other={place: REMIX | FROM_MONO}),
    )
)
LANGUAGES = (
    _e(f"{SELECTORS}/Audio Selector 1/externalAudioFileInput", "s3://in/a.wav", "s3://in/b.wav"),
    _e(f"{SELECTORS}/Audio Selector 1/offset", 250, -250),
    _e(f"{AUDIO}/languageCode", "ENG", "DEU"),
    _e(f"{AUDIO}/customLanguageCode", "en-GB", "en-US"),
    _e(f"{AUDIO}/languageCodeControl", "USE_CONFIGURED", "FOLLOW_INPUT"),
    _e(f"{AUDIO}/streamName", "English", "Deutsch"),
    _e(f"{ALTERNATE}/outputSettings/hlsSettings/descriptiveVideoServiceFlag", "FLAG", "DONT_FLAG"),
    _e(f"{ALTERNATE}/{CMFC}/descriptiveVideoServiceFlag", "FLAG", "DONT_FLAG", given=_segmented("CMAF", "CMFC")),
)
RECTANGLE = {"x": 0, "y": 0, "width": 64, "height": 32}
RECTANGLES = tuple(
    _e(f"{place}/{name}/{member}", value, value + 2, given={f"{place}/{name}": RECTANGLE})
    for place in ("/inputs/0", VIDEO)
    for name in ("crop", "position")
    for member, value in RECTANGLE.items()
)
CAPTIONS = f"{ALTERNATE}/captionDescriptions/0"
SELECTOR = "/inputs/0/captionSelectors/Captions Selector 1"
FILE_SOURCE = f"{SELECTOR}/sourceSettings/fileSourceSettings"
WEBVTT = f"{CAPTIONS}/destinationSettings/webvttDestinationSettings"
WITH_CAPTIONS = {
    SELECTOR: {
        "sourceSettings": {"sourceType": "WEBVTT", "fileSourceSettings": {"sourceFile": "s3://in/captions.vtt"}}
    },
    f"{SELECTOR[:-1]}2": {"sourceSettings": {"sourceType": "EMBEDDED", "trackSourceSettings": {"trackNumber": 1}}},
    ALTERNATE: {
        "nameModifier": "_t",
        "containerSettings": {"container": "M3U8"},
        "captionDescriptions": [
            {
                "captionSelectorName": "Captions Selector 1",
                "destinationSettings": {"destinationType": "WEBVTT", "webvttDestinationSettings": {}},
            }
        ],
    },
}
FROM_TRACK = WITH_CAPTIONS | {f"{CAPTIONS}/captionSelectorName": "Captions Selector 2"}
MAPPED = {f"{HLS}/captionLanguageSetting": "INSERT", f"{HLS}/captionLanguageMappings": [{"captionChannel": 1}]}
CAPTION_EXAMPLES = (
    _e(f"{SELECTOR}/sourceSettings/sourceType", "WEBVTT", "SRT", given=WITH_CAPTIONS),
    _e(f"{SELECTOR[:-1]}2/sourceSettings/trackSourceSettings/trackNumber", 1, 2, given=FROM_TRACK),
    _e(f"{FILE_SOURCE}/sourceFile", "s3://in/first.vtt", "s3://in/second.vtt", given=WITH_CAPTIONS),
    _e(f"{FILE_SOURCE}/timeDelta", 1, -1, given=WITH_CAPTIONS),
    _e(
        f"{FILE_SOURCE}/timeDeltaUnits",
        "SECONDS",
        "MILLISECONDS",
        given=WITH_CAPTIONS | {f"{FILE_SOURCE}/timeDelta": 1},
    ),
    _e(f"{CAPTIONS}/captionSelectorName", "Captions Selector 1", "Captions Selector 2", given=WITH_CAPTIONS),
    _e(f"{CAPTIONS}/languageCode", "ENG", "DEU", given=WITH_CAPTIONS),
    _e(f"{CAPTIONS}/customLanguageCode", "en-GB", "en-US", given=WITH_CAPTIONS),
    _e(f"{CAPTIONS}/languageDescription", "English", "Deutsch", given=WITH_CAPTIONS),
    _e(f"{WEBVTT}/accessibility", "ENABLED", "DISABLED", given=WITH_CAPTIONS),
    _e(f"{WEBVTT}/stylePassthrough", "ENABLED", "STRICT", given=WITH_CAPTIONS),
    _e(f"{HLS}/captionSegmentLengthControl", "MATCH_VIDEO", "LARGE_SEGMENTS", given=WITH_CAPTIONS),
    _e(f"{HLS}/captionLanguageSetting", "NONE", "OMIT"),
    _e(f"{HLS}/captionLanguageMappings/0/captionChannel", 1, 2, given=MAPPED),
    _e(f"{HLS}/captionLanguageMappings/0/customLanguageCode", "eng", "deu", given=MAPPED),
    _e(f"{HLS}/captionLanguageMappings/0/languageCode", "ENG", "DEU", given=MAPPED),
    _e(f"{HLS}/captionLanguageMappings/0/languageDescription", "English", "Deutsch", given=MAPPED),
)
EXAMPLES = (
    INPUTS
    + GROUPS
    + HLS_MANIFESTS
    + S3_SETTINGS
    + SEGMENTED
    + SEGMENTED_MANIFESTS
    + CMAF_ONLY
    + VIDEOS
    + VPX
    + AUDIOS
    + RAW_AUDIOS
    + OGG_AUDIOS
    + CAPTION_EXAMPLES
    + REMIXES
    + LANGUAGES
    + RECTANGLES
)
