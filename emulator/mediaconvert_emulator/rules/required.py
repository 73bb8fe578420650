"""Members that MediaConvert requires below a request. Pure."""

from mediaconvert_emulator.rules.conditions import lacks, required, size_is
from mediaconvert_emulator.rules.places import (
    AAC,
    AUDIO,
    AUDIO_CODEC,
    AV1,
    CAPTIONS,
    CMAF,
    DASH,
    FILE,
    GROUP,
    HLS,
    INPUT,
    JS,
    MODEL,
    OLD_MODEL,
    OUTPUT,
    PREFLIGHT,
    REPORTS,
    SDK,
    SETTINGS,
    SMOOTH,
    VIDEO,
    VIDEO_CODEC,
    VOD,
)
from mediaconvert_emulator.rules.rule import Kind, Rule, Words

JOB = frozenset({Kind.JOB})
NOT_PRESETS = frozenset({Kind.JOB, Kind.TEMPLATE})
PREPROCESSORS = f"{VIDEO}/videoPreprocessors"
CORRECTOR = f"{PREPROCESSORS}/colorCorrector"
IMAGES = "imageInserter/insertableImages/*"
NIELSEN = "/nielsenNonLinearWatermark"

MEMBERS: tuple[tuple[str, tuple[str, ...], str, Words], ...] = (
    (GROUP, ("outputGroupSettings", "outputs"), OLD_MODEL, Words.OURS),
    (SETTINGS, ("type",), OLD_MODEL, Words.OURS),
    (f"{OUTPUT}/containerSettings", ("container",), OLD_MODEL, Words.OURS),
    (VIDEO, ("codecSettings",), OLD_MODEL, Words.OURS),
    (VIDEO_CODEC, ("codec",), REPORTS, Words.PUBLISHED),
    (AUDIO, ("codecSettings",), OLD_MODEL, Words.OURS),
    (AUDIO_CODEC, ("codec",), REPORTS, Words.PUBLISHED),
    (AAC, ("codingMode", "sampleRate"), REPORTS, Words.PUBLISHED),
    (HLS, ("minSegmentLength",), f"{SDK}/577", Words.PUBLISHED),
    ("/esam", ("responseSignalPreroll",), f"{SDK}/253", Words.PUBLISHED),
    (f"{INPUT}/captionSelectors/*", ("sourceSettings",), OLD_MODEL, Words.OURS),
    (f"{INPUT}/captionSelectors/*/sourceSettings", ("sourceType",), OLD_MODEL, Words.OURS),
    (f"{INPUT}/captionSelectors/*/sourceSettings/fileSourceSettings", ("sourceFile",), OLD_MODEL, Words.OURS),
    (f"{INPUT}/audioSelectorGroups/*", ("audioSelectorNames",), OLD_MODEL, Words.OURS),
    (CAPTIONS, ("captionSelectorName", "destinationSettings"), OLD_MODEL, Words.OURS),
    (f"{CAPTIONS}/destinationSettings", ("destinationType",), OLD_MODEL, Words.OURS),
    (f"{INPUT}/crop", ("x", "y", "width", "height"), OLD_MODEL, Words.OURS),
    (f"{INPUT}/position", ("x", "y", "width", "height"), OLD_MODEL, Words.OURS),
    (f"{VIDEO}/crop", ("x", "y", "width", "height"), OLD_MODEL, Words.OURS),
    (f"{VIDEO}/position", ("x", "y", "width", "height"), OLD_MODEL, Words.OURS),
    (f"{AUDIO}/remixSettings", ("channelMapping", "channelsIn", "channelsOut"), OLD_MODEL, Words.OURS),
    (f"{INPUT}/audioSelectors/*/remixSettings", ("channelMapping", "channelsIn", "channelsOut"), OLD_MODEL, Words.OURS),
    (f"{INPUT}/imageInserter", ("insertableImages",), OLD_MODEL, Words.OURS),
    (f"{INPUT}/{IMAGES}", ("imageX", "imageY", "imageInserterInput", "opacity", "layer"), PREFLIGHT, Words.PUBLISHED),
    (f"{PREPROCESSORS}/imageInserter", ("insertableImages",), OLD_MODEL, Words.OURS),
    (
        f"{PREPROCESSORS}/{IMAGES}",
        ("imageX", "imageY", "imageInserterInput", "opacity", "layer"),
        PREFLIGHT,
        Words.PUBLISHED,
    ),
    (f"{PREPROCESSORS}/noiseReducer", ("filter",), OLD_MODEL, Words.OURS),
    (f"{CORRECTOR}/hdr10Metadata", ("maxContentLightLevel", "maxFrameAverageLightLevel"), OLD_MODEL, Words.OURS),
    (f"{HLS}/encryption", ("type",), OLD_MODEL, Words.OURS),
    (f"{CMAF}/encryption", ("type",), OLD_MODEL, Words.OURS),
    (f"{DASH}/encryption", ("spekeKeyProvider",), OLD_MODEL, Words.OURS),
    (f"{SMOOTH}/encryption", ("spekeKeyProvider",), OLD_MODEL, Words.OURS),
    (f"{HLS}/encryption/spekeKeyProvider", ("resourceId", "systemIds", "url"), OLD_MODEL, Words.OURS),
    (f"{HLS}/encryption/staticKeyProvider", ("staticKeyValue", "url"), OLD_MODEL, Words.OURS),
    (f"{CMAF}/encryption/staticKeyProvider", ("staticKeyValue", "url"), OLD_MODEL, Words.OURS),
    ("/timedMetadataInsertion/id3Insertions/*", ("id3", "timecode"), OLD_MODEL, Words.OURS),
    (NIELSEN, ("sourceId",), PREFLIGHT, Words.PUBLISHED),
)

ROWS = (
    Rule(where="", breaks=lacks("inputs"), says=required("inputs"), source=OLD_MODEL, words=Words.OURS, kinds=JOB),
    Rule(
        where="",
        breaks=lacks("outputGroups"),
        says=required("outputGroups"),
        source=OLD_MODEL,
        words=Words.OURS,
        kinds=NOT_PRESETS,
    ),
    Rule(
        where=INPUT,
        breaks=lacks("fileInput") & lacks("videoGenerator") & lacks("tamsSettings"),
        says=required("fileInput"),
        source=OLD_MODEL,
        words=Words.OURS,
        kinds=JOB,
    ),
    Rule(
        where=f"{GROUP}/outputs",
        breaks=size_is("", high=0),
        says="Should have at least 1 items",
        source=VOD,
        kinds=NOT_PRESETS,
    ),
    Rule(
        where=OUTPUT,
        breaks=lacks("containerSettings") & lacks("preset"),
        says=required("containerSettings"),
        source=JS,
    ),
    *(
        Rule(
            where=place,
            breaks=lacks(member),
            says=required(member),
            source=source,
            words=words,
            kinds=NOT_PRESETS if place == GROUP else frozenset(Kind),
        )
        for place, members, source, words in MEMBERS
        for member in members
    ),
    *(
        Rule(
            where=place,
            breaks=lacks("destination"),
            says=required("destination"),
            source=MODEL,
            words=Words.OURS,
            kinds=JOB,
        )
        for place in (HLS, CMAF, DASH, SMOOTH, FILE)
    ),
    Rule(where=AV1, breaks=lacks("maxBitrate"), says=required("maxBitrate"), source=PREFLIGHT),
)
