"""The files that a proof uploads: a clip, the same clip with enough bytes for two parts, a longer clip, no video."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from local.demo_clip import make_clip
from mediaconvert_status_client.resumable_upload import MIN_PART_BYTES

CLIP_S = 10
"""The shortest length that MediaConvert charges for."""
LONG_CLIP_S = 60
"""Long enough to cancel its job while it runs."""
SIZE = "1280x720"
"""The clip has more than one rendition."""
LONG_SIZE = "640x360"
_FREE_BOX_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFiles:
    """The paths of the files."""

    clip: Path
    in_parts: Path
    long_clip: Path
    unreadable: Path


async def make_sample_files(folder: Path) -> SampleFiles:
    """Write the files into the folder."""
    files = SampleFiles(
        clip=folder / "proof.mp4",
        in_parts=folder / "proof-in-parts.mp4",
        long_clip=folder / "proof-long.mp4",
        unreadable=folder / "proof-unreadable.mp4",
    )
    await asyncio.to_thread(make_clip, files.clip, duration_s=CLIP_S, size=SIZE)
    await asyncio.to_thread(make_clip, files.long_clip, duration_s=LONG_CLIP_S, size=LONG_SIZE)
    files.in_parts.write_bytes(padded(files.clip.read_bytes(), MIN_PART_BYTES + 1))
    files.unreadable.write_bytes(b"This is no video.\n" * 64)
    return files


def padded(mp4: bytes, size_bytes: int) -> bytes:
    """Return the MP4 with an empty `free` box at its end, which players ignore, so that it has at least this size."""
    box_bytes = max(_FREE_BOX_HEADER_BYTES, size_bytes - len(mp4))
    return mp4 + box_bytes.to_bytes(4) + b"free" + bytes(box_bytes - _FREE_BOX_HEADER_BYTES)
