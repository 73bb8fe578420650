"""MediaConvert's rules for video. Pure."""

from mediaconvert_emulator.rules.conditions import (
    DEPENDENCIES,
    ONE_SCHEMA,
    frame_rate,
    has,
    is_,
    is_not,
    lacks,
    not_multiple_of,
    over,
    required,
    size_is,
)
from mediaconvert_emulator.rules.levels import max_bitrate, max_width
from mediaconvert_emulator.rules.places import (
    AV1,
    GUIDE,
    H264,
    H265,
    INPUT,
    MODEL,
    PHP,
    PREFLIGHT,
    REPORTS,
    VIDEO,
    VIDEO_CODEC,
    WANO,
)
from mediaconvert_emulator.rules.rule import Node, Rule, When, Words

BLOCKS = {
    "AV1": "av1Settings",
    "AVC_INTRA": "avcIntraSettings",
    "FRAME_CAPTURE": "frameCaptureSettings",
    "GIF": "gifSettings",
    "H_264": "h264Settings",
    "H_265": "h265Settings",
    "MPEG2": "mpeg2Settings",
    "PRORES": "proresSettings",
    "UNCOMPRESSED": "uncompressedSettings",
    "VC3": "vc3Settings",
    "VP8": "vp8Settings",
    "VP9": "vp9Settings",
    "XAVC": "xavcSettings",
}
"""The settings of each codec; PASSTHROUGH has none."""

CBR = (
    "You set Rate control mode to CBR but the settings values for Bitrate and Max bitrate aren't compatible with CBR. "
    "When you use CBR, you must specify a value for Bitrate and you must not specify a value for Max bitrate. Adjust "
    "your job settings and then resubmit your job."
)
# The middle of the published text is not known.
RATES = (
    "Your job contains values for the following settings that are incompatible: Rate control mode, Bitrate, and Max "
    "bitrate. Set Rate control mode to QVBR, specify a value for Max bitrate, and don't specify a value for Bitrate. "
    "Or, set Rate control mode to CBR, specify a value for Bitrate, and don't specify a value for Max bitrate."
)
INTERLACED = (
    "For at least one of your outputs, you kept the default value for interlaceMode, PROGRESSIVE, and you set "
    "scanTypeConversionMode to INTERLACED_OPTIMIZE"
)
PROFILES = '["HIGH","HIGH_10BIT","HIGH_422","HIGH_422_10BIT","MAIN"]'

QVBR, VBR = is_("rateControlMode", "QVBR"), is_("rateControlMode", "VBR", None)


def _max_bitrate_exceeded(node: Node) -> bool:
    limit = max_bitrate(node)
    return limit is not None and (node.get("maxBitrate") or 0) > limit


def _width_exceeded(node: Node) -> bool:
    limit = max_width(node)
    return limit is not None and (node.get("../../width") or 0) > limit


def _rules_of_block(codec: str, block: str) -> Rule:
    return Rule(
        where=f"{VIDEO_CODEC}/{block}",
        breaks=is_not("../codec", codec),
        says=DEPENDENCIES,
        also=(("../codec", f"Must be {codec}"),),
        source=REPORTS,
    )


def _encoder_rules(place: str) -> tuple[Rule, ...]:
    def ours(breaks: When, says: str, at: str = "") -> Rule:
        return Rule(where=place, breaks=breaks, says=says, at=at, source=MODEL, words=Words.OURS)

    wrong_rates = QVBR & (lacks("maxBitrate") | has("bitrate")) | VBR & lacks("bitrate")
    specified = is_("framerateControl", "SPECIFIED")
    par = is_("parControl", "SPECIFIED")
    return (
        Rule(
            where=place,
            breaks=is_("rateControlMode", "CBR") & (lacks("bitrate") | has("maxBitrate")),
            says=CBR,
            source=PREFLIGHT,
        ),
        Rule(where=place, breaks=wrong_rates, says=RATES, source=REPORTS),
        Rule(
            where=place,
            breaks=is_("interlaceMode", "PROGRESSIVE", None) & is_("scanTypeConversionMode", "INTERLACED_OPTIMIZE"),
            says=INTERLACED,
            source=PREFLIGHT,
        ),
        Rule(
            where=place,
            breaks=is_("slowPal", "ENABLED") & When(lambda node: frame_rate(node) != 25),  # noqa: PLR2004 (PAL)
            says=ONE_SCHEMA,
            also=(("slowPal", "Must be DISABLED"), ("framerateNumerator", "Must be 25")),
            source=PREFLIGHT,
        ),
        ours(specified & lacks("framerateNumerator"), required("framerateNumerator")),
        ours(specified & lacks("framerateDenominator"), required("framerateDenominator")),
        ours(par & lacks("parNumerator"), required("parNumerator")),
        ours(par & lacks("parDenominator"), required("parDenominator")),
        ours(
            has("qvbrSettings/maxAverageBitrate") & ~(QVBR & is_("qualityTuningLevel", "MULTI_PASS_HQ")),
            "Should only be used when rateControlMode is QVBR and qualityTuningLevel is MULTI_PASS_HQ",
            "qvbrSettings/maxAverageBitrate",
        ),
        ours(
            has("bandwidthReductionFilter") & has("../../videoPreprocessors/noiseReducer"),
            "Should not be used together with noiseReducer",
            "bandwidthReductionFilter",
        ),
    )


