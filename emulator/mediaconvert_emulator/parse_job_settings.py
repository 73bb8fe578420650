"""Parses a job's settings into a `JobSpec`, or refuses them. Pure.

The settings are in the API's JSON form, and `request_validation` has already checked them against the service's model.
The error for a feature that is not emulated names it, so that no job succeeds with a simpler output than requested.
"""

import re

from mediaconvert_emulator.clippings import parse_clippings
from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.format_identifiers import DASH_ONLY
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_codecs import parse_audio, parse_video
from mediaconvert_emulator.spec import FileGroup, Group, HlsEncryption, HlsGroup, InputSpec, JobSpec, OutputSpec

FILE_CONTAINERS = {"MP4": ("mp4", "mp4"), "MOV": ("mov", "mov"), "M2TS": ("mpegts", "m2ts")}
RAW_AUDIO = {"aac": ("adts", "aac"), "ac3": ("ac3", "ac3"), "eac3": ("eac3", "eac3"), "libmp3lame": ("mp3", "mp3")}
HLS_CONTAINER, HLS_EXTENSION = "M3U8", "ts"
INVALID_IN_PLAYLISTS = re.compile(r'["\r\n]')
DEFAULT_AUDIO_GROUP = "program_audio"
DEFAULT_SEGMENT_S = 10
SEGMENT_LENGTH_CONTROLS = ("EXACT", "GOP_MULTIPLE")


def parse_settings(settings: JsonObject) -> JobSpec:
    """Parse the settings of a job.

    Raises:
        BadRequestException: The settings are incomplete or contradictory, or need a feature that is not emulated.
    """
    input_spec = _parse_input(settings)
    groups = settings.get("outputGroups") or []
    if not groups:
        raise BadRequestException("/outputGroups: Should have at least one output group")
    return JobSpec(
        input=input_spec,
        groups=tuple(_parse_group(group, input_spec, f"/outputGroups/{index}") for index, group in enumerate(groups)),
    )


def _parse_input(settings: JsonObject) -> InputSpec:
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
    _check_s3_uri(uri, "/inputs/0/fileInput")
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


def _check_s3_uri(uri: str, pointer: str) -> None:
    if not re.fullmatch(r"s3://([^/]+)/(.*)", uri, re.DOTALL | re.IGNORECASE):
        raise BadRequestException(f"{pointer}: Should be of the form s3://bucket/key")


def _parse_group(group: JsonObject, input_spec: InputSpec, pointer: str) -> Group:
    if "automatedEncodingSettings" in group:
        raise BadRequestException(f"{pointer}/automatedEncodingSettings: Automated ABR is not emulated")
    settings = group.get("outputGroupSettings") or {}
    outputs = group.get("outputs") or []
    if not outputs:
        raise BadRequestException(f"{pointer}/outputs: Should have at least one output")
    match settings.get("type"):
        case None:
            raise BadRequestException(f"{pointer}/outputGroupSettings/type: Should exist")
        case "HLS_GROUP_SETTINGS":
            return _parse_hls(settings.get("hlsGroupSettings") or {}, outputs, input_spec, pointer)
        case "FILE_GROUP_SETTINGS":
            return _parse_files(settings.get("fileGroupSettings") or {}, outputs, input_spec, pointer)
        case other:
            raise BadRequestException(
                f"{pointer}/outputGroupSettings/type: {other} is not emulated; "
                "HLS_GROUP_SETTINGS and FILE_GROUP_SETTINGS are"
            )


