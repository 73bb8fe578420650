"""MediaConvert's rules for output groups, containers, segments and encryption. Pure."""

import re

from mediaconvert_emulator.rules.codecs import COMBINATION, has_wrong_codec
from mediaconvert_emulator.rules.conditions import DEPENDENCIES, has, is_, is_not, lacks, not_multiple_of, required
from mediaconvert_emulator.rules.names import NOT_PRESETS, outputs_of
from mediaconvert_emulator.rules.places import (
    CMAF,
    DASH,
    FILE,
    GROUP,
    GUIDE,
    HLS,
    MODEL,
    OUTPUT,
    PREFLIGHT,
    SETTINGS,
    SMOOTH,
)
from mediaconvert_emulator.rules.rule import Node, Rule, When, Words

TYPE = "outputGroupSettings/type"
BLOCKS = {
    "CMAF_GROUP_SETTINGS": "cmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "dashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "fileGroupSettings",
    "HLS_GROUP_SETTINGS": "hlsGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "msSmoothGroupSettings",
}
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


def _containers(node: Node) -> set[str]:
    found = {(output.get("containerSettings") or {}).get("container") for output in outputs_of(node)}
    return {container for container in found if container}


def _has_other_container(container: str) -> When:
    return When(lambda node: bool(_containers(node) - {container}))


def _container_text(name: str, container: str) -> str:
    return (
        f"In your {name} output group, the value that you specified for the output container isn't valid. For this "
        f"output group, set container to {container}."
    )


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


ROWS = _group_rules() + _segment_rules() + _other_rules()