ROWS = (
    Rule(
        where=VIDEO_CODEC,
        breaks=is_("codec", *BLOCKS) & size_is("", high=1),
        says="Should have at least 2 properties",
        source=f"{PHP}/2148",
    ),
    Rule(where=VIDEO_CODEC, breaks=size_is("", low=3), says="Should have at most 2 properties", source=REPORTS),
    *(_rules_of_block(codec, block) for codec, block in BLOCKS.items()),
    *(
        Rule(where=f"{place}/{side}", breaks=not_multiple_of(2), says="Should be a multiple of 2", source=WANO)
        for place, sides in (
            (VIDEO, ("width", "height")),
            (f"{VIDEO}/crop", ("x", "y", "width", "height")),
            (f"{VIDEO}/position", ("x", "y", "width", "height")),
            (f"{INPUT}/crop", ("x", "y", "width", "height")),
            (f"{INPUT}/position", ("x", "y", "width", "height")),
        )
        for side in sides
    ),
    *_encoder_rules(H264),
    *_encoder_rules(H265),
    Rule(
        where=H264,
        breaks=is_("codecProfile", "BASELINE") & lacks("entropyEncoding"),
        says=DEPENDENCIES,
        at="codecProfile",
        also=(
            ("", ONE_SCHEMA),
            ("", required("entropyEncoding")),
            ("codecProfile", f"Should be equal to one of the allowed values in {PROFILES}"),
        ),
        source=PREFLIGHT,
    ),
    Rule(
        where=H264,
        breaks=is_("codecProfile", "BASELINE") & is_("entropyEncoding", "CABAC"),
        says="Must be CAVLC",
        at="entropyEncoding",
        source=PREFLIGHT,
    ),
    Rule(
        where=H264,
        breaks=When(_max_bitrate_exceeded),
        says=lambda node: f"Should be less than or equal to {max_bitrate(node)}",
        at="maxBitrate",
        source=REPORTS,
    ),
    Rule(
        where=H264,
        breaks=When(_width_exceeded),
        says=lambda node: f"Should be less than or equal to {max_width(node)}",
        at="../../width",
        source=REPORTS,
    ),
    *(
        Rule(
            where=f"{VIDEO}/{side}",
            breaks=is_("../codecSettings/codec", codec) & over(limit),
            says=f"Should be less than or equal to {limit}",
            source=GUIDE,
            words=Words.OURS,
        )
        for codec, limit in (("H_264", 4096), ("AV1", 4096), ("VP8", 4096), ("VP9", 4096), ("PRORES", 4096))
        for side in ("width", "height")
    ),
    Rule(
        where=VIDEO,
        breaks=is_("codecSettings/codec", "MPEG2") & has("width") & When(lambda node: node.get("width") > 1920),  # noqa: PLR2004
        says="Should be less than or equal to 1920",
        at="width",
        source=PREFLIGHT,
    ),
    Rule(
        where=f"{VIDEO}/videoPreprocessors/noiseReducer",
        breaks=has("spatialFilterSettings") & is_not("filter", "SPATIAL"),
        says="Must be SPATIAL",
        at="filter",
        source=PREFLIGHT,
    ),
    Rule(
        where=f"{VIDEO}/videoPreprocessors/colorCorrector",
        breaks=is_("colorSpaceConversion", "FORCE_HDR10") & lacks("hdr10Metadata"),
        says=required("hdr10Metadata"),
        source=PREFLIGHT,
    ),
    Rule(
        where=AV1,
        breaks=is_("filmGrainSynthesis", "ENABLED") & has("../../videoPreprocessors/noiseReducer"),
        says="Should not be used together with noiseReducer",
        at="filmGrainSynthesis",
        source=MODEL,
        words=Words.OURS,
    ),
)
