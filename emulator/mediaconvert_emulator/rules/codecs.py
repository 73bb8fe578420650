"""The codecs that each container may hold. Pure.

The table is that of the user guide (June 2023), with the newer codecs of the service's model.
"""

from mediaconvert_emulator.rules.rule import Node

COMBINATION = (
    "You specified a combination of output container and codec that isn't valid. For a list of supported codec and "
    "container combinations, see https://docs.aws.amazon.com/console/mediaconvert/reference-codecs-containers."
)

DOLBY = {"AC3", "EAC3", "EAC3_ATMOS"}
CODECS: dict[str, tuple[set[str], set[str]]] = {
    "CMFC": ({"H_264", "H_265", "AV1"}, {"AAC", *DOLBY}),
    "F4V": ({"H_264", "MPEG2"}, {"AAC"}),
    "GIF": ({"GIF"}, set()),
    "ISMV": ({"H_264"}, {"AAC", *DOLBY}),
    "M2TS": ({"H_264", "H_265", "MPEG2"}, {"AAC", "MP2", "WAV", *DOLBY}),
    "M3U8": ({"H_264", "H_265"}, {"AAC", *DOLBY}),
    "MOV": ({"H_264", "H_265", "MPEG2", "PRORES"}, {"AAC", "WAV", "AIFF", *DOLBY}),
    "MP4": ({"H_264", "H_265", "AV1"}, {"AAC", *DOLBY}),
    "MPD": ({"H_264", "H_265", "VP8", "VP9", "AV1"}, {"AAC", *DOLBY}),
    "MXF": ({"MPEG2", "H_264", "AVC_INTRA", "VC3", "XAVC"}, {"WAV", "AIFF"}),
    "OGG": (set(), {"OPUS", "VORBIS", "FLAC"}),
    "WEBM": ({"VP8", "VP9", "AV1"}, {"OPUS", "VORBIS"}),
}
"""By container, its video codecs and its audio codecs. RAW and Y4M have no row: any elementary stream is allowed."""


def has_wrong_codec(node: Node) -> bool:
    """Return whether an output's container can't hold one of its codecs. A codec that is passed through can be any."""
    row = CODECS.get(node.get("containerSettings/container") or "")
    if row is None:
        return False
    videos, audios = row
    video = node.get("videoDescription/codecSettings/codec")
    if video and video != "PASSTHROUGH" and video not in videos:
        return True
    found = {(audio.get("codecSettings") or {}).get("codec") for audio in node.get("audioDescriptions") or () if audio}
    wrong = found - audios - {"PASSTHROUGH", None}
    return bool(wrong) or (video == "PRORES" and bool(found - {"AIFF", "WAV", "PASSTHROUGH", None}))
