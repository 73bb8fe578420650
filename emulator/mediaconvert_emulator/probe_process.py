"""Runs the program that parses media, one process for each job, with limits. The server never parses media itself."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter

from mediaconvert_emulator.captions import CaptionTrack
from mediaconvert_emulator.child_limits import ChildLimits
from mediaconvert_emulator.child_process import bound_to_parent
from mediaconvert_emulator.media import Media, OutputMedia

PROGRAM = (sys.executable, "-P", "-B", "-m", "mediaconvert_emulator.probe_child")
_FOLDERS = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(_FOLDERS)}
"""The program's environment. `-P` keeps the current folder out of its path, so that no file there is imported.
Where the emulator runs from its own folder and isn't installed, the program must find it all the same."""
MEDIA = TypeAdapter(Media)
OUTPUTS = TypeAdapter(list[OutputMedia])
CAPTIONS = TypeAdapter(CaptionTrack)
MAX_RESULT_BYTES = 16 << 20
MAX_REQUESTS = 3
"""A job's process reads its input, its captions and its outputs."""


class MediaUnreadable(Exception):  # noqa: N818 (a finding about the file, not a fault of the program)
    """The file is not a media file, or is broken; the message contains no path."""


class UrlUnreadable(Exception):  # noqa: N818 (as above)
    """The file at a URL can't be read; `status` is the HTTP status, or None if there was no response."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


class ProbeCrashed(Exception):  # noqa: N818 (as above)
    """The process ended without a result: it crashed, was killed, or needed more than its limits."""


class ProbeTimedOut(Exception):  # noqa: N818 (as above)
    """The process didn't end in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLimits:
    """The limits of one process: its memory, and the time that it may take."""

    memory_bytes: int
    timeout_s: float


class ProbeProcess:
    """One child process that reads files, from its first request on. An early `start` hides its start-up time."""

    def __init__(self, limits: ProbeLimits) -> None:
        self._limits = limits
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start no process yet."""
        return self

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process, unless it has started; return it."""
        if self.process is not None:
            return self.process
        limits = ChildLimits(
            memory_bytes=self._limits.memory_bytes, cpu_s=round(self._limits.timeout_s * MAX_REQUESTS) + 1, file_bytes=1
        )
        self.process = await asyncio.create_subprocess_exec(
            *bound_to_parent(PROGRAM, limits),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
            limit=MAX_RESULT_BYTES,
            start_new_session=True,  # the emulator handles Ctrl-C in the terminal, not its children
        )
        return self.process

    async def __aexit__(self, *_: object) -> None:
        """Kill the process if it is still there."""
        process = self.process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def media(self, path: Path) -> Media:
        """Return the properties of a file.

        Raises:
            MediaUnreadable: The file is not a media file.
            ProbeCrashed: The process ended without a result.
            ProbeTimedOut: The process didn't end in time.
        """
        return MEDIA.validate_python(await self._result({"kind": "media", "path": str(path)}))

    async def outputs(self, paths: Sequence[Path]) -> list[OutputMedia]:
        """Return the properties of files that ffmpeg wrote.

        Raises:
            MediaUnreadable: A file is broken.
            ProbeCrashed: The process ended without a result.
            ProbeTimedOut: The process didn't end in time.
        """
        return OUTPUTS.validate_python(await self._result({"kind": "outputs", "paths": [str(path) for path in paths]}))

    async def captions(self, path: Path, *, source: str, track_index: int) -> CaptionTrack:
        """Return the captions of a file, or of a track of an input.

        Raises:
            MediaUnreadable: The file is not of the type `source`.
            ProbeCrashed: The process ended without a result.
            ProbeTimedOut: The process didn't end in time.
        """
        request = {"kind": "captions", "path": str(path), "source": source, "track": track_index}
        return CAPTIONS.validate_python(await self._result(request))

    async def headers(self, url: str) -> dict[str, Any]:
        """Return a ProbeResult, in the API's wire names, for the file at an http or https URL.

        Raises:
            UrlUnreadable: The server doesn't return the file.
            MediaUnreadable: The file is not a media file.
            ProbeCrashed: The process ended without a result.
            ProbeTimedOut: The process didn't end in time.
        """
        result: dict[str, Any] = await self._result({"kind": "headers", "url": url})
        return result

    async def _result(self, request: dict[str, Any]) -> Any:  # noqa: ANN401 (JSON)
        process = await self.start()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                await process.stdin.drain()
                answer = json.loads(await process.stdout.readline())
        except TimeoutError as error:
            raise ProbeTimedOut(f"no result within {self._limits.timeout_s:g} s") from error
        except (ConnectionError, ValueError) as error:  # the pipe is broken, or the line is incomplete
            raise ProbeCrashed("the process ended without a result") from error
        if "unreadable" in answer:
            raise MediaUnreadable(answer["unreadable"])
        if "http_status" in answer:
            raise UrlUnreadable(answer["http_status"])
        return answer["result"]
