"""Parses the input of a job's settings. Pure."""

from mediaconvert_emulator.clippings import parse_clippings
from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_audio_sources import parse_audio_sources
from mediaconvert_emulator.parse_captions import parse_caption_selectors
from mediaconvert_emulator.parse_names import check_s3_uri
from mediaconvert_emulator.rectangles import parse_rectangle


def parse_input(settings: JsonObject) -> InputSpec:
    """Parse the job's only input.

    Raises:
        BadRequestException: There is no input, or it needs a feature that is not emulated.
    """
    inputs = settings.get("inputs") or []
    if not inputs:
        raise BadRequestException("/inputs: Should have at least one input")
    if len(inputs) > 1:
        raise BadRequestException("/inputs: Stitching several inputs is not emulated")
    first = inputs[0]
    uri = first.get("fileInput")
    if not uri:
        raise BadRequestException("/inputs/0/fileInput: Should exist")
    if not uri.lower().startswith("s3://"):
        raise BadRequestException("/inputs/0/fileInput: Only s3:// inputs are emulated")
    check_s3_uri(uri, "/inputs/0/fileInput")
    selectors = first.get("audioSelectors") or {}
    return InputSpec(
        uri=uri,
        rotate=(first.get("videoSelector") or {}).get("rotate", "DEGREE_0"),
        audio_sources=parse_audio_sources(first, "/inputs/0"),
        default_audio_selector=next((n for n, s in selectors.items() if s.get("defaultSelection") == "DEFAULT"), None),
        clippings=parse_clippings(first, "/inputs/0"),
        crop=parse_rectangle(first.get("crop")),
        position=parse_rectangle(first.get("position")),
        captions=parse_caption_selectors(first, "/inputs/0"),
    )
