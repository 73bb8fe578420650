"""Reads captions from files and from the tracks of inputs, with PyAV. Only child processes import this module."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error

from mediaconvert_emulator.caption_markup import from_ass, from_subrip
from mediaconvert_emulator.captions import CaptionTrack, Cue
from mediaconvert_emulator.containers import CONTAINERS
from mediaconvert_emulator.probe import Unreadable
from mediaconvert_emulator.ttml import NotTtml, read_ttml

MAX_FILE_BYTES = 32 << 20
SIGNATURE = b"WEBVTT"
UTF8_MARK = b"\xef\xbb\xbf"
WRONG_TYPE = "not of the correct type"


def read_captions(path: Path, kind: str, track_index: int) -> CaptionTrack:
    """Return the captions of a file, or of the captions track `track_index` (from 0) of an input.

    Raises:
        Unreadable: The file is not of this kind. An input without such a track has no captions.
    """
    try:
        match kind:
            case "EMBEDDED":
                return CaptionTrack(cues=tuple(_track_cues(path, track_index)))
            case "TTML":
                return CaptionTrack(cues=read_ttml(_content(path)))
            case "WEBVTT":
                content = _content(path)
                if not content.removeprefix(UTF8_MARK).startswith(SIGNATURE):
                    raise Unreadable(WRONG_TYPE)
                return CaptionTrack(cues=tuple(_file_cues(path, "webvtt")), header=_header(content))
            case _:
                is_other = _content(path).removeprefix(UTF8_MARK).startswith(SIGNATURE)
                cues = tuple(_file_cues(path, "srt"))
                if is_other or not cues:
                    raise Unreadable(WRONG_TYPE)
                return CaptionTrack(cues=cues)
    except (av.error.FFmpegError, NotTtml, ValueError) as error:
        raise Unreadable(WRONG_TYPE) from error


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Unreadable("The file is too large")
    return path.read_bytes()


def _header(content: bytes) -> str:
    """Return the blocks with styles and regions, which precede the cues; the demuxer leaves them out."""
    blocks = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    kept = [block.strip("\n") for block in blocks[1:] if "-->" not in block]
    return "\n\n".join(block for block in kept if block.split("\n")[0].strip() in ("STYLE", "REGION"))


def _file_cues(path: Path, demuxer: str) -> Iterator[Cue]:
    with av.open(str(path), format=demuxer) as container:
        for packet in container.demux():
            if not packet.size or packet.pts is None or not packet.duration:
                continue
            side = {each.data_type: bytes(each) for each in packet.iter_sidedata()}
            text = bytes(packet).decode()
            yield _cue(packet, 0, text=from_subrip(text) if demuxer == "srt" else text, side=side)


def _track_cues(path: Path, track_index: int) -> Iterator[Cue]:
    with av.open(str(path), options={"format_whitelist": CONTAINERS}) as container:
        if track_index >= len(container.streams.subtitles):
            return
        stream = container.streams.subtitles[track_index]
        start_ms = round((container.start_time or 0) * 1000 / av.time_base)
        for packet in container.demux(stream):
            if not packet.size or packet.pts is None or not packet.duration:
                continue
            texts = [_ass_text(part) for part in packet.decode()]
            if text := "\n".join(filter(None, texts)):
                yield _cue(packet, start_ms, text=from_ass(text), side={})


def _ass_text(part: Any) -> str:  # noqa: ANN401 (PyAV's subtitles have no common type)
    dialogue = getattr(part, "dialogue", None)
    return bytes(dialogue).decode(errors="replace") if dialogue else ""


def _cue(packet: Any, start_ms: int, *, text: str, side: dict[str, bytes]) -> Cue:  # noqa: ANN401 (PyAV's packets)
    start = round(packet.pts * packet.time_base * 1000) - start_ms
    return Cue(
        start_ms=start,
        end_ms=start + round(packet.duration * packet.time_base * 1000),
        text=text,
        settings=side.get("webvtt_settings", b"").decode(),
        name=side.get("webvtt_identifier", b"").decode(),
    )
