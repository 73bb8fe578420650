"""MediaConvert's rules for the names of outputs, audio groups and additional manifests. Pure."""

from collections import Counter
from typing import Any

from mediaconvert_emulator.rules.conditions import has, is_, is_not, lacks, required, size
from mediaconvert_emulator.rules.places import CMAF, DASH, FIXTURE, GROUP, GUIDE, HLS, MODEL, OUTPUT
from mediaconvert_emulator.rules.rule import Kind, Node, Rule, When, Words

NOT_PRESETS = frozenset({Kind.JOB, Kind.TEMPLATE})
WITH_MODIFIERS = ("CMAF_GROUP_SETTINGS", "HLS_GROUP_SETTINGS", "MS_SMOOTH_GROUP_SETTINGS")
"""Groups whose outputs need a name modifier. Public DASH templates and file groups have outputs without one."""
MAX_MANIFESTS = 10


def outputs_of(node: Node) -> list[dict[str, Any]]:
    """Return the outputs of a group."""
    return [output or {} for output in node.get("outputs") or []]


def _has_repeated_name(node: Node) -> bool:
    """Return whether two outputs have the same file name. Format identifiers can make equal modifiers different."""
    names = Counter(_file_name(output) for output in outputs_of(node))
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


def _has_repeated_manifest(node: Node) -> bool:
    """Return whether an additional manifest has the name of another one, or of an output's playlist."""
    modifiers = [(each or {}).get("manifestNameModifier") for each in node.get("additionalManifests") or ()]
    manifests = [modifier for modifier in modifiers if modifier]
    outputs = [(output or {}).get("nameModifier") for output in node.get("../../outputs") or ()]
    return len(set(manifests)) < len(manifests) or bool(set(manifests) & set(outputs))


def _has_identifier_of_some(identifier: str) -> When:
    def breaks(node: Node) -> bool:
        modifiers = [output.get("nameModifier") or "" for output in outputs_of(node)]
        return 0 < sum(identifier in modifier for modifier in modifiers) < len(modifiers)

    return When(breaks)


def _manifest_rules(place: str) -> tuple[Rule, ...]:
    return (
        Rule(
            where=place,
            breaks=When(_has_repeated_manifest),
            says="Each additional manifest should have a name modifier of its own",
            at="additionalManifests",
            source=MODEL,
            words=Words.OURS,
            kinds=NOT_PRESETS,
        ),
        Rule(
            where=f"{place}/additionalManifests",
            breaks=When(lambda node: size(node.value) > MAX_MANIFESTS),
            says=f"Should have at most {MAX_MANIFESTS} items",
            source=MODEL,
            words=Words.OURS,
            kinds=NOT_PRESETS,
        ),
    )


ROWS = (
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
    *(
        Rule(
            where=GROUP,
            breaks=is_("outputGroupSettings/type", "DASH_ISO_GROUP_SETTINGS") & _has_identifier_of_some(identifier),
            says=f"If one output has {identifier} in its name modifier, every output should have it",
            at="outputs",
            source=GUIDE,
            words=Words.OURS,
            kinds=NOT_PRESETS,
        )
        for identifier in ("$Number$", "$Time$")
    ),
    *(rule for place in (HLS, CMAF, DASH) for rule in _manifest_rules(place)),
)
