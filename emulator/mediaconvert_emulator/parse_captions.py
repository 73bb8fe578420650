"""Parses the caption selectors of an input, and the captions of an output. Pure."""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import CaptionSource, InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_names import INVALID_IN_PLAYLISTS, check_s3_uri
from mediaconvert_emulator.spec import CaptionSpec, OutputSpec

FILES = ("SRT", "TTML", "WEBVTT")
SOURCES = (*FILES, "EMBEDDED")
STYLES = ("DISABLED", "ENABLED", "STRICT")
MILLISECONDS = {"SECONDS": 1000, "MILLISECONDS": 1}


def parse_caption_selectors(job_input: JsonObject, pointer: str) -> dict[str, CaptionSource]:
    """Return the captions of each selector of an input.

    Raises:
        BadRequestException: A selector needs a feature that is not emulated.
    """
    selectors = job_input.get("captionSelectors") or {}
    return {
        name: _source(selector.get("sourceSettings") or {}, f"{pointer}/captionSelectors/{name}/sourceSettings")
        for name, selector in selectors.items()
    }


def _source(settings: JsonObject, pointer: str) -> CaptionSource:
    kind = settings.get("sourceType")
    if kind not in SOURCES:
        raise BadRequestException(f"{pointer}/sourceType: {kind} is not emulated; {', '.join(SOURCES)} are")
    if kind == "EMBEDDED":
        track = (settings.get("trackSourceSettings") or {}).get("trackNumber")
        return CaptionSource(kind="EMBEDDED", track_index=track - 1 if track else None)
    file = settings.get("fileSourceSettings") or {}
    uri, file_pointer = file.get("sourceFile") or "", f"{pointer}/fileSourceSettings"
    if not uri.lower().startswith("s3://"):
        raise BadRequestException(f"{file_pointer}/sourceFile: Only s3:// files are emulated")
    check_s3_uri(uri, f"{file_pointer}/sourceFile")
    unit_ms = MILLISECONDS[file.get("timeDeltaUnits", "SECONDS")]
    return CaptionSource(kind=kind, uri=uri, delta_ms=file.get("timeDelta", 0) * unit_ms)


def parse_captions(output: JsonObject, input_spec: InputSpec, pointer: str) -> CaptionSpec | None:
    """Return the captions of an output; None for an output without.

    Raises:
        BadRequestException: The captions need a feature that is not emulated.
    """
    descriptions = output.get("captionDescriptions") or []
    if not descriptions:
        return None
    first, first_pointer = descriptions[0], f"{pointer}/captionDescriptions/0"
    if len(descriptions) > 1:
        raise BadRequestException(f"{pointer}/captionDescriptions/1: Only one captions track in an output is emulated")
    name = first.get("captionSelectorName")
    if name not in input_spec.captions:
        raise BadRequestException(f"{first_pointer}/captionSelectorName: No caption selector named {name!r}")
    return _caption(first, input_spec.captions[name], first_pointer)


def refuse_captions(output: JsonObject, pointer: str) -> None:
    """Refuse captions in a group of files or of DASH."""
    if output.get("captionDescriptions"):
        raise BadRequestException(f"{pointer}/captionDescriptions: Captions are emulated only in HLS and CMAF groups")


def _caption(description: JsonObject, source: CaptionSource, pointer: str) -> CaptionSpec:
    settings = (description.get("destinationSettings") or {}).get("webvttDestinationSettings") or {}
    style, style_pointer = settings.get("stylePassthrough", "DISABLED"), f"{pointer}/destinationSettings"
    style_pointer += "/webvttDestinationSettings/stylePassthrough"
    if style not in STYLES:
        raise BadRequestException(f"{style_pointer}: {style} is not emulated; {', '.join(STYLES)} are")
    if style == "STRICT" and source.kind != "WEBVTT":
        raise BadRequestException(f"{style_pointer}: STRICT requires a caption selector with sourceType WEBVTT")
    label = description.get("languageDescription")
    if label and INVALID_IN_PLAYLISTS.search(label):
        raise BadRequestException(f"{pointer}/languageDescription: Should contain no quote or line break")
    language: str | None = description.get("customLanguageCode") or (description.get("languageCode") or "").lower()
    return CaptionSpec(
        source=source,
        language=language or None,
        description=label or None,
        style=style,
        is_accessible=settings.get("accessibility") == "ENABLED",
    )


def check_captions_have_video(outputs: tuple[OutputSpec, ...], pointer: str) -> None:
    """Refuse a group of captions without video, whose segments would have no times."""
    for index, output in enumerate(outputs):
        if output.caption and not any(other.video for other in outputs):
            raise BadRequestException(f"{pointer}/outputs/{index}/captionDescriptions: Should be in a group with video")
