"""Checks the names of files and the S3 locations in a job's settings. Pure."""

import re

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.format_identifiers import DASH_ONLY, IN_DASH
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.spec import OutputSpec

INVALID_IN_PLAYLISTS = re.compile(r'["\r\n]')


def check_s3_uri(uri: str, pointer: str) -> None:
    """Refuse a location that is not s3://bucket/key."""
    if not re.fullmatch(r"s3://([^/]+)/(.*)", uri, re.DOTALL | re.IGNORECASE):
        raise BadRequestException(f"{pointer}: Should be of the form s3://bucket/key")


def parse_destination(settings: JsonObject, pointer: str) -> str:
    """Return a group's destination.

    Raises:
        BadRequestException: It is missing, or is no S3 location.
    """
    destination = settings.get("destination")
    if not destination:
        raise BadRequestException(f"{pointer}/destination: Should exist")
    check_s3_uri(destination, f"{pointer}/destination")
    return str(destination)


def check_name(text: str | None, pointer: str, *, is_dash: bool = False) -> None:
    """Refuse a part of a name that no playlist can contain, or with an identifier that its group can't have."""
    for match in DASH_ONLY.finditer(text or ""):
        if not is_dash:
            raise BadRequestException(f"{pointer}: The format identifier {match[0]} is for DASH output groups")
        if match[0] not in IN_DASH:
            raise BadRequestException(f"{pointer}: {match[0]} is not emulated; {', '.join(IN_DASH)} are")
    if text and INVALID_IN_PLAYLISTS.search(text):
        raise BadRequestException(f"{pointer}: Should contain no quote or line break, because playlists can't")


def check_different_names(outputs: tuple[OutputSpec, ...], pointer: str, *, is_stream: bool) -> None:
    """Refuse outputs of a group whose files would overwrite each other.

    The files of a stream stand beside its main playlist, so each of its outputs needs a name modifier.
    """
    names = [output.name_modifier + output.extension for output in outputs]
    for index, (output, name) in enumerate(zip(outputs, names, strict=True)):
        modifier_pointer = f"{pointer}/outputs/{index}/nameModifier"
        if is_stream and not output.name_modifier:
            raise BadRequestException(f"{modifier_pointer}: Should exist; the group's files would overwrite each other")
        if name in names[:index] and "$" not in name:
            raise BadRequestException(
                f"{modifier_pointer}: {output.name_modifier!r} is used by another output of this group"
            )
