"""Parses the file groups of a job's settings: each output is one file, or a series of pictures. Pure."""

from dataclasses import replace

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_captions import refuse_captions
from mediaconvert_emulator.parse_names import check_different_names, check_name, parse_destination
from mediaconvert_emulator.parse_output import parse_output
from mediaconvert_emulator.parse_s3 import parse_s3_options
from mediaconvert_emulator.spec import FileFormat, FileGroup, OutputSpec

FAST_START = ("-movflags", "+faststart")
CONTAINERS = {
    "MP4": FileFormat(muxer="mp4", extension="mp4", options=FAST_START),
    "MOV": FileFormat(muxer="mov", extension="mov", options=FAST_START),
    "M2TS": FileFormat(muxer="mpegts", extension="m2ts"),
    "OGG": FileFormat(muxer="ogg", extension="ogg"),
    "WEBM": FileFormat(muxer="webm", extension="webm"),
}
RAW_VIDEO = {"FRAME_CAPTURE": FileFormat(muxer="image2", extension="jpg")}
RAW_AUDIO = {
    "AAC": FileFormat(muxer="adts", extension="aac"),
    "AC3": FileFormat(muxer="ac3", extension="ac3"),
    "EAC3": FileFormat(muxer="eac3", extension="eac3"),
    "AIFF": FileFormat(muxer="aiff", extension="aiff"),
    "FLAC": FileFormat(muxer="flac", extension="flac"),
    "MP2": FileFormat(muxer="mp2", extension="mp2"),
    "MP3": FileFormat(muxer="mp3", extension="mp3"),
    "WAV": FileFormat(muxer="wav", extension="wav"),
}
WAV_HEADERS = {"RIFF": "never", "RF64": "always"}


def parse_files(settings: JsonObject, outputs: list[JsonObject], input_spec: InputSpec, pointer: str) -> FileGroup:
    """Parse a file group.

    Args:
        settings: The fileGroupSettings.
        outputs: The group's outputs.
        input_spec: The input, whose audio selectors the outputs name.
        pointer: The JSON pointer of the group, for error messages.

    Raises:
        BadRequestException: The settings are incomplete, or need a feature that is not emulated.
    """
    parsed = tuple(_parse_output(output, input_spec, f"{pointer}/outputs/{i}") for i, output in enumerate(outputs))
    check_different_names(parsed, pointer, is_stream=False)
    settings_pointer = f"{pointer}/outputGroupSettings/fileGroupSettings"
    destination = parse_destination(settings, settings_pointer)
    return FileGroup(destination=destination, outputs=parsed, s3=parse_s3_options(settings))


def _parse_output(output: JsonObject, input_spec: InputSpec, pointer: str) -> OutputSpec:
    refuse_captions(output, pointer)
    container = (output.get("containerSettings") or {}).get("container")
    container_pointer = f"{pointer}/containerSettings/container"
    if container == "RAW":
        file_format = _raw_format(output, container_pointer)
    elif container in CONTAINERS:
        file_format = CONTAINERS[container]
    else:
        emulated = ", ".join((*CONTAINERS, "RAW"))
        raise BadRequestException(f"{container_pointer}: {container} is not emulated; {emulated} are")
    extension = output.get("extension")
    check_name(extension, f"{pointer}/extension")
    named = replace(file_format, extension=extension or file_format.extension)
    return parse_output(output, input_spec, pointer, file_format=named)


def _raw_format(output: JsonObject, pointer: str) -> FileFormat:
    """Return the format of a raw output, which has one video or one audio."""
    video, audios = output.get("videoDescription"), output.get("audioDescriptions") or []
    tracks = [(RAW_VIDEO, video)] if video else []
    tracks += [(RAW_AUDIO, audio) for audio in audios]
    if len(tracks) != 1:
        raise BadRequestException(f"{pointer}: RAW is emulated only for one track")
    formats, track = tracks[0]
    codec = (track.get("codecSettings") or {}).get("codec")
    if codec not in formats:
        raise BadRequestException(f"{pointer}: RAW is not emulated for {codec}; it is for {', '.join(formats)}")
    return _wav_format(track, pointer) if codec == "WAV" else formats[codec]


def _wav_format(track: JsonObject, pointer: str) -> FileFormat:
    header = ((track.get("codecSettings") or {}).get("wavSettings") or {}).get("format", "RIFF")
    if header not in WAV_HEADERS:
        emulated = " and ".join(WAV_HEADERS)
        raise BadRequestException(f"{pointer}: WAV with format {header} is not emulated; {emulated} are")
    return replace(RAW_AUDIO["WAV"], options=("-rf64", WAV_HEADERS[header]))
