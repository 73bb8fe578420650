"""The jobs and request tokens in memory. Their number is bounded, and the caller passes the time.

With a folder, the jobs are in files, too, and survive a restart.
"""

from mediaconvert_emulator.errors import NotFoundException
from mediaconvert_emulator.job import Job
from mediaconvert_emulator.job_folder import JobFolder

TOKEN_TTL_MS = 60_000


class JobStore:
    """Jobs by id, oldest first. The store keeps only the latest finished jobs."""

    def __init__(self, *, finished_kept: int, folder: JobFolder | None = None) -> None:
        self._finished_kept = finished_kept
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, tuple[str, int]] = {}

    def add(self, job: Job, token: str | None, now_ms: int) -> None:
        """Store `job` and its request token, and delete the oldest finished jobs above the limit."""
        self._jobs[job.id] = job
        self._tokens = {key: entry for key, entry in self._tokens.items() if now_ms - entry[1] < TOKEN_TTL_MS}
        if token:
            self._tokens[token] = (job.id, now_ms)
        finished = [job.id for job in self._jobs.values() if job.is_finished]
        for job_id in finished[: max(0, len(finished) - self._finished_kept)]:
            del self._jobs[job_id]
            if self._folder:
                self._folder.delete(job_id)
        self.save(job)

    @property
    def is_persistent(self) -> bool:
        """True if jobs survive a restart."""
        return self._folder is not None

    def save(self, job: Job) -> None:
        """Write a job that was added or that changed into the folder, if there is one."""
        if self._folder:
            self._folder.write(job)

    def restore(self) -> list[Job]:
        """Return the jobs of the folder after adding them, oldest first. Their request tokens are valid again."""
        restored = list(self._folder.read_all()) if self._folder else []
        for job in restored:
            self._jobs[job.id] = job
            if token := job.request.get("clientRequestToken"):
                self._tokens[token] = (job.id, job.submitted_ms)
        return restored

    def find_by_token(self, token: str, now_ms: int) -> Job | None:
        """Return the job that a request with this token created in the last minute.

        MediaConvert keeps request tokens for a minute, too.
        """
        job_id, created_ms = self._tokens.get(token, ("", 0))
        return self._jobs.get(job_id) if now_ms - created_ms < TOKEN_TTL_MS else None

    def get(self, job_id: str) -> Job:
        """Return the job.

        Raises:
            NotFoundException: The job doesn't exist, or is no longer stored.
        """
        if job_id not in self._jobs:
            raise NotFoundException(f"No job {job_id!r}")
        return self._jobs[job_id]

    def all(self) -> list[Job]:
        """Return all jobs, oldest first."""
        return list(self._jobs.values())
