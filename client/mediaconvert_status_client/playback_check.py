"""Checks that a video plays: fetches playlists, key and segments over HTTP as a player does, and decodes them."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from mediaconvert_status_client import hls

KEY_BYTES = 16
_SEGMENTS = 2


class UnplayableError(Exception):
    """A file of the video can't be fetched or decoded; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Number of variants, segments and frames that were fetched and decoded."""

    variants: int
    segments: int
    frames: int


async def play(playback_url: str, client: httpx.AsyncClient) -> Played:
    """Fetch and decode the beginning of every variant.

    Args:
        playback_url: the URL of the master playlist.
        client: fetches the files.

    Raises:
        UnplayableError: a file is missing, or can't be decrypted or decoded.
    """
    try:
        uris = hls.variants(await _text(client, playback_url))
        played = [await _play_variant(client, urljoin(playback_url, uri)) for uri in uris]
    except hls.PlaylistError as error:
        raise UnplayableError(str(error)) from error
    return Played(
        variants=len(played),
        segments=sum(segments for segments, _ in played),
        frames=sum(frames for _, frames in played),
    )


async def _play_variant(client: httpx.AsyncClient, url: str) -> tuple[int, int]:
    """Return the number of segments fetched and of frames decoded."""
    excerpt = hls.excerpt(await _text(client, url), segments=_SEGMENTS)
    if not excerpt.key_uris:
        raise UnplayableError(f"{url} is not encrypted")
    files = {name: await _bytes(client, urljoin(url, uri)) for name, uri in excerpt.segment_uris.items()}
    for name, uri in excerpt.key_uris.items():
        files[name] = await _bytes(client, urljoin(url, uri))
        if len(files[name]) != KEY_BYTES:
            raise UnplayableError(f"the key at {uri} has {len(files[name])} bytes, not {KEY_BYTES}")
    with tempfile.TemporaryDirectory(prefix="playback-check-") as folder:
        await asyncio.to_thread(_write, Path(folder), excerpt.playlist, files)
        return len(excerpt.segment_uris), await _decode(Path(folder))


async def _bytes(client: httpx.AsyncClient, url: str) -> bytes:
    try:
        response = await client.get(url)
    except httpx.TransportError as error:
        raise UnplayableError(f"{url} can't be reached: {error}") from error
    if response.status_code != httpx.codes.OK:
        raise UnplayableError(f"{url} responded {response.status_code}")
    return response.content


async def _text(client: httpx.AsyncClient, url: str) -> str:
    return (await _bytes(client, url)).decode(errors="replace")


def _write(folder: Path, playlist: str, files: dict[str, bytes]) -> None:
    (folder / "excerpt.m3u8").write_text(playlist, encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_bytes(content)


async def _decode(folder: Path) -> int:
    """Decode the folder's playlist with ffmpeg, failing on any error, and return the number of frames."""
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
    progress, errors = await process.communicate()
    frames = [line.removeprefix("frame=") for line in progress.decode().splitlines() if line.startswith("frame=")]
    if process.returncode or not frames or int(frames[-1]) == 0:
        reason = (errors.decode(errors="replace").strip().splitlines() or ["ffmpeg decoded no frame"])[-1]
        raise UnplayableError(f"the segments can't be decoded: {reason}")
    return int(frames[-1])
