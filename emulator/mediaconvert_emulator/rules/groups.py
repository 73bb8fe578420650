"""MediaConvert's rules for output groups, containers, names, segments and encryption. Pure."""

import re
from collections import Counter
from typing import Any

from mediaconvert_emulator.rules.codecs import COMBINATION, has_wrong_codec
from mediaconvert_emulator.rules.conditions import DEPENDENCIES, has, is_, is_not, lacks, not_multiple_of, required
from mediaconvert_emulator.rules.places import (
    CMAF,
    DASH,
    FILE,
    FIXTURE,
    GROUP,
    GUIDE,
    HLS,
    MODEL,
    OUTPUT,
    PREFLIGHT,
    SETTINGS,
    SMOOTH,
)
from mediaconvert_emulator.rules.rule import Kind, Node, Rule, When, Words

NOT_PRESETS = frozenset({Kind.JOB, Kind.TEMPLATE})
TYPE = "outputGroupSettings/type"
BLOCKS = {
    "CMAF_GROUP_SETTINGS": "cmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "dashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "fileGroupSettings",
    "HLS_GROUP_SETTINGS": "hlsGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "msSmoothGroupSettings",
}
WITH_MODIFIERS = ("CMAF_GROUP_SETTINGS", "HLS_GROUP_SETTINGS", "MS_SMOOTH_GROUP_SETTINGS")
"""Groups whose outputs need a name modifier. Public DASH templates and file groups have outputs without one."""
CONTAINERS = {
    "CMAF_GROUP_SETTINGS": ("CMAF", "CMFC"),
    "DASH_ISO_GROUP_SETTINGS": ("DASH ISO", "MPD"),
    "HLS_GROUP_SETTINGS": ("HLS", "M3U8"),
    "MS_SMOOTH_GROUP_SETTINGS": ("MS Smooth", "ISMV"),
}
"""By group type, its name in messages and its container."""
ONLY_STREAMING = frozenset(container for _, container in CONTAINERS.values())
# Only these identifiers may be in a Destination. Names of files contain dollars too, so only known identifiers count.
NOT_IN_DESTINATION = re.compile(r"\$(ex|w|h|f|rv|ra|rc|Number|Time|Bandwidth|RepresentationID)(%0\d+)?\$")


def _outputs(node: Node) -> list[dict[str, Any]]:
    return [output or {} for output in node.get("outputs") or []]


def _containers(node: Node) -> set[str]:
    found = {(output.get("containerSettings") or {}).get("container") for output in _outputs(node)}
    return {container for container in found if container}


def _has_other_container(container: str) -> When:
    return When(lambda node: bool(_containers(node) - {container}))


def _container_text(name: str, container: str) -> str:
    return (
        f"In your {name} output group, the value that you specified for the output container isn't valid. For this "
        f"output group, set container to {container}."
    )


def _has_repeated_name(node: Node) -> bool:
    """Return whether two outputs have the same file name. Format identifiers can make equal modifiers different."""
    names = Counter(_file_name(output) for output in _outputs(node))
    return any(count > 1 and "$" not in modifier for (modifier, *_), count in names.items())


def _file_name(output: dict[str, Any]) -> tuple[str, str, str]:
    container = (output.get("containerSettings") or {}).get("container") or output.get("preset") or ""
    codec = ((output.get("videoDescription") or {}).get("codecSettings") or {}).get("codec") or ""
    extension = output.get("extension") or (codec if container == "RAW" else container)
    return output.get("nameModifier") or "", extension, output.get("preset") or ""


def _hls(output: dict[str, Any]) -> dict[str, Any]:
    return (output.get("outputSettings") or {}).get("hlsSettings") or {}


def _has_unknown_audio_group(node: Node) -> bool:
    """Return whether a video output names an audio group, by a comma-separated list, that no output has."""
    groups = {_hls(output or {}).get("audioGroupId") or "program_audio" for output in node.parents[-1]}
    named = (_hls(node.value).get("audioRenditionSets") or "").split(",")
    return any(name.strip() and name.strip() not in groups for name in named)


def _group_rules() -> tuple[Rule, ...]:
    kinds = (
        Rule(
            where=f"{SETTINGS}/{block}",
            breaks=is_not("../type", kind),
            says=DEPENDENCIES,
            also=(("../type", f"Must be {kind}"),),
            source=PREFLIGHT,
            kinds=NOT_PRESETS,
        )
        for kind, block in BLOCKS.items()
    )
    containers = (
        Rule(
            where=GROUP,
            breaks=is_(TYPE, kind) & _has_other_container(container),
            says=_container_text(name, container),
            source=PREFLIGHT,
        )
        for kind, (name, container) in CONTAINERS.items()
    )
    destinations = (
        Rule(
            where=f"{place}/destination",
            breaks=When(lambda node: NOT_IN_DESTINATION.search(node.value) is not None),
            says="Only the format identifiers $dt$, $d$, $t$ and $fn$ are valid here",
            source=GUIDE,
            words=Words.OURS,
        )
        for place in (HLS, CMAF, DASH, SMOOTH, FILE)
    )
    return (*kinds, *containers, *destinations)


