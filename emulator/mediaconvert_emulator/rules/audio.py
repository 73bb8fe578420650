"""MediaConvert's rules for audio. Pure."""

from mediaconvert_emulator.rules.aac import has_wrong_bitrate, wrong_bitrate_text
from mediaconvert_emulator.rules.conditions import (
    DEPENDENCIES,
    ONE_SCHEMA,
    has,
    is_,
    is_not,
    lacks,
    not_multiple_of,
    required,
    size_is,
)
from mediaconvert_emulator.rules.places import AAC, AUDIO, AUDIO_CODEC, GUIDE, INPUT, MODEL, PREFLIGHT, REPORTS
from mediaconvert_emulator.rules.rule import Node, Rule, When, Words

BLOCKS = {
    "AAC": "aacSettings",
    "AC3": "ac3Settings",
    "AIFF": "aiffSettings",
    "EAC3": "eac3Settings",
    "EAC3_ATMOS": "eac3AtmosSettings",
    "FLAC": "flacSettings",
    "MP2": "mp2Settings",
    "MP3": "mp3Settings",
    "OPUS": "opusSettings",
    "VORBIS": "vorbisSettings",
    "WAV": "wavSettings",
}
"""The settings of each codec; PASSTHROUGH has none."""

AC3_BITRATES = {
    "CODING_MODE_1_0": (64_000, 128_000),
    "CODING_MODE_1_1": (128_000, 384_000),
    "CODING_MODE_2_0": (128_000, 384_000),
    "CODING_MODE_3_2_LFE": (384_000, 640_000),
}
OPUS_RATES_HZ, VORBIS_RATES_HZ = (16_000, 24_000, 48_000), (22_050, 32_000, 44_100, 48_000)
CHANNELS = "remixSettings/channelMapping/outputChannels/*"


def _ac3_bitrate_outside(node: Node) -> bool:
    low, high = AC3_BITRATES.get(node.get("codingMode") or "", (0, 1 << 31))
    return not low <= (node.get("bitrate") or low) <= high


def _ac3_bitrate_text(node: Node) -> str:
    low, high = AC3_BITRATES[node.get("codingMode")]
    return f"Should be from {low} to {high} with coding mode {node.get('codingMode')}"


def _wrong_channels(node: Node) -> bool:
    return isinstance(node.value, int) and node.value > 1 and node.value % 2 != 0


def _allowed(place: str, values: tuple[int, ...]) -> Rule:
    allowed = ",".join(map(str, values))
    return Rule(
        where=place,
        breaks=When(lambda node: node.value not in values),
        says=f"Should be equal to one of the allowed values in [{allowed}]",
        source=MODEL,
        words=Words.OURS,
    )


ROWS = (
    *(
        Rule(
            where=AUDIO_CODEC,
            breaks=is_("codec", codec) & lacks(block),
            says=f"When codec is set to {codec}, {block} must also be provided.",
            source=PREFLIGHT,
        )
        for codec, block in BLOCKS.items()
    ),
    Rule(where=AUDIO_CODEC, breaks=size_is("", low=3), says="Should have at most 2 properties", source=REPORTS),
    *(
        Rule(
            where=f"{AUDIO_CODEC}/{block}",
            breaks=is_not("../codec", codec),
            says=DEPENDENCIES,
            also=(("../codec", f"Must be {codec}"),),
            source=REPORTS,
        )
        for codec, block in BLOCKS.items()
    ),
    Rule(
        where=AAC,
        breaks=is_("rateControlMode", "VBR") & lacks("vbrQuality"),
        says=required("vbrQuality"),
        source=PREFLIGHT,
    ),
    Rule(
        where=AAC,
        breaks=is_("rateControlMode", "VBR") & is_not("codecProfile", "LC", "XHE"),
        says="Must be LC",
        at="codecProfile",
        source=PREFLIGHT,
        words=Words.OURS,
    ),
    Rule(where=AAC, breaks=When(has_wrong_bitrate), says=wrong_bitrate_text, at="bitrate", source=PREFLIGHT),
    *(
        Rule(
            where=f"{AUDIO_CODEC}/{block}/bitrate",
            breaks=not_multiple_of(8000),
            says="Should be a multiple of 8000",
            source=PREFLIGHT,
        )
        for block in ("ac3Settings", "eac3Settings", "opusSettings")
    ),
    Rule(
        where=f"{AUDIO_CODEC}/ac3Settings",
        breaks=When(_ac3_bitrate_outside),
        says=_ac3_bitrate_text,
        at="bitrate",
        source=MODEL,
        words=Words.OURS,
    ),
    Rule(
        where=f"{AUDIO_CODEC}/mp3Settings",
        breaks=is_("rateControlMode", "VBR") & lacks("vbrQuality"),
        says=ONE_SCHEMA,
        also=(("rateControlMode", "Must be CBR"), ("", required("vbrQuality"))),
        source=PREFLIGHT,
    ),
    _allowed(f"{AUDIO_CODEC}/opusSettings/sampleRate", OPUS_RATES_HZ),
    _allowed(f"{AUDIO_CODEC}/vorbisSettings/sampleRate", VORBIS_RATES_HZ),
    *(
        Rule(
            where=f"{place}/remixSettings/channelsOut",
            breaks=When(_wrong_channels),
            says=ONE_SCHEMA,
            also=(("", "Should be less than or equal to 1"), ("", "Should be a multiple of 2")),
            source=PREFLIGHT,
        )
        for place in (AUDIO, f"{INPUT}/audioSelectors/*")
    ),
    *(
        Rule(
            where=f"{place}/{CHANNELS}",
            breaks=has("inputChannels") & has("inputChannelsFineTune"),
            says="Should have either inputChannels or inputChannelsFineTune",
            source=MODEL,
            words=Words.OURS,
        )
        for place in (AUDIO, f"{INPUT}/audioSelectors/*")
    ),
    Rule(
        where=AAC,
        breaks=is_("rawFormat", "LATM_LOAS") & is_not("../../../../containerSettings/container", "RAW"),
        says="LATM_LOAS requires the container RAW",
        at="rawFormat",
        source=GUIDE,
        words=Words.OURS,
    ),
    Rule(
        where=f"{INPUT}/dynamicAudioSelectors/*",
        breaks=is_("selectorType", "LANGUAGE_CODE") & lacks("languageCode"),
        says="Under Dynamic audio selector, you specified Language code for the Selector type but did not enter a "
        "Language code. To resolve: Enter a Language code.",
        at=":",
        source=PREFLIGHT,
    ),
)
