"""MediaConvert's rules for inputs, captions and the whole job. Pure."""

from typing import Any

from mediaconvert_emulator.rules.conditions import DEPENDENCIES, has, is_, is_not, lacks, required, size_is
from mediaconvert_emulator.rules.places import CAPTIONS, GUIDE, INPUT, MODEL, OUTPUT, REPORTS
from mediaconvert_emulator.rules.rule import Kind, Node, Rule, When, Words

MAX_INPUTS = 150
DESTINATION = f"{CAPTIONS}/destinationSettings"
CAPTION_BLOCKS = {
    "BURN_IN": "burninDestinationSettings",
    "DVB_SUB": "dvbSubDestinationSettings",
    "EMBEDDED": "embeddedDestinationSettings",
    "IMSC": "imscDestinationSettings",
    "SCC": "sccDestinationSettings",
    "SRT": "srtDestinationSettings",
    "TELETEXT": "teletextDestinationSettings",
    "TTML": "ttmlDestinationSettings",
    "WEBVTT": "webvttDestinationSettings",
}
EMBEDDED = ("EMBEDDED", "EMBEDDED_PLUS_SCTE20", "SCTE20_PLUS_EMBEDDED")
SIDECARS = ("IMSC", "SCC", "SMI", "SRT", "TTML", "WEBVTT")


def _selectors(node: Node) -> set[str]:
    inputs = node.parents[0].get("inputs") or []
    return {name for item in inputs if item for name in item.get("captionSelectors") or {}}


def _has_unknown_caption_selector(node: Node) -> bool:
    name = node.get("captionSelectorName")
    return bool(name) and name not in _selectors(node)


def _is_sidecar_with_media(node: Node) -> bool:
    types = {_destination_type(caption) for caption in node.get("captionDescriptions") or () if caption}
    return bool(types & set(SIDECARS)) and bool(node.get("videoDescription") or node.get("audioDescriptions"))


def _destination_type(caption: dict[str, Any]) -> str | None:
    kind: str | None = (caption.get("destinationSettings") or {}).get("destinationType")
    return kind


def _has_only_captures(node: Node) -> bool:
    outputs = [output for group in node.get("outputGroups") or () if group for output in group.get("outputs") or ()]
    codecs = [
        Node(pointer="", value=output, parents=()).get("videoDescription/codecSettings/codec") for output in outputs
    ]
    return bool(codecs) and all(codec == "FRAME_CAPTURE" for codec in codecs)


def _ours(where: str, breaks: When, says: str, at: str = "", **more: Any) -> Rule:  # noqa: ANN401 (fields of a rule)
    return Rule(where=where, breaks=breaks, says=says, at=at, words=Words.OURS, **({"source": MODEL} | more))


ROWS = (
    _ours("/inputs", size_is("", high=0), "Should have at least 1 items", kinds=frozenset({Kind.JOB})),
    _ours("/inputs", size_is("", low=MAX_INPUTS + 1), f"Should have at most {MAX_INPUTS} items"),
    _ours("/inputs", size_is("", low=2), "Should have at most 1 items", kinds=frozenset({Kind.TEMPLATE})),
    _ours(INPUT, has("fileInput") & has("videoGenerator"), "Should have either fileInput or videoGenerator"),
    _ours(INPUT, is_("timecodeSource", "SPECIFIEDSTART") & lacks("timecodeStart"), required("timecodeStart")),
    _ours(
        INPUT,
        has("timecodeStart") & ~is_("timecodeSource", "SPECIFIEDSTART"),
        "Must be SPECIFIEDSTART",
        "timecodeSource",
    ),
    _ours(INPUT, is_("filterEnable", "FORCE") & lacks("filterStrength"), required("filterStrength")),
    _ours(
        f"{INPUT}/inputClippings/*",
        lacks("startTimecode") & lacks("endTimecode"),
        "Should have a startTimecode or an endTimecode",
    ),
    *(
        _ours(f"{INPUT}/videoGenerator", has(first) & lacks(second), required(second))
        for first, second in (
            ("width", "height"),
            ("height", "width"),
            ("framerateNumerator", "framerateDenominator"),
            ("framerateDenominator", "framerateNumerator"),
        )
    ),
    _ours("", has("motionImageInserter") & has("motionImageInserters"), "Should have one motion image inserter"),
    _ours(
        "",
        When(_has_only_captures),
        "MediaConvert doesn't support jobs that consist only of a frame capture output",
        ":",
        source=GUIDE,
        kinds=frozenset({Kind.JOB}),
    ),
    *(
        Rule(
            where=f"{DESTINATION}/{block}",
            breaks=is_not("../destinationType", *((kind, *EMBEDDED) if kind == "EMBEDDED" else (kind,))),
            says=DEPENDENCIES,
            also=(("../destinationType", f"Must be {kind}"),),
            source=REPORTS,
        )
        for kind, block in CAPTION_BLOCKS.items()
    ),
    _ours(
        CAPTIONS,
        When(_has_unknown_caption_selector),
        "Should be the name of a caption selector of the input",
        "captionSelectorName",
        kinds=frozenset({Kind.JOB}),
    ),
    _ours(
        OUTPUT,
        When(_is_sidecar_with_media),
        "Sidecar captions should be in an output of their own, without video and audio",
        "captionDescriptions",
        source=GUIDE,
    ),
)
