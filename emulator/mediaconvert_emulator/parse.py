"""Reads a job's settings (wire form, already checked against the service's model) into a `JobSpec`, or refuses them.

What the emulator can't do it refuses by name, so that nobody takes a simpler output for the one they asked for.
"""

import re
from urllib.parse import urlsplit

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.parse_codecs import parse_audio, parse_video
from mediaconvert_emulator.spec import FileGroup, Group, HlsEncryption, HlsGroup, InputSpec, JobSpec, OutputSpec

FILE_CONTAINERS = {"MP4": ("mp4", "mp4"), "MOV": ("mov", "mov"), "M2TS": ("mpegts", "m2ts")}
HLS_CONTAINER = "M3U8"
NOT_IN_PLAYLISTS = re.compile(r'["\r\n]')
# https://docs.aws.amazon.com/mediaconvert/latest/ug/using-variables-in-your-job-settings.html
FORMAT_IDENTIFIER = re.compile(r"\$(d|t|dt|fn|ex|w|h|f|rv|ra|rc|Number|Time|Bandwidth|RepresentationID)\$")
DEFAULT_SEGMENT_S = 10
PLAIN_HLS = {
    "segmentControl": "SEGMENTED_FILES",
    "directoryStructure": "SINGLE_DIRECTORY",
    "manifestCompression": "NONE",
    "imageBasedTrickPlay": "NONE",
    "outputSelection": "MANIFESTS_AND_SEGMENTS",
}


def parse_settings(settings: JsonObject) -> JobSpec:
    """What the settings of a job ask for.

    Raises:
        BadRequestException: they are incomplete or contradictory, or ask for what isn't emulated.
    """
    source = _parse_input(settings)
    groups = settings.get("outputGroups") or []
    if not groups:
        raise BadRequestException("/outputGroups: Should have at least one output group")
    return JobSpec(
        input=source,
        groups=tuple(_parse_group(group, source, f"/outputGroups/{index}") for index, group in enumerate(groups)),
    )


def _parse_input(settings: JsonObject) -> InputSpec:
    inputs = settings.get("inputs") or []
    if not inputs:
        raise BadRequestException("/inputs: Should have at least one input")
    if len(inputs) > 1:
        raise BadRequestException("/inputs: Stitching several inputs is not emulated")
    first = inputs[0]
    if first.get("inputClippings"):
        raise BadRequestException("/inputs/0/inputClippings: Not emulated")
    uri = first.get("fileInput")
    if not uri:
        raise BadRequestException("/inputs/0/fileInput: Should exist")
    if urlsplit(uri).scheme.lower() != "s3":
        raise BadRequestException("/inputs/0/fileInput: Only s3:// inputs are emulated")
    split_s3_uri(uri, "/inputs/0/fileInput")
    selectors = first.get("audioSelectors") or {}
    return InputSpec(
        uri=uri,
        rotate=(first.get("videoSelector") or {}).get("rotate", "DEGREE_0"),
        audio_tracks={name: (selector.get("tracks") or [1])[0] - 1 for name, selector in selectors.items()},
    )


