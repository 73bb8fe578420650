"""What the emulator remembers: jobs, request tokens and templates. In memory, bounded; the time is always told."""

from mediaconvert_emulator.errors import NotFoundException
from mediaconvert_emulator.job import Job
from mediaconvert_emulator.overlay import JsonObject

TOKEN_TTL_MS = 60_000


class JobStore:
    """Jobs by id, oldest first. Of finished ones the latest are kept."""

    def __init__(self, *, finished_kept: int) -> None:
        self._finished_kept = finished_kept
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, tuple[str, int]] = {}

    def add(self, job: Job, token: str | None, now_ms: int) -> None:
        """Remember `job`, and that `token` made it; forget the oldest finished jobs beyond the bound."""
        self._jobs[job.id] = job
        self._tokens = {key: made for key, made in self._tokens.items() if now_ms - made[1] < TOKEN_TTL_MS}
        if token:
            self._tokens[token] = (job.id, now_ms)
        finished = [job.id for job in self._jobs.values() if job.is_finished]
        for job_id in finished[: max(0, len(finished) - self._finished_kept)]:
            del self._jobs[job_id]

    def made_with(self, token: str, now_ms: int) -> Job | None:
        """The job that this token made within the last minute, as far as MediaConvert's memory of tokens goes."""
        job_id, made_ms = self._tokens.get(token, ("", 0))
        return self._jobs.get(job_id) if now_ms - made_ms < TOKEN_TTL_MS else None

    def get(self, job_id: str) -> Job:
        """The job.

        Raises:
            NotFoundException: there is none, or none any more.
        """
        if job_id not in self._jobs:
            raise NotFoundException(f"No job {job_id!r}")
        return self._jobs[job_id]

    def all(self) -> list[Job]:
        """All jobs, oldest first."""
        return list(self._jobs.values())


class TemplateStore:
    """Job templates (their wire form) by name, oldest first."""

    def __init__(self) -> None:
        self.templates: dict[str, JsonObject] = {}

    def get(self, name: str) -> JsonObject:
        """The template.

        Raises:
            NotFoundException: there is none.
        """
        if name not in self.templates:
            raise NotFoundException(f"No job template {name!r}")
        return self.templates[name]
