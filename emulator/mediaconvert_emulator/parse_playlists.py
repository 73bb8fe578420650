"""Parses the settings of manifests that HLS, CMAF and DASH groups have in common. Pure."""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_names import INVALID_IN_PLAYLISTS, check_name
from mediaconvert_emulator.stream_spec import AdditionalManifest, PlaylistOptions


def parse_playlist_options(settings: JsonObject) -> PlaylistOptions:
    """Return the options that HLS and CMAF groups have in common."""
    return PlaylistOptions(
        has_integer_durations=settings.get("manifestDurationFormat") == "INTEGER",
        is_target_rounded=settings.get("targetDurationCompatibilityMode") == "SPEC_COMPLIANT",
        is_cacheable=settings.get("clientCache") != "DISABLED",
        has_resolution=settings.get("streamInfResolution") != "EXCLUDE",
        is_compressed=settings.get("manifestCompression") == "GZIP",
    )


def parse_base_url(settings: JsonObject, pointer: str) -> str:
    """Return the base URL, or an empty text.

    Raises:
        BadRequestException: No playlist can contain it.
    """
    base_url: str = settings.get("baseUrl") or ""
    if INVALID_IN_PLAYLISTS.search(base_url):
        raise BadRequestException(f"{pointer}/baseUrl: Should contain no quote or line break, because playlists can't")
    return base_url


def parse_manifests(settings: JsonObject, outputs: list[JsonObject], pointer: str) -> tuple[AdditionalManifest, ...]:
    """Return the additional manifests of a group.

    Args:
        settings: The group's settings.
        outputs: The group's outputs, whose name modifiers select them.
        pointer: The JSON pointer of the settings, for error messages.

    Raises:
        BadRequestException: A modifier is missing, or a selected output doesn't exist.
    """
    modifiers = [output.get("nameModifier") or "" for output in outputs]
    return tuple(
        _manifest(manifest, modifiers, f"{pointer}/additionalManifests/{index}")
        for index, manifest in enumerate(settings.get("additionalManifests") or ())
    )


def _manifest(manifest: JsonObject, modifiers: list[str], pointer: str) -> AdditionalManifest:
    name_modifier: str = manifest.get("manifestNameModifier") or ""
    if not name_modifier:
        raise BadRequestException(f"{pointer}/manifestNameModifier: Should exist")
    check_name(name_modifier, f"{pointer}/manifestNameModifier")
    selected: list[str] = manifest.get("selectedOutputs") or []
    for index, modifier in enumerate(selected):
        if modifier not in modifiers:
            raise BadRequestException(
                f"{pointer}/selectedOutputs/{index}: Should be the name modifier of an output of this group"
            )
    if not selected:
        raise BadRequestException(f"{pointer}/selectedOutputs: Should have at least 1 items")
    return AdditionalManifest(
        name_modifier=name_modifier,
        output_indexes=frozenset(index for index, modifier in enumerate(modifiers) if modifier in selected),
    )
