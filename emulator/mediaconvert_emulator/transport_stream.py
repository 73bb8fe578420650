"""Finds the keyframes in an MPEG-TS file that ffmpeg wrote (ISO/IEC 13818-1). It reads only the headers of packets.

ffmpeg marks the first packet of each keyframe as a random access point, and writes the packets of one picture without
those of other tracks between them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

PACKET_BYTES = 188
SYNC = 0x47
HAS_ADAPTATION, HAS_PAYLOAD = 0x20, 0x10
BEGINS_UNIT = 0x40
RANDOM_ACCESS = 0x40
PID_MASK = 0x1F
HEADER_BYTES = 4
VIDEO_STREAMS = range(0xE0, 0xF0)
HAS_TIME = 0x80
CLOCK_HZ = 90_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """The place of a keyframe in a file, and its presentation time."""

    offset: int
    size_bytes: int
    time_s: float


def keyframes(data: bytes) -> list[Keyframe]:
    """Return the keyframes of a file's video, in the order of the file.

    Raises:
        ValueError: The file is not MPEG-TS.
    """
    if len(data) % PACKET_BYTES or any(data[at] != SYNC for at in range(0, len(data), PACKET_BYTES)):
        raise ValueError("no MPEG-TS")
    return list(_keyframes(data))


def _keyframes(data: bytes) -> Iterator[Keyframe]:
    start: int | None = None
    end, time_s, video_pid = 0, 0.0, -1
    for at in range(0, len(data), PACKET_BYTES):
        pid = (data[at + 1] & PID_MASK) << 8 | data[at + 2]
        if data[at + 1] & BEGINS_UNIT and (pts := _video_time(data, at)) is not None:
            if start is not None:
                yield Keyframe(offset=start, size_bytes=end - start, time_s=time_s)
            video_pid = pid
            start = at if _is_random_access(data, at) else None
            time_s = pts / CLOCK_HZ
        if pid == video_pid:
            end = at + PACKET_BYTES
    if start is not None:
        yield Keyframe(offset=start, size_bytes=end - start, time_s=time_s)


def _is_random_access(data: bytes, at: int) -> bool:
    has_flags = data[at + 3] & HAS_ADAPTATION and data[at + HEADER_BYTES]
    return bool(has_flags and data[at + HEADER_BYTES + 1] & RANDOM_ACCESS)


def _video_time(data: bytes, at: int) -> int | None:
    """Return the presentation time of the picture that begins in a packet; None if none begins."""
    if not data[at + 3] & HAS_PAYLOAD:
        return None
    payload = at + HEADER_BYTES + (1 + data[at + HEADER_BYTES] if data[at + 3] & HAS_ADAPTATION else 0)
    unit = data[payload : payload + 14]
    if unit[:3] != b"\0\0\1" or unit[3] not in VIDEO_STREAMS or not unit[7] & HAS_TIME:
        return None
    high, middle, low = unit[9] >> 1 & 7, int.from_bytes(unit[10:12]) >> 1, int.from_bytes(unit[12:14]) >> 1
    return high << 30 | middle << 15 | low
