"""`python -m local upload`: files on their way through any deployment of the API, several at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from client.api_client import ApiClient, ClientError, Job, size_bytes, why
from client.resumable import ResumableUpload
from client.upload_state import UploadStates

FILES_AT_ONCE = 2
"""Files that are sent at the same time; all those that are there are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who is told how one file gets on."""

    uploaded: Callable[[int, int], None]
    """Bytes that are there, and of how many."""
    advanced: Callable[[Job], None]
    """The job, each time that it was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a file's way ended; `input_file` is None where it never began, `job` where nobody waited for one."""

    file: Path
    input_file: str | None = None
    job: Job | None = None
    problem: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether all that was asked for is done."""
        return self.problem is None

    def as_json(self) -> dict[str, object]:
        """The outcome for machines."""
        job = self.job or {}
        return {
            "file": str(self.file),
            "input_file": self.input_file,
            "job_id": job.get("job_id"),
            "status": job.get("status") or ("AWAITING_UPLOAD" if self.input_file and not self.problem else None),
            "playback_url": (job.get("output") or {}).get("playback_url"),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Sends files and follows their jobs."""

    client: ApiClient
    api_url: str
    states: UploadStates
    in_parts_from_bytes: int
    waits: bool
    sending: asyncio.Semaphore

    async def upload(self, file: Path, reporter: Reporter) -> Outcome:
        """Return how the file's way ended; what goes wrong is its own, and no other file's."""
        input_file = None
        try:
            async with self.sending:
                input_file = await self._send(file, reporter)
            if not self.waits:
                return Outcome(file=file, input_file=input_file)
            job = await self.client.follow(input_file, reporter.advanced)
        except httpx.TransportError as error:
            return Outcome(file=file, input_file=input_file, problem=f"the connection failed: {error!r}")
        except (ClientError, OSError) as error:
            return Outcome(file=file, input_file=input_file, problem=str(error))
        problem = None if job["status"] == "COMPLETE" else why(job)
        return Outcome(file=file, input_file=input_file, job=job, problem=problem)

    async def _send(self, file: Path, reporter: Reporter) -> str:
        if size_bytes(file) < self.in_parts_from_bytes:
            upload = await self.client.announce(file)
            await self.client.send(file, upload, reporter.uploaded)
            return str(upload["input_file"])
        parts = ResumableUpload(
            client=self.client, api_url=self.api_url, video=file, states=self.states, uploaded=reporter.uploaded
        )
        return await parts.run()
