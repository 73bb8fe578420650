"""The emulator refuses what MediaConvert refuses, with MediaConvert's text where someone published it."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job_settings_check import check_settings
from mediaconvert_emulator.request_validation import check_types
from mediaconvert_emulator.rules import RULES, Kind, Rule, Words, violations
from mediaconvert_emulator.rules.aac import BITRATES, KBPS, RATES_HZ
from mediaconvert_emulator.rules.codecs import CODECS
from mediaconvert_emulator.rules.levels import LEVELS
from mediaconvert_emulator.rules.required import MEMBERS
from mediaconvert_emulator.template_file import read_template
from tests.emulator_examples import (
    ALTERNATE,
    AUDIO,
    FILES,
    GROUP,
    H264,
    HLS,
    OUTPUT,
    REMOVED,
    VIDEO,
    example_settings,
    with_values,
)

AAC, CODEC = f"{AUDIO}/codecSettings/aacSettings", f"{AUDIO}/codecSettings"
DEPENDENCIES = "Should match all dependencies: See other errors for more details"
ONE = 'Should match exactly one schema defined in "oneOf"'
SHORT = {f"{H264}/codecProfile": "MAIN"}

CBR = (
    "You set Rate control mode to CBR but the settings values for Bitrate and Max bitrate aren't compatible with CBR. "
    "When you use CBR, you must specify a value for Bitrate and you must not specify a value for Max bitrate. Adjust "
    "your job settings and then resubmit your job."
)
COMBINATION = (
    ": You specified a combination of output container and codec that isn't valid. For a list of supported codec and "
    "container combinations, see https://docs.aws.amazon.com/console/mediaconvert/reference-codecs-containers."
)
AAC_32K = (
    "You specified a value for Bitrate that is not valid with the combination of Profile LC, Coding mode "
    "CODING_MODE_2_0, and Sample rate 48000 you selected. Specify a bitrate in the range of 64000-576000, and resubmit "
    "your job For a list of supported bitrates, see: https://docs.aws.amazon.com/mediaconvert/latest/ug/aac-support.html"
)
NO_CONTAINER = "In your HLS output group, the value that you specified for the output container isn't valid. For this "
M3U8 = "output group, set container to M3U8."
PREPROCESSORS = f"{VIDEO}/videoPreprocessors"

PUBLISHED: tuple[tuple[dict[str, Any], str], ...] = (
    ({f"{OUTPUT}/containerSettings": REMOVED}, f"{OUTPUT}: containerSettings is a required property"),
    ({"/outputGroups/0/outputs": []}, "/outputGroups/0/outputs: Should have at least 1 items"),
    ({f"{OUTPUT}/nameModifier": REMOVED}, f"{OUTPUT}: nameModifier is a required property"),
    ({f"{HLS}/minSegmentLength": REMOVED}, f"{HLS}: minSegmentLength is a required property"),
    ({f"{OUTPUT}/containerSettings/container": "MP4"}, f"/outputGroups/0: {NO_CONTAINER}{M3U8}"),
    (
        {f"{GROUP}/fileGroupSettings": {"destination": "s3://out/f"}},
        f"{GROUP}/fileGroupSettings: {DEPENDENCIES} | {GROUP}/type: Must be FILE_GROUP_SETTINGS",
    ),
    ({f"{HLS}/destination": "/out"}, f"{HLS}/destination: Should match the pattern: /^s3://.*$/"),
    ({f"{VIDEO}/codecSettings/codec": REMOVED}, f"{VIDEO}/codecSettings: codec is a required property"),
    ({f"{CODEC}/codec": REMOVED}, f"{CODEC}: codec is a required property"),
    ({f"{VIDEO}/codecSettings/codec": "MPEG2"}, f"{H264}: {DEPENDENCIES} | {VIDEO}/codecSettings/codec: Must be H_264"),
    ({CODEC: {"codec": "AC3"}}, f"{CODEC}: When codec is set to AC3, ac3Settings must also be provided."),
    ({f"{CODEC}/mp3Settings": {}}, f"{CODEC}: Should have at most 2 properties"),
    ({f"{AAC}/sampleRate": REMOVED}, f"{AAC}: sampleRate is a required property"),
    ({f"{AAC}/codingMode": REMOVED}, f"{AAC}: codingMode is a required property"),
    ({f"{AAC}/rateControlMode": "VBR"}, f"{AAC}: vbrQuality is a required property"),
    ({f"{AAC}/bitrate": 32_000}, f"{AAC}/bitrate: {AAC_32K}"),
    (
        {CODEC: {"codec": "AC3", "ac3Settings": {"bitrate": 100_000, "codingMode": "CODING_MODE_1_0"}}},
        f"{CODEC}/ac3Settings/bitrate: Should be a multiple of 8000",
    ),
    (
        {CODEC: {"codec": "MP3", "mp3Settings": {"rateControlMode": "VBR"}}},
        (
            f"{CODEC}/mp3Settings: {ONE} | {CODEC}/mp3Settings/rateControlMode: Must be CBR | "
            f"{CODEC}/mp3Settings: vbrQuality is a required property"
        ),
    ),
    (
        {f"{AUDIO}/remixSettings": {"channelsIn": 2, "channelsOut": 3, "channelMapping": {}}},
        (
            f"{AUDIO}/remixSettings/channelsOut: {ONE} | {AUDIO}/remixSettings/channelsOut: Should be less than or "
            f"equal to 1 | {AUDIO}/remixSettings/channelsOut: Should be a multiple of 2"
        ),
    ),
    ({f"{H264}/rateControlMode": "CBR"}, f"{H264}: {CBR}"),
    ({f"{H264}/rateControlMode": "CBR", f"{H264}/bitrate": 800_000}, f"{H264}: {CBR}"),
    ({f"{H264}/maxBitrate": REMOVED}, f"{H264}: Your job contains values for the following settings that are incom"),
    (
        {f"{VIDEO}/codecSettings": {"codec": "AV1", "av1Settings": {}}},
        f"{VIDEO}/codecSettings/av1Settings: maxBitrate is a required property",
    ),
    (
        {f"{H264}/codecProfile": "BASELINE"},
        (
            f"{H264}/codecProfile: {DEPENDENCIES} | {H264}: {ONE} | {H264}: entropyEncoding is a required property | "
            f"{H264}/codecProfile: Should be equal to one of the allowed values in "
            '["HIGH","HIGH_10BIT","HIGH_422","HIGH_422_10BIT","MAIN"]'
        ),
    ),
    (
        {f"{H264}/codecProfile": "BASELINE", f"{H264}/entropyEncoding": "CABAC"},
        f"{H264}/entropyEncoding: Must be CAVLC",
    ),
    (
        {f"{H264}/numberBFramesBetweenReferenceFrames": 8},
        f"{H264}/numberBFramesBetweenReferenceFrames: Should be less than or equal to 7",
    ),
    (
        SHORT | {f"{H264}/codecLevel": "LEVEL_3_1", f"{H264}/maxBitrate": 20_000_000},
        f"{H264}/maxBitrate: Should be less than or equal to 16800000",
    ),
    (
        SHORT | {f"{H264}/codecLevel": "LEVEL_3", f"{VIDEO}/width": 1280, f"{VIDEO}/height": 576},
        f"{VIDEO}/width: Should be less than or equal to 720",
    ),
    ({f"{VIDEO}/height": 513}, f"{VIDEO}/height: Should be a multiple of 2"),
    (
        {f"{VIDEO}/position": {"x": 1, "y": 0, "width": 64, "height": 64}},
        f"{VIDEO}/position/x: Should be a multiple of 2",
    ),
    (
        {f"{AUDIO}/audioNormalizationSettings": {"targetLkfs": 1}},
        f"{AUDIO}/audioNormalizationSettings/targetLkfs: Should be less than or equal to 0",
    ),
    (
        {f"{H264}/slowPal": "ENABLED"},
        f"{H264}: {ONE} | {H264}/slowPal: Must be DISABLED | {H264}/framerateNumerator: Must be 25",
    ),
    (
        {f"{H264}/scanTypeConversionMode": "INTERLACED_OPTIMIZE"},
        (
            f"{H264}: For at least one of your outputs, you kept the default value for interlaceMode, PROGRESSIVE, and "
            "you set scanTypeConversionMode to INTERLACED_OPTIMIZE"
        ),
    ),
    (FILES | {f"{OUTPUT}/containerSettings": {"container": "WEBM"}}, COMBINATION),
    (
        {
            f"{OUTPUT}/captionDescriptions": [
                {
                    "captionSelectorName": "Captions Selector 1",
                    "destinationSettings": {"destinationType": "WEBVTT", "burninDestinationSettings": {}},
                }
            ]
        },
        (
            f"{OUTPUT}/captionDescriptions/0/destinationSettings/burninDestinationSettings: {DEPENDENCIES} | "
            f"{OUTPUT}/captionDescriptions/0/destinationSettings/destinationType: Must be BURN_IN"
        ),
    ),
    (
        {"/inputs/0/dynamicAudioSelectors": {"a": {"selectorType": "LANGUAGE_CODE"}}},
        (
            ": Under Dynamic audio selector, you specified Language code for the Selector type but did not enter a "
            "Language code. To resolve: "
        ),
    ),
    (
        {f"{HLS}/imageBasedTrickPlaySettings": {"thumbnailWidth": 100}},
        f"{HLS}/imageBasedTrickPlaySettings/thumbnailWidth: Should be a multiple of 8",
    ),
    (
        {
            f"{OUTPUT}/containerSettings/m3u8Settings": {
                "timedMetadataPid": 502,
                "nielsenId3": "INSERT",
                "timedMetadata": "NONE",
            }
        },
        ": You specified a value for ID3 metadata value, which requires ID3 metadata be set to Passthrough. To resolve",
    ),
    (
        {f"{HLS}/destinationSettings": {"s3Settings": {"encryption": {"kmsKeyArn": "arn:aws:kms:us-east-1:1:key/a"}}}},
        f"{HLS}/destinationSettings/s3Settings/encryption/encryptionType: Must be SERVER_SIDE_ENCRYPTION_KMS",
    ),
    (
        FILES | {f"{OUTPUT}/containerSettings/mp4Settings": {"cttsVersion": 1}},
        f"{OUTPUT}/containerSettings/mp4Settings/cslgAtom: Must be INCLUDE",
    ),
    (
        {f"{PREPROCESSORS}/imageInserter": {"insertableImages": [{"imageX": 0}]}},
        f"{PREPROCESSORS}/imageInserter/insertableImages/0: imageY is a required property",
    ),
    (
        {f"{PREPROCESSORS}/noiseReducer": {"filter": "MEAN", "spatialFilterSettings": {"strength": 1}}},
        f"{PREPROCESSORS}/noiseReducer/filter: Must be SPATIAL",
    ),
    (
        {f"{PREPROCESSORS}/colorCorrector": {"colorSpaceConversion": "FORCE_HDR10"}},
        f"{PREPROCESSORS}/colorCorrector: hdr10Metadata is a required property",
    ),
    ({"/nielsenNonLinearWatermark": {"assetId": "a"}}, "/nielsenNonLinearWatermark: sourceId is a required property"),
    (
        {f"{VIDEO}/codecSettings": {"codec": "H_264"}},
        f"{VIDEO}/codecSettings: Should have at least 2 properties",
    ),
    ({"/esam": {"signalProcessingNotification": {}}}, "/esam: responseSignalPreroll is a required property"),
    (
        {f"{VIDEO}/codecSettings": {"codec": "MPEG2", "mpeg2Settings": {}}, f"{VIDEO}/width": 1922},
        f"{VIDEO}/width: Should be less than or equal to 1920",
    ),
)

OURS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"/inputs": []}, "/inputs: Should have at least 1 items"),
    ({"/inputs/0/fileInput": REMOVED}, "/inputs/0: fileInput is a required property"),
    ({f"{HLS}/destination": REMOVED}, f"{HLS}: destination is a required property"),
    ({f"{HLS}/destination": "s3://out/$w$/"}, f"{HLS}/destination: Only the format identifiers"),
    ({"/inputs/0/timecodeSource": "SPECIFIEDSTART"}, "/inputs/0: timecodeStart is a required property"),
    ({"/inputs/0/timecodeStart": "00:00:00:00"}, "/inputs/0/timecodeSource: Must be SPECIFIEDSTART"),
    ({"/inputs/0/inputClippings": [{}]}, "/inputs/0/inputClippings/0: Should have a startTimecode or an endTimecode"),
    ({f"{ALTERNATE}/nameModifier": "_v"}, "/outputGroups/0/outputs: Each output of the group should have a file name"),
    ({f"{OUTPUT}/extension": "mp4"}, f"{OUTPUT}/extension: Should only be used in a File output group"),
    (
        {f"{OUTPUT}/outputSettings/hlsSettings/audioRenditionSets": "lo,hi"},
        f"{OUTPUT}/outputSettings/hlsSettings/audioRenditionSets: Should name audio groups of this output group",
    ),
    ({f"{H264}/framerateControl": "SPECIFIED"}, f"{H264}: framerateNumerator is a required property"),
    ({f"{H264}/parControl": "SPECIFIED"}, f"{H264}: parNumerator is a required property"),
    ({f"{HLS}/minFinalSegmentLength": 0.5}, f"{HLS}/minFinalSegmentLength: Should be 0, or greater than or equal to 1"),
    ({f"{HLS}/encryption/staticKeyProvider": REMOVED}, f"{HLS}/encryption: staticKeyProvider is a required property"),
    *(
        (
            {
                f"{HLS}/additionalManifests": [
                    {"manifestNameModifier": name, "selectedOutputs": ["_v"]} for name in names
                ]
            },
            f"{HLS}/additionalManifests: {text}",
        )
        for names, text in (
            (("_m", "_m"), "Each additional manifest should have a name modifier of its own"),
            (("_v",), "Each additional manifest should have a name modifier of its own"),
            (map(str, range(11)), "Should have at most 10 items"),
        )
    ),
    *(
        (
            {GROUP: {"type": "DASH_ISO_GROUP_SETTINGS", "dashIsoGroupSettings": {"destination": "s3://out/"}}}
            | {f"{OUTPUT}/nameModifier": f"_{identifier}"},
            f"If one output has {identifier} in its name modifier, every output should have it",
        )
        for identifier in ("$Number$", "$Time$")
    ),
    ({f"{HLS}/encryption/type": "SPEKE"}, f"{HLS}/encryption: spekeKeyProvider is a required property"),
    ({f"{AAC}/codecProfile": "HEV2"}, f"{AAC}/bitrate: You specified a value for Bitrate that is not valid"),
    (
        {CODEC: {"codec": "OPUS", "opusSettings": {"sampleRate": 44_100}}},
        f"{CODEC}/opusSettings/sampleRate: Should be equal to one of the allowed values in [16000,24000,48000]",
    ),
    (
        {CODEC: {"codec": "AC3", "ac3Settings": {"bitrate": 64_000, "codingMode": "CODING_MODE_3_2_LFE"}}},
        f"{CODEC}/ac3Settings/bitrate: Should be from 384000 to 640000 with coding mode CODING_MODE_3_2_LFE",
    ),
    ({f"{VIDEO}/width": 5000}, f"{VIDEO}/width: Should be less than or equal to 4096"),
    (
        FILES
        | {f"{VIDEO}/codecSettings": {"codec": "FRAME_CAPTURE", "frameCaptureSettings": {}}}
        | {f"{OUTPUT}/containerSettings": {"container": "RAW"}},
        f"{OUTPUT}/audioDescriptions: A frame capture output should have no audio",
    ),
    (
        {f"{VIDEO}/codecSettings": {"codec": "FRAME_CAPTURE", "frameCaptureSettings": {}}},
        f"{OUTPUT}/containerSettings/container: Must be RAW for a frame capture",
    ),
)


def _refusal(settings: Any, kind: Kind = Kind.JOB) -> str:  # noqa: ANN401 (JSON of any kind)
    body = {"role": "arn:aws:iam::111122223333:role/R", "settings": settings}
    with pytest.raises(BadRequestException) as caught:
        check_settings("CreateJob", body, kind)
    return caught.value.message


@pytest.mark.parametrize(("changes", "text"), PUBLISHED + OURS)
def test_settings_that_mediaconvert_refuses_are_refused_with_its_text(changes: dict[str, Any], text: str) -> None:
    """Several faults are joined by a vertical bar."""
    assert text in _refusal(with_values(example_settings(), changes))


def test_every_published_text_has_a_case() -> None:
    """A rule that nothing breaks would be a guess."""
    broken = {id(rule) for changes, _ in PUBLISHED for rule in _broken(with_values(example_settings(), changes))}
    texts = {rule.says for rule in RULES if id(rule) in broken}
    missing = [rule.says for rule in RULES if rule.words is Words.PUBLISHED and isinstance(rule.says, str)]

    assert {text for text in missing if text not in texts and not text.endswith("property")} <= FAMILIES


FAMILIES = {
    *(text.says for text in RULES if str(text.says).startswith(("When codec is set", "In your"))),
}
"""Texts that differ only in a name; the cases contain one of each family."""


def _broken(settings: dict[str, Any]) -> list[Rule]:
    return [rule for rule in RULES if violations(settings, [rule], Kind.JOB)]


@pytest.mark.parametrize(
    ("place", "member"), [(place, member) for place, members, _, _ in MEMBERS for member in members]
)
def test_a_missing_member_is_named(place: str, member: str) -> None:
    """AWS's older model lists these members as required."""
    pointer = place.replace("ors/*", "ors/Audio Selector 1").replace("Groups/*/", "Groups/0/").replace("/*", "/0")
    settings = with_values(_with_lists(place), {pointer: {}})

    assert f"{pointer}: {member} is a required property" in _refusal(settings)


