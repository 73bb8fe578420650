"""Parses the CMAF and DASH groups of a job's settings. Pure."""

from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_captions import check_captions_have_video, refuse_captions
from mediaconvert_emulator.parse_names import check_different_names, check_name, parse_destination
from mediaconvert_emulator.parse_output import parse_output
from mediaconvert_emulator.parse_playlists import parse_base_url, parse_manifests, parse_playlist_options
from mediaconvert_emulator.parse_s3 import parse_s3_options
from mediaconvert_emulator.spec import FileFormat, OutputSpec, SegmentedGroup

CMAF_AUDIO_GROUP = "program_audio_0"
DEFAULT_CMAF_SEGMENT_S, DEFAULT_DASH_SEGMENT_S = 10, 30
DEFAULT_FRAGMENT_S = 2
SEGMENT_LENGTH_CONTROLS = ("EXACT", "GOP_MULTIPLE")
VIDEO_CODECS = ("H_264", "H_265")


def parse_cmaf(settings: JsonObject, outputs: list[JsonObject], input_spec: InputSpec, pointer: str) -> SegmentedGroup:
    """Parse a CMAF group.

    Args:
        settings: The cmafGroupSettings.
        outputs: The group's outputs.
        input_spec: The input, whose audio selectors the outputs name.
        pointer: The JSON pointer of the group, for error messages.

    Raises:
        BadRequestException: The settings are incomplete, or need a feature that is not emulated.
    """
    parsed = tuple(_cmaf_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    check_different_names(parsed, pointer, is_stream=True)
    settings_pointer = f"{pointer}/outputGroupSettings/cmafGroupSettings"
    check_captions_have_video(parsed, pointer)
    return SegmentedGroup(
        kind="CMAF_GROUP",
        has_hls=settings.get("writeHlsManifest", "ENABLED") == "ENABLED",
        has_dash=settings.get("writeDashManifest", "ENABLED") == "ENABLED",
        outputs=parsed,
        playlist=parse_playlist_options(settings),
        **_manifests(settings, outputs, settings_pointer),
        **_segments(settings, settings_pointer, DEFAULT_CMAF_SEGMENT_S),
    )


def parse_dash(settings: JsonObject, outputs: list[JsonObject], input_spec: InputSpec, pointer: str) -> SegmentedGroup:
    """Parse a DASH group; the arguments and errors are those of `parse_cmaf`."""
    parsed = tuple(_dash_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    check_different_names(parsed, pointer, is_stream=False)
    settings_pointer = f"{pointer}/outputGroupSettings/dashIsoGroupSettings"
    return SegmentedGroup(
        kind="DASH_ISO_GROUP",
        has_hls=False,
        has_dash=True,
        outputs=parsed,
        **_manifests(settings, outputs, settings_pointer),
        **_segments(settings, settings_pointer, DEFAULT_DASH_SEGMENT_S),
    )


def _manifests(settings: JsonObject, outputs: list[JsonObject], pointer: str) -> dict[str, Any]:
    return {
        "base_url": parse_base_url(settings, pointer) or None,
        "manifests": parse_manifests(settings, outputs, pointer),
    }


def _segments(settings: JsonObject, pointer: str, default_segment_s: int) -> dict[str, Any]:
    control = settings.get("segmentLengthControl", "EXACT")
    if control not in SEGMENT_LENGTH_CONTROLS:
        raise BadRequestException(
            f"{pointer}/segmentLengthControl: {control} is not emulated; EXACT and GOP_MULTIPLE are"
        )
    segment_s = settings.get("segmentLength", default_segment_s)
    fragment_s = settings.get("fragmentLength", min(DEFAULT_FRAGMENT_S, segment_s))
    if fragment_s > segment_s:
        raise BadRequestException(f"{pointer}/fragmentLength: Should be less than or equal to segmentLength")
    return {
        "destination": parse_destination(settings, pointer),
        "s3": parse_s3_options(settings),
        "segment_s": float(segment_s),
        "is_segment_exact": control == "EXACT",
        "fragment_s": float(fragment_s),
        "is_single_file": settings.get("segmentControl") == "SINGLE_FILE",
        "has_peak_bandwidth": settings.get("mpdManifestBandwidthType") == "MAX",
        "has_segment_timeline": settings.get("writeSegmentTimelineInRepresentation") == "ENABLED",
        "is_on_demand": settings.get("mpdProfile") == "ON_DEMAND_PROFILE",
        "min_buffer_s": settings.get("minBufferTime", segment_s * 1000) / 1000,
    }


def _cmaf_output(output: JsonObject, input_spec: InputSpec, pointer: str) -> OutputSpec:
    container = _check_track(output, "CMFC", pointer)
    settings = container.get("cmfcSettings") or {}
    for field in ("audioGroupId", "audioRenditionSets"):
        check_name(settings.get(field), f"{pointer}/containerSettings/cmfcSettings/{field}")
    return parse_output(
        output,
        input_spec,
        pointer,
        file_format=FileFormat(muxer="mp4", extension="cmfv" if output.get("videoDescription") else "cmfa"),
        audio_settings=settings,
        default_audio_group=CMAF_AUDIO_GROUP,
    )


def _dash_output(output: JsonObject, input_spec: InputSpec, pointer: str) -> OutputSpec:
    refuse_captions(output, pointer)
    _check_track(output, "MPD", pointer)
    video = ((output.get("videoDescription") or {}).get("codecSettings") or {}).get("codec", VIDEO_CODECS[0])
    if video not in VIDEO_CODECS:
        codec_pointer = f"{pointer}/videoDescription/codecSettings/codec"
        raise BadRequestException(f"{codec_pointer}: {video} is not emulated in DASH; {' and '.join(VIDEO_CODECS)} are")
    file_format = FileFormat(muxer="mp4", extension="mp4", is_dash=True)
    return parse_output(output, input_spec, pointer, file_format=file_format)


def _check_track(output: JsonObject, expected: str, pointer: str) -> JsonObject:
    """Return the container's settings of an output that has one track."""
    settings: JsonObject = output.get("containerSettings") or {}
    if settings.get("container") != expected:
        raise BadRequestException(f"{pointer}/containerSettings/container: Should be {expected}")
    if output.get("videoDescription") and output.get("audioDescriptions"):
        raise BadRequestException(f"{pointer}/audioDescriptions: Video and audio in one output are not emulated here")
    if len(output.get("audioDescriptions") or ()) > 1:
        raise BadRequestException(f"{pointer}/audioDescriptions/1: Only one audio in an output is emulated here")
    return settings