def split_s3_uri(uri: str, where: str = "") -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI; the key is taken as it is, not decoded.

    Raises:
        BadRequestException: it isn't one.
    """
    match = re.fullmatch(r"s3://([^/]+)/(.*)", uri, re.DOTALL | re.IGNORECASE)
    if match is None:
        raise BadRequestException(f"{where}: Should be of the form s3://bucket/key")
    return match[1], match[2]


def _parse_group(group: JsonObject, source: InputSpec, where: str) -> Group:
    if group.get("automatedEncodingSettings"):
        raise BadRequestException(f"{where}/automatedEncodingSettings: Automated ABR is not emulated")
    settings = group.get("outputGroupSettings") or {}
    outputs = group.get("outputs") or []
    if not outputs:
        raise BadRequestException(f"{where}/outputs: Should have at least one output")
    match settings.get("type"):
        case None:
            raise BadRequestException(f"{where}/outputGroupSettings/type: Should exist")
        case "HLS_GROUP_SETTINGS":
            return _parse_hls(settings.get("hlsGroupSettings") or {}, outputs, source, where)
        case "FILE_GROUP_SETTINGS":
            return _parse_files(settings.get("fileGroupSettings") or {}, outputs, source, where)
        case other:
            raise BadRequestException(
                f"{where}/outputGroupSettings/type: {other} is not emulated; "
                "HLS_GROUP_SETTINGS and FILE_GROUP_SETTINGS are"
            )


def _parse_hls(settings: JsonObject, outputs: list[JsonObject], source: InputSpec, where: str) -> HlsGroup:
    at = f"{where}/outputGroupSettings/hlsGroupSettings"
    for field, plain in PLAIN_HLS.items():
        if settings.get(field, plain) != plain:
            raise BadRequestException(f"{at}/{field}: {settings[field]} is not emulated; {plain} is")
    if settings.get("additionalManifests"):
        raise BadRequestException(f"{at}/additionalManifests: Not emulated")
    parsed = tuple(_parse_output(output, source, f"{where}/outputs/{i}") for i, output in enumerate(outputs))
    for index, output in enumerate(outputs):
        container = (output.get("containerSettings") or {}).get("container")
        if container != HLS_CONTAINER:
            raise BadRequestException(f"{where}/outputs/{index}/containerSettings/container: Should be M3U8")
    _check_modifiers([output.name_modifier for output in parsed], where, is_required=True)
    return HlsGroup(
        destination=_destination(settings, at),
        segment_s=float(settings.get("segmentLength", DEFAULT_SEGMENT_S)),
        is_segment_exact=settings.get("segmentLengthControl", "EXACT") == "EXACT",
        has_integer_durations=settings.get("manifestDurationFormat") == "INTEGER",
        encryption=_parse_encryption(settings.get("encryption"), f"{at}/encryption"),
        outputs=parsed,
    )


def _parse_files(settings: JsonObject, outputs: list[JsonObject], source: InputSpec, where: str) -> FileGroup:
    at = f"{where}/outputGroupSettings/fileGroupSettings"
    parsed = tuple(_parse_output(output, source, f"{where}/outputs/{i}") for i, output in enumerate(outputs))
    for index, output in enumerate(outputs):
        container = (output.get("containerSettings") or {}).get("container")
        if container not in FILE_CONTAINERS:
            raise BadRequestException(
                f"{where}/outputs/{index}/containerSettings/container: {container} is not emulated; "
                f"{', '.join(FILE_CONTAINERS)} are"
            )
    _check_modifiers([output.name_modifier for output in parsed], where, is_required=len(parsed) > 1)
    return FileGroup(destination=_destination(settings, at), outputs=parsed)


def _parse_output(output: JsonObject, source: InputSpec, where: str) -> OutputSpec:
    for field, reason in (("preset", "Presets are not emulated"), ("captionDescriptions", "Captions are not emulated")):
        if output.get(field):
            raise BadRequestException(f"{where}/{field}: {reason}")
    hls = (output.get("outputSettings") or {}).get("hlsSettings") or {}
    video, audios = output.get("videoDescription"), output.get("audioDescriptions") or []
    if not video and not audios:
        raise BadRequestException(f"{where}: Should have a videoDescription or audioDescriptions")
    container = (output.get("containerSettings") or {}).get("container", HLS_CONTAINER)
    file_format, extension = FILE_CONTAINERS.get(container, ("mpegts", "ts"))
    for field in ("nameModifier", "extension"):
        _check_name(output.get(field), f"{where}/{field}")
    for field in ("segmentModifier", "audioGroupId", "audioRenditionSets"):
        _check_name(hls.get(field), f"{where}/outputSettings/hlsSettings/{field}")
    track_type = hls.get("audioTrackType", "")
    return OutputSpec(
        name_modifier=output.get("nameModifier") or "",
        segment_modifier=hls.get("segmentModifier") or "",
        container=file_format,
        extension=output.get("extension") or extension,
        video=parse_video(video, f"{where}/videoDescription") if video else None,
        audios=tuple(
            parse_audio(audio, source.audio_tracks, f"{where}/audioDescriptions/{i}") for i, audio in enumerate(audios)
        ),
        audio_group_id=(hls.get("audioRenditionSets") if video else hls.get("audioGroupId")) or "program_audio",
        is_alternate_audio=not video and track_type != "AUDIO_ONLY_VARIANT_STREAM",
        is_default_audio=track_type == "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
    )


def _check_modifiers(modifiers: list[str], where: str, *, is_required: bool) -> None:
    for index, modifier in enumerate(modifiers):
        at = f"{where}/outputs/{index}/nameModifier"
        if is_required and not modifier:
            raise BadRequestException(f"{at}: Should exist, or the group's files would overwrite each other")
        if modifier in modifiers[:index]:
            raise BadRequestException(f"{at}: {modifier!r} is another output's of this group")


def _destination(settings: JsonObject, where: str) -> str:
    destination = settings.get("destination")
    if not destination:
        raise BadRequestException(f"{where}/destination: Should exist")
    split_s3_uri(destination, f"{where}/destination")
    _refuse_identifiers(destination, f"{where}/destination")
    return str(destination)


def _refuse_identifiers(text: str | None, where: str) -> None:
    if text and (found := FORMAT_IDENTIFIER.search(text)):
        raise BadRequestException(f"{where}: The format identifier {found[0]} is not emulated")


def _check_name(text: str | None, where: str) -> None:
    _refuse_identifiers(text, where)
    if text and NOT_IN_PLAYLISTS.search(text):
        raise BadRequestException(f"{where}: A quote or a line break can't stand in a playlist")


def _parse_encryption(encryption: JsonObject | None, where: str) -> HlsEncryption | None:
    if not encryption:
        return None
    for field, emulated in (("encryptionMethod", "AES128"), ("type", "STATIC_KEY")):
        if encryption.get(field) != emulated:
            raise BadRequestException(f"{where}/{field}: {encryption.get(field)} is not emulated; {emulated} is")
    provider = encryption.get("staticKeyProvider") or {}
    key, url = provider.get("staticKeyValue") or "", provider.get("url") or ""
    if not re.fullmatch(r"[0-9A-Fa-f]{32}", key):
        raise BadRequestException(f"{where}/staticKeyProvider/staticKeyValue: Should be 32 hexadecimal characters")
    if not url or NOT_IN_PLAYLISTS.search(url):
        raise BadRequestException(f"{where}/staticKeyProvider/url: Should be a URL")
    return HlsEncryption(
        key=bytes.fromhex(key),
        url=url,
        iv_hex=encryption.get("constantInitializationVector"),
        is_iv_in_manifest=encryption.get("initializationVectorInManifest", "INCLUDE") == "INCLUDE",
    )
