"""Parses an output of a group. Pure."""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_audio import parse_audio
from mediaconvert_emulator.parse_captions import parse_captions
from mediaconvert_emulator.parse_names import check_name
from mediaconvert_emulator.parse_video import parse_video
from mediaconvert_emulator.spec import FileFormat, OutputSpec

CAPTIONS_EXTENSION = "vtt"
DEFAULT_AUDIO_GROUP = "program_audio"
KEYFRAME_PLAYLISTS = ("INCLUDE", "EXCLUDE")


def parse_output(
    output: JsonObject,
    input_spec: InputSpec,
    pointer: str,
    *,
    file_format: FileFormat,
    audio_settings: JsonObject | None = None,
    default_audio_group: str = DEFAULT_AUDIO_GROUP,
) -> OutputSpec:
    """Parse an output.

    Args:
        output: The output.
        input_spec: The input, whose audio selectors the output names.
        pointer: The JSON pointer of the output, for error messages.
        file_format: The format of its files.
        audio_settings: Its settings of HLS's alternate audio, in an HLS or CMAF group.
        default_audio_group: The audio group of an output that names none.

    Raises:
        BadRequestException: The output is incomplete, or needs a feature that is not emulated.
    """
    audio_settings = audio_settings or {}
    video, audios = output.get("videoDescription"), output.get("audioDescriptions") or []
    caption = parse_captions(output, input_spec, pointer)
    if not video and not audios and not caption:
        raise BadRequestException(f"{pointer}: Should have a videoDescription or audioDescriptions")
    check_name(output.get("nameModifier"), f"{pointer}/nameModifier", is_dash=file_format.is_dash)
    rendition_sets = (audio_settings.get("audioRenditionSets") or default_audio_group) if video else ""
    track_type = audio_settings.get("audioTrackType", "")
    return OutputSpec(
        name_modifier=output.get("nameModifier") or "",
        segment_modifier=audio_settings.get("segmentModifier") or "",
        container=file_format.muxer,
        container_options=file_format.options,
        extension=CAPTIONS_EXTENSION if caption else file_format.extension,
        video=parse_video(video, f"{pointer}/videoDescription") if video else None,
        audios=tuple(
            parse_audio(audio, input_spec, f"{pointer}/audioDescriptions/{i}") for i, audio in enumerate(audios)
        ),
        audio_group_id=(None if video else audio_settings.get("audioGroupId")) or default_audio_group,
        audio_rendition_sets=tuple(name.strip() for name in rendition_sets.split(",") if name.strip()),
        caption=caption,
        is_alternate_audio=bool(audios) and not video and track_type != "AUDIO_ONLY_VARIANT_STREAM",
        is_default_audio=track_type == "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT",
        is_video_description=audio_settings.get("descriptiveVideoServiceFlag") == "FLAG",
        is_autoselected_audio=track_type != "ALTERNATE_AUDIO_NOT_AUTO_SELECT",
        has_keyframe_playlist=_has_keyframe_playlist(audio_settings.get("iFrameOnlyManifest", "EXCLUDE"), pointer),
    )


def _has_keyframe_playlist(value: str, pointer: str) -> bool:
    if value not in KEYFRAME_PLAYLISTS:
        raise BadRequestException(f"{pointer}: iFrameOnlyManifest {value} is not emulated; INCLUDE and EXCLUDE are")
    return value == "INCLUDE"
