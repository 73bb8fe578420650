"""A folder with one file for each job, so that jobs survive a restart of the emulator."""

import json
from collections.abc import Iterator
from pathlib import Path

import structlog

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job import Job
from mediaconvert_emulator.job_records import job_from_record, job_record

log = structlog.get_logger(__name__)


class JobFolder:
    """The files. Only this user can read them, because they contain the jobs' encryption keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, job: Job) -> None:
        """Write a job. A reader sees the old file or the new one, also after a crash of the process."""
        new = self._path / f"{job.id}.new"
        new.touch(mode=0o600)
        new.write_text(json.dumps(job_record(job)))
        new.replace(self._file(job.id))

    def delete(self, job_id: str) -> None:
        """Delete a job, if it is there."""
        self._file(job_id).unlink(missing_ok=True)

    def read_all(self) -> Iterator[Job]:
        """Yield the jobs, oldest first. A file that can't be read is logged and skipped."""
        for path in sorted(self._path.glob("*.json")):
            try:
                yield job_from_record(json.loads(path.read_text()))
            except (KeyError, TypeError, ValueError, BadRequestException) as error:
                log.warning("job.record_unreadable", file=path.name, error=repr(error))

    def _file(self, job_id: str) -> Path:
        return self._path / f"{job_id}.json"
