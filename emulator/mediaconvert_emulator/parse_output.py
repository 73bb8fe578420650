"""Parses an output of a group. Pure."""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_audio import parse_audio
from mediaconvert_emulator.parse_names import check_name
from mediaconvert_emulator.parse_video import parse_video
from mediaconvert_emulator.spec import FileFormat, InputSpec, OutputSpec

DEFAULT_AUDIO_GROUP = "program_audio"


def parse_output(
    output: JsonObject,
    input_spec: InputSpec,
    pointer: str,
    *,
    file_format: FileFormat,
    hls_settings: JsonObject | None = None,
) -> OutputSpec:
    """Parse an output.

    Args:
        output: The output.
        input_spec: The input, whose audio selectors the output names.
        pointer: The JSON pointer of the output, for error messages.
        file_format: The format of its files.
        hls_settings: Its settings in an HLS group.

    Raises:
        BadRequestException: The output is incomplete, or needs a feature that is not emulated.
    """
    hls_settings = hls_settings or {}
    video, audios = output.get("videoDescription"), output.get("audioDescriptions") or []
    if not video and not audios:
        raise BadRequestException(f"{pointer}: Should have a videoDescription or audioDescriptions")
    check_name(output.get("nameModifier"), f"{pointer}/nameModifier")
    rendition_sets = (hls_settings.get("audioRenditionSets") or DEFAULT_AUDIO_GROUP) if video else ""
    track_type = hls_settings.get("audioTrackType", "")
    return OutputSpec(
        name_modifier=output.get("nameModifier") or "",
        segment_modifier=hls_settings.get("segmentModifier") or "",
        container=file_format.muxer,
        container_options=file_format.options,
        extension=file_format.extension,
        video=parse_video(video, f"{pointer}/videoDescription") if video else None,
        audios=tuple(
            parse_audio(audio, input_spec, f"{pointer}/audioDescriptions/{i}") for i, audio in enumerate(audios)
        ),
        audio_group_id=(None if video else hls_settings.get("audioGroupId")) or DEFAULT_AUDIO_GROUP,
        audio_rendition_sets=tuple(name.strip() for name in rendition_sets.split(",") if name.strip()),
        is_alternate_audio=not video and track_type != "AUDIO_ONLY_VARIANT_STREAM",
        is_default_audio=track_type == "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
        is_autoselected_audio=track_type != "ALTERNATE_AUDIO_NOT_AUTO_SELECT",
    )
