"""Writes CEA-608 captions into a video, as ATSC A/53 puts them beside each picture of H.264."""

from pathlib import Path

from tests.emulator_environment import ffmpeg

NAL_START = b"\0\0\0\1"
ACCESS_UNIT, SEI = b"\x09", b"\x06"
REGISTERED_USER_DATA = 4
ATSC = b"\xb5\x00\x31GA94\x03"
ONE_PAIR = b"\x41\xff"
FIELD_1 = b"\xfc"
LOAD, POSITION, SHOW, ERASE = (0x14, 0x20), (0x14, 0x70), (0x14, 0x2F), (0x14, 0x2C)
"""Commands of pop-on captions: begin to load a caption, go to the last row, show it, and erase the screen."""

Pair = tuple[int, int]


def caption_pairs(text: str) -> list[Pair]:
    """Return the pairs of bytes that show a text; commands are sent twice."""
    padded = text.encode("ascii").ljust(len(text) + len(text) % 2, b"\0")
    letters = [(padded[index], padded[index + 1]) for index in range(0, len(padded), 2)]
    return [LOAD, LOAD, POSITION, POSITION, *letters, SHOW, SHOW]


def write_captions(video: Path, target: Path, text: str, *, shown: int, erased: int) -> None:
    """Write a copy of an H.264 stream with access unit delimiters; the caption is shown and erased at two pictures."""
    pairs = dict(enumerate(caption_pairs(text), start=shown - len(caption_pairs(text)) + 2))
    pairs |= {erased: ERASE, erased + 1: ERASE}
    first, *pictures = video.read_bytes().split(NAL_START + ACCESS_UNIT)
    assert first == b""
    parts = [
        NAL_START + ACCESS_UNIT + picture[:1] + _caption_unit(pairs.get(number, (0, 0))) + picture[1:]
        for number, picture in enumerate(pictures)
    ]
    stream = target.with_suffix(".h264")
    stream.write_bytes(b"".join(parts))
    ffmpeg("-y", "-r", "25", "-i", str(stream), "-c", "copy", str(target))


def _caption_unit(pair: Pair) -> bytes:
    """Return the unit of H.264 with one pair."""
    payload = ATSC + ONE_PAIR + FIELD_1 + bytes(_with_parity(byte) for byte in pair) + b"\xff"
    body = bytes([REGISTERED_USER_DATA, len(payload)]) + payload + b"\x80"
    assert b"\0\0" not in body  # it would need an escape
    return NAL_START + SEI + body


def _with_parity(byte: int) -> int:
    return byte if byte.bit_count() % 2 else byte | 0x80
