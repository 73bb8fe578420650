"""The jobs and request tokens in memory. Their number is bounded, and the caller passes the time."""

from mediaconvert_emulator.errors import NotFoundException
from mediaconvert_emulator.job import Job

TOKEN_TTL_MS = 60_000


class JobStore:
    """Jobs by id, oldest first. The store keeps only the latest finished jobs."""

    def __init__(self, *, finished_kept: int) -> None:
        self._finished_kept = finished_kept
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