def _name_rules() -> tuple[Rule, ...]:
    return (
        Rule(
            where=OUTPUT,
            breaks=lacks("nameModifier") & is_("../../outputGroupSettings/type", *WITH_MODIFIERS),
            says=required("nameModifier"),
            source=FIXTURE,
            kinds=NOT_PRESETS,
        ),
        Rule(
            where=GROUP,
            breaks=When(_has_repeated_name),
            says="Each output of the group should have a file name of its own",
            at="outputs",
            source=MODEL,
            words=Words.OURS,
        ),
        Rule(
            where=OUTPUT,
            breaks=has("extension") & is_not("../../outputGroupSettings/type", "FILE_GROUP_SETTINGS"),
            says="Should only be used in a File output group",
            at="extension",
            source=GUIDE,
            words=Words.OURS,
        ),
        Rule(
            where=OUTPUT,
            breaks=has("preset") & has("containerSettings"),
            says="Should have either preset or containerSettings",  # `presets` checks it in a job
            source=MODEL,
            words=Words.OURS,
            kinds=frozenset({Kind.TEMPLATE}),
        ),
        Rule(
            where=OUTPUT,
            breaks=When(_has_unknown_audio_group),
            says="Should name audio groups of this output group",
            at="outputSettings/hlsSettings/audioRenditionSets",
            source=MODEL,
            words=Words.OURS,
            kinds=NOT_PRESETS,
        ),
    )


def _segment_rules() -> tuple[Rule, ...]:
    final = tuple(
        Rule(
            where=f"{place}/minFinalSegmentLength",
            breaks=When(lambda node: 0 < node.value < 1),
            says="Should be 0, or greater than or equal to 1",
            source=MODEL,
            words=Words.OURS,
        )
        for place in (HLS, CMAF, DASH)
    )
    profile = Rule(
        where=DASH,
        breaks=is_("mpdProfile", "ON_DEMAND_PROFILE") & is_not("segmentControl", "SINGLE_FILE"),
        says="Must be SINGLE_FILE",
        at="segmentControl",
        source=MODEL,
        words=Words.OURS,
    )
    return (*final, profile)


def _other_rules() -> tuple[Rule, ...]:
    encryption = tuple(
        Rule(
            where=f"{place}/encryption",
            breaks=is_("type", kind) & lacks(provider),
            says=required(provider),
            source=MODEL,
            words=Words.OURS,
        )
        for place in (HLS, CMAF)
        for kind, provider in (("STATIC_KEY", "staticKeyProvider"), ("SPEKE", "spekeKeyProvider"))
    )
    keys = tuple(
        Rule(
            where=f"{place}/destinationSettings/s3Settings/encryption",
            breaks=has("kmsKeyArn") & ~is_("encryptionType", "SERVER_SIDE_ENCRYPTION_KMS"),
            says="Must be SERVER_SIDE_ENCRYPTION_KMS",
            at="encryptionType",
            source=PREFLIGHT,
        )
        for place in (HLS, CMAF, DASH, SMOOTH, FILE)
    )
    thumbnails = tuple(
        Rule(
            where=f"{place}/imageBasedTrickPlaySettings/thumbnail{side}",
            breaks=not_multiple_of(number),
            says=f"Should be a multiple of {number}",
            source=PREFLIGHT,
        )
        for place in (HLS, CMAF, DASH)
        for side, number in (("Width", 8), ("Height", 2))
    )
    return (
        *encryption,
        *keys,
        *thumbnails,
        Rule(
            where=f"{OUTPUT}/containerSettings/mp4Settings",
            breaks=is_("cttsVersion", 1) & ~is_("cslgAtom", "INCLUDE"),
            says="Must be INCLUDE",
            at="cslgAtom",
            source=PREFLIGHT,
        ),
        Rule(
            where=f"{OUTPUT}/containerSettings/m3u8Settings",
            breaks=has("timedMetadataPid") & is_("nielsenId3", "INSERT") & ~is_("timedMetadata", "PASSTHROUGH"),
            says="You specified a value for ID3 metadata value, which requires ID3 metadata be set to Passthrough. "
            "To resolve: Set ID3 metadata to Passthrough.",
            at=":",
            source=PREFLIGHT,
        ),
        Rule(where=OUTPUT, breaks=When(has_wrong_codec), says=COMBINATION, at=":", source=PREFLIGHT),
        Rule(
            where=GROUP,
            breaks=is_(TYPE, "FILE_GROUP_SETTINGS") & When(lambda node: bool(_containers(node) & ONLY_STREAMING)),
            says="In your File output group, the value that you specified for the output container isn't valid. For "
            "this output group, set container to a file container.",
            source=GUIDE,
            words=Words.OURS,
        ),
    )


ROWS = _group_rules() + _name_rules() + _segment_rules() + _other_rules()
