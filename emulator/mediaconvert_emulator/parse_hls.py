"""Parses the HLS groups of a job's settings. Pure."""

import re
from dataclasses import replace

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_captions import check_captions_have_video
from mediaconvert_emulator.parse_names import (
    INVALID_IN_PLAYLISTS,
    check_different_names,
    check_name,
    parse_destination,
)
from mediaconvert_emulator.parse_output import parse_output
from mediaconvert_emulator.parse_playlists import parse_base_url, parse_manifests, parse_playlist_options
from mediaconvert_emulator.parse_program_date import JobTimecodes, parse_program_date
from mediaconvert_emulator.parse_s3 import parse_s3_options
from mediaconvert_emulator.spec import ClosedCaptions, FileFormat, HlsEncryption, HlsGroup, OutputSpec
from mediaconvert_emulator.stream_spec import SegmentLayout

CONTAINER = "M3U8"
TRANSPORT_STREAM = FileFormat(muxer="mpegts", extension="ts")
DEFAULT_SEGMENT_S = 10
CLOSED_CAPTION_CHANNELS = range(1, 5)
SEGMENT_LENGTH_CONTROLS = ("EXACT", "GOP_MULTIPLE")


def parse_hls(
    settings: JsonObject,
    outputs: list[JsonObject],
    input_spec: InputSpec,
    pointer: str,
    *,
    timecodes: JobTimecodes,
) -> HlsGroup:
    """Parse an HLS group.

    Args:
        settings: The hlsGroupSettings.
        outputs: The group's outputs.
        input_spec: The input, whose audio selectors the outputs name.
        pointer: The JSON pointer of the group, for error messages.
        timecodes: The job's timecodes, from which the dates in the playlists are computed.

    Raises:
        BadRequestException: The settings are incomplete, or need a feature that is not emulated.
    """
    settings_pointer = f"{pointer}/outputGroupSettings/hlsGroupSettings"
    control = settings.get("segmentLengthControl", "EXACT")
    if control not in SEGMENT_LENGTH_CONTROLS:
        pointer_of_control = f"{settings_pointer}/segmentLengthControl"
        raise BadRequestException(f"{pointer_of_control}: {control} is not emulated; EXACT and GOP_MULTIPLE are")
    parsed = tuple(_parse_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    check_different_names(parsed, pointer, is_stream=True)
    check_captions_have_video(parsed, pointer)
    encryption = _parse_encryption(settings.get("encryption"), f"{settings_pointer}/encryption")
    _check_keyframe_playlists(parsed, encryption, pointer)
    return HlsGroup(
        destination=parse_destination(settings, settings_pointer),
        segment_s=float(settings.get("segmentLength", DEFAULT_SEGMENT_S)),
        is_segment_exact=control == "EXACT",
        encryption=encryption,
        closed_captions=_closed_captions(settings, settings_pointer),
        has_caption_segments_of_video=settings.get("captionSegmentLengthControl") == "MATCH_VIDEO",
        outputs=parsed,
        playlist=replace(parse_playlist_options(settings), base_url=parse_base_url(settings, settings_pointer)),
        program_date=parse_program_date(settings, timecodes),
        layout=_layout(settings),
        has_manifests=settings.get("outputSelection") != "SEGMENTS_ONLY",
        manifests=parse_manifests(settings, outputs, settings_pointer),
        s3=parse_s3_options(settings),
    )


def _layout(settings: JsonObject) -> SegmentLayout:
    has_folder = settings.get("directoryStructure") == "SUBDIRECTORY_PER_STREAM"
    segments_per_folder = settings.get("segmentsPerSubdirectory")
    return SegmentLayout(
        is_single_file=settings.get("segmentControl") == "SINGLE_FILE",
        has_folder=has_folder,
        segments_per_folder=segments_per_folder if has_folder else None,
    )


def _check_keyframe_playlists(outputs: tuple[OutputSpec, ...], encryption: HlsEncryption | None, pointer: str) -> None:
    for index, output in enumerate(outputs):
        if output.has_keyframe_playlist and encryption:
            setting = f"{pointer}/outputs/{index}/outputSettings/hlsSettings/iFrameOnlyManifest"
            raise BadRequestException(f"{setting}: INCLUDE is not emulated in an encrypted group")


def _parse_output(output: JsonObject, input_spec: InputSpec, pointer: str) -> OutputSpec:
    container = (output.get("containerSettings") or {}).get("container")
    if container != CONTAINER:
        raise BadRequestException(f"{pointer}/containerSettings/container: Should be {CONTAINER}")
    hls_settings = (output.get("outputSettings") or {}).get("hlsSettings") or {}
    for field in ("segmentModifier", "audioGroupId", "audioRenditionSets"):
        check_name(hls_settings.get(field), f"{pointer}/outputSettings/hlsSettings/{field}")
    return parse_output(output, input_spec, pointer, file_format=TRANSPORT_STREAM, audio_settings=hls_settings)


def _closed_captions(settings: JsonObject, pointer: str) -> ClosedCaptions | None:
    match settings.get("captionLanguageSetting"):
        case "NONE":
            return ClosedCaptions()
        case "INSERT":
            mappings = settings.get("captionLanguageMappings") or []
            languages = tuple(_language(m, f"{pointer}/captionLanguageMappings/{i}") for i, m in enumerate(mappings))
            if not languages:
                raise BadRequestException(f"{pointer}/captionLanguageMappings: Should have at least 1 items")
            return ClosedCaptions(languages=languages)
        case _:
            return None


def _language(mapping: JsonObject, pointer: str) -> tuple[int, str | None, str]:
    """Return the channel, the code and the name of a language."""
    channel: int = mapping.get("captionChannel", 1)
    if channel not in CLOSED_CAPTION_CHANNELS:
        raise BadRequestException(f"{pointer}/captionChannel: Should be from 1 to 4")
    code: str | None = mapping.get("customLanguageCode") or (mapping.get("languageCode") or "").lower()
    name: str = mapping.get("languageDescription") or code or f"CC{channel}"
    if INVALID_IN_PLAYLISTS.search(name):
        raise BadRequestException(f"{pointer}/languageDescription: Should contain no quote or line break")
    return channel, code or None, name


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
        key_format=provider.get("keyFormat"),
        key_format_versions=provider.get("keyFormatVersions"),
        is_session_key=encryption.get("offlineEncrypted") == "ENABLED",
    )
