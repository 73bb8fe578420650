"""Finds the fragments of a fragmented MP4 file that ffmpeg wrote (ISO/IEC 14496-12), and indexes its segments.

Only boxes of one track are expected. Media isn't parsed: the function reads the headers of boxes.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

HEADER = struct.Struct(">I4s")
CONTAINERS = {b"moov", b"trak", b"mdia", b"moof", b"traf"}
DEFAULT_DURATION, DEFAULT_SIZE, BASE_OFFSET, DESCRIPTION_INDEX = 0x8, 0x10, 0x1, 0x2
RUN_DATA_OFFSET, RUN_FIRST_FLAGS, RUN_DURATION, RUN_SIZE = 0x1, 0x4, 0x100, 0x200
RUN_MEMBERS = (RUN_DURATION, RUN_SIZE, 0x400, 0x800)
SAP_TYPE_1 = 0x90000000
TOLERANCE_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A fragment, or the fragments of a segment: its bytes in the file, and its time."""

    offset: int
    size_bytes: int
    start_s: float
    duration_s: float
    keyframe_bytes: int = 0
    """The bytes of a fragment from its start to the end of its first picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentedFile:
    """A file: the header with the codecs, and the fragments."""

    header_bytes: int
    timescale: int
    fragments: tuple[Part, ...]


def read_fragments(path: Path) -> FragmentedFile:
    """Return the fragments of a file.

    Raises:
        ValueError: The file is not a fragmented MP4.
    """
    header_bytes, timescale = 0, 0
    fragments: list[Part] = []
    with path.open("rb") as file:
        for kind, offset, size in _top_boxes(file):
            if kind == b"moov":
                timescale, header_bytes = _timescale(_read(file, offset, size)), offset + size
            elif kind == b"moof":
                fragments.append(_fragment(_read(file, offset, size), offset, timescale))
            elif kind == b"mdat" and fragments:
                fragments[-1] = replace(fragments[-1], size_bytes=offset + size - fragments[-1].offset)
    if not fragments or not timescale:
        raise ValueError("no fragments")
    return FragmentedFile(header_bytes=header_bytes, timescale=timescale, fragments=tuple(fragments))


def _fragment(moof: bytes, offset: int, timescale: int) -> Part:
    start, duration = _times(moof)
    return Part(
        offset=offset,
        size_bytes=len(moof),
        start_s=start / timescale,
        duration_s=duration / timescale,
        keyframe_bytes=_first_sample_end(moof),
    )


def segments_of(fragments: Sequence[Part], segment_s: float) -> list[Part]:
    """Return the segments: each begins with the first fragment at or after a multiple of the segment length."""
    groups: dict[int, list[Part]] = {}
    for fragment in fragments:
        groups.setdefault(int((fragment.start_s + TOLERANCE_S) // segment_s), []).append(fragment)
    return [
        Part(
            offset=group[0].offset,
            size_bytes=sum(part.size_bytes for part in group),
            start_s=group[0].start_s,
            duration_s=sum(part.duration_s for part in group),
        )
        for group in groups.values()
    ]


def segment_index(segments: Sequence[Part], timescale: int) -> bytes:
    """Return the segment index box of a file, in which the segments follow the box. Each begins with a keyframe."""
    first = round(segments[0].start_s * timescale)
    body = struct.pack(">IIIQQHH", 1 << 24, 1, timescale, first, 0, 0, len(segments))
    entries = (
        struct.pack(">III", part.size_bytes, round(part.duration_s * timescale), SAP_TYPE_1) for part in segments
    )
    content = body + b"".join(entries)
    return HEADER.pack(HEADER.size + len(content), b"sidx") + content


def _top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    end = file.seek(0, os.SEEK_END)
    offset = 0
    while offset + HEADER.size <= end:
        size, kind = HEADER.unpack(_read(file, offset, HEADER.size))
        if size == 1:
            (size,) = struct.unpack(">Q", _read(file, offset + HEADER.size, 8))
        if size < HEADER.size:
            raise ValueError("a box has an impossible size")
        yield kind, offset, size
        offset += size


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes below a box, with their content; those of containers at all depths."""
    offset = HEADER.size
    while offset + HEADER.size <= len(data):
        size, kind = HEADER.unpack_from(data, offset)
        box = data[offset : offset + size]
        yield kind, box[HEADER.size :]
        if kind in CONTAINERS:
            yield from _boxes(box)
        offset += max(size, HEADER.size)


def _timescale(moov: bytes) -> int:
    content = next(content for kind, content in _boxes(moov) if kind == b"mdhd")
    timescale: int = struct.unpack_from(">I", content, 20 if content[0] else 12)[0]
    return timescale


def _times(moof: bytes) -> tuple[int, int]:
    """Return the decode time and the duration of a fragment, in units of its timescale."""
    start, duration, default = 0, 0, 0
    for kind, content in _boxes(moof):
        if kind == b"tfhd":
            default = _default_duration(content)
        elif kind == b"tfdt":
            (start,) = struct.unpack_from(">Q" if content[0] else ">I", content, 4)
        elif kind == b"trun":
            duration += _run_duration(content, default)
    return start, duration


def _first_sample_end(moof: bytes) -> int:
    """Return the end of a fragment's first sample, from the start of the fragment; 0 without a sample."""
    default = 0
    for kind, content in _boxes(moof):
        if kind == b"tfhd":
            default = _default_size(content)
        elif kind == b"trun":
            flags, _, start = struct.unpack_from(">IIi", content)
            offset = _run_start(flags) + (4 if flags & RUN_DURATION else 0)
            size = struct.unpack_from(">I", content, offset)[0] if flags & RUN_SIZE else default
            return int(start + size) if flags & RUN_DATA_OFFSET else 0
    return 0


def _default_duration(header: bytes) -> int:
    return _default(header, DEFAULT_DURATION)


def _default_size(header: bytes) -> int:
    return _default(header, DEFAULT_SIZE)


def _default(header: bytes, member: int) -> int:
    """Return a default of a track's samples; 0 if the header doesn't have it."""
    (flags,) = struct.unpack_from(">I", header)
    if not flags & member:
        return 0
    offset = 8 + (8 if flags & BASE_OFFSET else 0) + (4 if flags & DESCRIPTION_INDEX else 0)
    offset += 4 if member == DEFAULT_SIZE and flags & DEFAULT_DURATION else 0
    value: int = struct.unpack_from(">I", header, offset)[0]
    return value


def _run_duration(run: bytes, default: int) -> int:
    flags, count = struct.unpack_from(">II", run)
    if not flags & RUN_DURATION:
        return int(count * default)
    offset = _run_start(flags)
    stride = 4 * sum(bool(flags & member) for member in RUN_MEMBERS)
    return sum(struct.unpack_from(">I", run, offset + stride * index)[0] for index in range(count))


def _run_start(flags: int) -> int:
    """Return the offset of the first sample in a run."""
    return 8 + (4 if flags & RUN_DATA_OFFSET else 0) + (4 if flags & RUN_FIRST_FLAGS else 0)
