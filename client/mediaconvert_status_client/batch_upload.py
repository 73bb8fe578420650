"""Uploads several files to any deployment of the API, and follows their jobs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mediaconvert_status_client.api_client import ApiClient
from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.errors import ClientError, failure_text
from mediaconvert_status_client.file_sending import size_bytes
from mediaconvert_status_client.resumable_upload import ResumableUpload
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads

CONCURRENT_FILES = 2
"""Number of files that are sent at the same time; any number of jobs is followed at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Callbacks with the progress of one file."""

    on_sent: Callable[[int, int], None]
    """Called with the bytes that S3 has and the file's size."""
    on_progress: Callable[[Job], None]
    """Called with the job after each poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one file; `input_file` is None if its upload failed, `job` is None if no job was followed."""

    file: Path
    input_file: str | None = None
    job: Job | None = None
    problem: str | None = None

    @property
    def is_success(self) -> bool:
        """True if the upload succeeded, and the job too if it was followed."""
        return self.problem is None

    def as_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        job, is_uploaded = self.job, bool(self.input_file) and not self.problem
        return {
            "file": str(self.file),
            "input_file": self.input_file,
            "job_id": job["job_id"] if job else None,
            "status": job["status"] if job else "AWAITING_UPLOAD" if is_uploaded else None,
            "playback_url": job["output"]["playback_url"] if job and job["output"] else None,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUpload:
    """Sends files and follows their jobs."""

    client: ApiClient
    api_url: str
    unfinished: UnfinishedUploads
    multipart_from_bytes: int
    is_waiting: bool
    sending: asyncio.Semaphore
    own: Mapping[str, object] = field(default_factory=dict)
    """Fields of all uploads, such as `profile`."""

    async def upload(self, file: Path, reporter: Reporter) -> Outcome:
        """Upload one file, follow its job, and return the outcome; a failure doesn't affect other files."""
        input_file = None
        try:
            async with self.sending:
                input_file = await self._send(file, reporter)
            if not self.is_waiting:
                return Outcome(file=file, input_file=input_file)
            job = await self.client.follow_job(input_file, reporter.on_progress)
        except (ClientError, OSError) as error:
            return Outcome(file=file, input_file=input_file, problem=str(error))
        problem = None if job["status"] == "COMPLETE" else failure_text(job)
        return Outcome(file=file, input_file=input_file, job=job, problem=problem)

    async def _send(self, file: Path, reporter: Reporter) -> str:
        if size_bytes(file) < self.multipart_from_bytes:
            upload = await self.client.create_upload(file, self.own)
            await self.client.send_file(file, upload, reporter.on_sent)
            return str(upload["input_file"])
        return await ResumableUpload(
            client=self.client,
            api_url=self.api_url,
            video=file,
            unfinished=self.unfinished,
            on_sent=reporter.on_sent,
            own=self.own,
        ).run()