def _parse_hls(settings: JsonObject, outputs: list[JsonObject], input_spec: InputSpec, pointer: str) -> HlsGroup:
    settings_pointer = f"{pointer}/outputGroupSettings/hlsGroupSettings"
    control = settings.get("segmentLengthControl", "EXACT")
    if control not in SEGMENT_LENGTH_CONTROLS:
        pointer_of_control = f"{settings_pointer}/segmentLengthControl"
        raise BadRequestException(f"{pointer_of_control}: {control} is not emulated; EXACT and GOP_MULTIPLE are")
    parsed = tuple(_parse_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    for index, output in enumerate(outputs):
        container = (output.get("containerSettings") or {}).get("container")
        if container != HLS_CONTAINER:
            raise BadRequestException(f"{pointer}/outputs/{index}/containerSettings/container: Should be M3U8")
    _check_names(parsed, pointer)
    return HlsGroup(
        destination=_destination(settings, settings_pointer),
        segment_s=float(settings.get("segmentLength", DEFAULT_SEGMENT_S)),
        is_segment_exact=control == "EXACT",
        has_integer_durations=settings.get("manifestDurationFormat") == "INTEGER",
        encryption=_parse_encryption(settings.get("encryption"), f"{settings_pointer}/encryption"),
        outputs=parsed,
    )


def _parse_files(settings: JsonObject, outputs: list[JsonObject], input_spec: InputSpec, pointer: str) -> FileGroup:
    settings_pointer = f"{pointer}/outputGroupSettings/fileGroupSettings"
    parsed = tuple(_parse_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    for index, output in enumerate(outputs):
        container = (output.get("containerSettings") or {}).get("container")
        if container != "RAW" and container not in FILE_CONTAINERS:
            raise BadRequestException(
                f"{pointer}/outputs/{index}/containerSettings/container: {container} is not emulated; "
                f"{', '.join(FILE_CONTAINERS)} are"
            )
    _check_names(parsed, pointer)
    return FileGroup(destination=_destination(settings, settings_pointer), outputs=parsed)


def _parse_output(output: JsonObject, input_spec: InputSpec, pointer: str) -> OutputSpec:
    hls_settings = (output.get("outputSettings") or {}).get("hlsSettings") or {}
    video, audios = output.get("videoDescription"), output.get("audioDescriptions") or []
    if not video and not audios:
        raise BadRequestException(f"{pointer}: Should have a videoDescription or audioDescriptions")
    container = (output.get("containerSettings") or {}).get("container", HLS_CONTAINER)
    for field in ("nameModifier", "extension"):
        _check_name(output.get(field), f"{pointer}/{field}")
    for field in ("segmentModifier", "audioGroupId", "audioRenditionSets"):
        _check_name(hls_settings.get(field), f"{pointer}/outputSettings/hlsSettings/{field}")
    rendition_sets = (hls_settings.get("audioRenditionSets") or DEFAULT_AUDIO_GROUP) if video else ""
    track_type = hls_settings.get("audioTrackType", "")
    parsed_audios = tuple(
        parse_audio(audio, input_spec, f"{pointer}/audioDescriptions/{i}") for i, audio in enumerate(audios)
    )
    file_format, extension = FILE_CONTAINERS.get(container, ("mpegts", HLS_EXTENSION))
    if container == "RAW":
        if video or len(parsed_audios) != 1:
            raise BadRequestException(f"{pointer}/containerSettings/container: RAW is emulated only for one audio")
        file_format, extension = RAW_AUDIO[parsed_audios[0].encoder]
    return OutputSpec(
        name_modifier=output.get("nameModifier") or "",
        segment_modifier=hls_settings.get("segmentModifier") or "",
        container=file_format,
        extension=output.get("extension") or extension,
        video=parse_video(video, f"{pointer}/videoDescription") if video else None,
        audios=parsed_audios,
        audio_group_id=(None if video else hls_settings.get("audioGroupId")) or DEFAULT_AUDIO_GROUP,
        audio_rendition_sets=tuple(name.strip() for name in rendition_sets.split(",") if name.strip()),
        is_alternate_audio=not video and track_type != "AUDIO_ONLY_VARIANT_STREAM",
        is_default_audio=track_type == "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
        is_autoselected_audio=track_type != "ALTERNATE_AUDIO_NOT_AUTO_SELECT",
    )


def _check_names(outputs: tuple[OutputSpec, ...], pointer: str) -> None:
    names = [output.name_modifier + output.extension for output in outputs]
    for index, (output, name) in enumerate(zip(outputs, names, strict=True)):
        modifier_pointer = f"{pointer}/outputs/{index}/nameModifier"
        if output.extension == HLS_EXTENSION and not output.name_modifier:
            raise BadRequestException(f"{modifier_pointer}: Should exist; the group's files would overwrite each other")
        if name in names[:index] and "$" not in name:
            raise BadRequestException(
                f"{modifier_pointer}: {output.name_modifier!r} is used by another output of this group"
            )


def _destination(settings: JsonObject, pointer: str) -> str:
    destination = settings.get("destination")
    if not destination:
        raise BadRequestException(f"{pointer}/destination: Should exist")
    _check_s3_uri(destination, f"{pointer}/destination")
    return str(destination)


def _check_name(text: str | None, pointer: str) -> None:
    if text and (match := DASH_ONLY.search(text)):
        raise BadRequestException(f"{pointer}: The format identifier {match[0]} is for DASH output groups")
    if text and INVALID_IN_PLAYLISTS.search(text):
        raise BadRequestException(f"{pointer}: Should contain no quote or line break, because playlists can't")


def _parse_encryption(encryption: JsonObject | None, pointer: str) -> HlsEncryption | None:
    if not encryption:
        return None
    for field, emulated in (("encryptionMethod", "AES128"), ("type", "STATIC_KEY")):
        if encryption.get(field, emulated) != emulated:
            raise BadRequestException(f"{pointer}/{field}: {encryption[field]} is not emulated; {emulated} is")
    if not encryption.get("encryptionMethod") or not encryption.get("type"):
        return None  # AWS encrypts only with both
    provider = encryption.get("staticKeyProvider") or {}
    key, url = provider.get("staticKeyValue") or "", provider.get("url") or ""
    if not re.fullmatch(r"[0-9A-Fa-f]{32}", key):
        raise BadRequestException(f"{pointer}/staticKeyProvider/staticKeyValue: Should be 32 hexadecimal characters")
    if not url or INVALID_IN_PLAYLISTS.search(url):
        raise BadRequestException(f"{pointer}/staticKeyProvider/url: Should be a URL")
    return HlsEncryption(
        key=bytes.fromhex(key),
        url=url,
        iv_hex=encryption.get("constantInitializationVector"),
        is_iv_in_manifest=encryption.get("initializationVectorInManifest", "INCLUDE") == "INCLUDE",
    )
