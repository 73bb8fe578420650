"""Watches a video as a player would: master playlist, variants, key, segments over HTTP; decrypted and decoded."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from client import hls

KEY_BYTES = 16
_SEGMENTS = 2


class UnplayableError(Exception):
    """A part of the video can't be fetched, or not be decoded; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was fetched and decoded."""

    variants: int
    segments: int
    frames: int


async def watch(playback_url: str, client: httpx.AsyncClient) -> Seen:
    """Fetch and decode the beginning of every variant.

    Args:
        playback_url: of the master playlist.
        client: fetches.

    Raises:
        UnplayableError: something is missing, or doesn't decrypt and decode.
    """
    try:
        uris = hls.variants(await _text(client, playback_url))
        seen = [await _watch_variant(client, urljoin(playback_url, uri)) for uri in uris]
    except hls.PlaylistError as error:
        raise UnplayableError(str(error)) from error
    return Seen(
        variants=len(seen),
        segments=sum(segments for segments, _ in seen),
        frames=sum(frames for _, frames in seen),
    )


async def _watch_variant(client: httpx.AsyncClient, url: str) -> tuple[int, int]:
    """Segments fetched and frames decoded."""
    beginning = hls.excerpt(await _text(client, url), segments=_SEGMENTS)
    if not beginning.key_uris:
        raise UnplayableError(f"{url} is not encrypted")
    files = {name: await _bytes(client, urljoin(url, uri)) for name, uri in beginning.segment_uris.items()}
    for name, uri in beginning.key_uris.items():
        files[name] = await _bytes(client, urljoin(url, uri))
        if len(files[name]) != KEY_BYTES:
            raise UnplayableError(f"the key at {uri} has {len(files[name])} bytes, not {KEY_BYTES}")
    with tempfile.TemporaryDirectory(prefix="viewer-") as folder:
        await asyncio.to_thread(_lay_out, Path(folder), beginning.playlist, files)
        return len(beginning.segment_uris), await _decode(Path(folder))


async def _bytes(client: httpx.AsyncClient, url: str) -> bytes:
    try:
        answer = await client.get(url)
    except httpx.TransportError as error:
        raise UnplayableError(f"{url} can't be reached: {error}") from error
    if answer.status_code != httpx.codes.OK:
        raise UnplayableError(f"{url} answers {answer.status_code}")
    return answer.content


async def _text(client: httpx.AsyncClient, url: str) -> str:
    return (await _bytes(client, url)).decode(errors="replace")


def _lay_out(folder: Path, playlist: str, files: dict[str, bytes]) -> None:
    (folder / "excerpt.m3u8").write_text(playlist, encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_bytes(content)


async def _decode(folder: Path) -> int:
    """Frames that ffmpeg decodes, without one error, of the playlist in the folder."""
    strict = ["-v", "error", "-xerror", "-err_detect", "explode"]
    local_files = ["-protocol_whitelist", "file,crypto", "-allowed_extensions", "ALL", "-extension_picky", "0"]
    process = await asyncio.create_subprocess_exec(
        get_ffmpeg_exe(),
        *("-nostdin", *strict, *local_files, "-i", "excerpt.m3u8"),
        *("-map", "0:v:0", "-map", "0:a?", "-progress", "pipe:1", "-f", "null", "-"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    progress, complaints = await process.communicate()
    frames = [line.removeprefix("frame=") for line in progress.decode().splitlines() if line.startswith("frame=")]
    if process.returncode or not frames or int(frames[-1]) == 0:
        reason = (complaints.decode(errors="replace").strip().splitlines() or ["no frame came out"])[-1]
        raise UnplayableError(f"the segments don't decode: {reason}")
    return int(frames[-1])