def _with_lists(place: str) -> dict[str, Any]:
    """Return example settings in which every list of a place has one item."""
    settings = example_settings()
    for name in ("insertableImages", "id3Insertions", "captionDescriptions"):
        parent, found, _ = place.partition(f"/{name}/")
        if found:
            settings = with_values(settings, {f"{parent.replace('/*', '/0')}/{name}": [{}]})
    return settings


def test_the_example_and_the_projects_template_break_no_rule() -> None:
    """The emulator is never stricter than AWS for them."""
    template = read_template(Path(__file__).resolve().parents[2] / "infra" / "job_template.json")

    assert violations(example_settings(), RULES, Kind.JOB) == []
    check_settings("CreateJobTemplate", template, Kind.TEMPLATE)


@given(st.sampled_from(sorted(KBPS)), st.integers(0, len(RATES_HZ) - 1), st.sampled_from(sorted(BITRATES)))
def test_aac_bitrates_are_those_of_the_table(key: tuple[str, str], column: int, bitrate: int) -> None:
    """For each profile, coding mode and sample rate, the values between two limits."""
    (profile, mode), allowed = key, KBPS[key][column]
    aac = {
        "codecProfile": profile,
        "codingMode": f"CODING_MODE_{mode}",
        "sampleRate": RATES_HZ[column][0],
        "bitrate": bitrate,
    }
    faults = violations(with_values(example_settings(), {AAC: aac}), RULES, Kind.JOB)

    is_allowed = allowed is not None and allowed[0] * 1000 <= bitrate <= allowed[1] * 1000
    assert bool([fault for fault in faults if fault.startswith(f"{AAC}/bitrate")]) is not is_allowed


