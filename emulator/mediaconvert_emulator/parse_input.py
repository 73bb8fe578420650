"""Parses the input of a job's settings. Pure."""

from mediaconvert_emulator.clippings import parse_clippings
from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_captions import parse_caption_selectors
from mediaconvert_emulator.parse_names import check_s3_uri
from mediaconvert_emulator.spec import InputSpec


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
    groups = first.get("audioSelectorGroups") or {}
    return InputSpec(
        uri=uri,
        rotate=(first.get("videoSelector") or {}).get("rotate", "DEGREE_0"),
        audio_tracks=_audio_tracks(selectors, groups, "/inputs/0/audioSelectorGroups"),
        required_tracks=tuple(
            (number, selector["tracks"][0])
            for number, selector in enumerate(selectors.values(), start=1)
            if selector.get("tracks")
        ),
        default_audio_selector=next((n for n, s in selectors.items() if s.get("defaultSelection") == "DEFAULT"), None),
        clippings=parse_clippings(first, "/inputs/0"),
        captions=parse_caption_selectors(first, "/inputs/0"),
    )


def _audio_tracks(selectors: JsonObject, groups: JsonObject, pointer: str) -> dict[str, int]:
    """Return the zero-based audio track of each selector, and of each group that consists of one selector."""
    tracks = {name: _track(selector, name) for name, selector in selectors.items()}
    for group_name, group in groups.items():
        names = group.get("audioSelectorNames") or []
        if len(names) != 1:
            raise BadRequestException(
                f"{pointer}/{group_name}/audioSelectorNames: Only groups of one audio selector are emulated"
            )
        if names[0] not in selectors:
            raise BadRequestException(
                f"{pointer}/{group_name}/audioSelectorNames/0: No audio selector named {names[0]!r} in the input"
            )
        tracks[group_name] = tracks[names[0]]
    return tracks


def _track(selector: JsonObject, name: str) -> int:
    tracks: list[int] = selector.get("tracks") or [1]
    if len(tracks) > 1:
        raise BadRequestException(f"/inputs/0/audioSelectors/{name}/tracks: Only one track of a selector is emulated")
    return tracks[0] - 1