@pytest.mark.parametrize("container", sorted(CODECS))
def test_each_container_accepts_its_own_codecs_only(container: str) -> None:
    """The table is that of the user guide."""
    videos, audios = CODECS[container]
    for codec in ("H_264", "H_265", "VP9", "MPEG2", "AV1", "PASSTHROUGH"):
        changes = {f"{OUTPUT}/containerSettings": {"container": container}, f"{AUDIO}/codecSettings": {}}
        settings = with_values(example_settings(), changes | {f"{VIDEO}/codecSettings": {"codec": codec}})
        is_refused = COMBINATION in violations(settings, RULES, Kind.JOB)
        assert is_refused is (codec != "PASSTHROUGH" and codec not in videos), codec
    assert "MP2" not in audios or container == "M2TS"


def test_levels_grow() -> None:
    """A higher level never allows less."""
    values = list(LEVELS.values())
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(values))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "The request could not be interpreted."),
        ({"role": "arn:aws:iam::1:role/R"}, "The 'settings' field is required."),
        ({"role": "arn:aws:iam::1:role/R", "settings": {"inputz": []}}, "'settings.inputz' is not a member"),
        (
            {"role": "a", "settings": {}, "statusUpdateInterval": "SECONDS_11"},
            (
                "You specified an invalid type for 'statusUpdateInterval'. Replace the value with a "
                "StatusUpdateInterval (Valid values: 'SECONDS_10', 'SECONDS_12'"
            ),
        ),
        (
            {"role": "a", "settings": {"outputGroups": [{"outputs": [{"nameModifier": 5}]}]}},
            (
                "You specified an invalid type for 'settings.outputGroups[0].outputs[0].nameModifier'. Replace the "
                "value with a String, or remove"
            ),
        ),
        ({"role": "a", "settings": {"adAvailOffset": True}}, "'settings.adAvailOffset'. Replace the value with a Int"),
        ({"role": "a", "settings": {"inputs": {}}}, "'settings.inputs'. Replace the value with a List"),
    ],
)
def test_a_wrong_type_or_enumeration_is_refused_alone(body: Any, message: str) -> None:  # noqa: ANN401
    """These come before all other checks."""
    with pytest.raises(BadRequestException) as caught:
        check_types("CreateJob", body)
    assert message in caught.value.message


def test_the_rules_accept_any_json_of_the_models_types() -> None:
    """Nulls and empty objects are everywhere in clients' requests."""
    every: tuple[dict[str, Any], ...] = (
        {"/inputs": [None]},
        {"/outputGroups": [None]},
        {OUTPUT: None},
        {VIDEO: {}},
        {GROUP: None},
    )
    for changes in every:
        settings = with_values(example_settings(), changes)
        assert isinstance(violations(settings, RULES, Kind.JOB), list), json.dumps(settings)
