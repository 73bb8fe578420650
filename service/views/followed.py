"""What a client follows, what is known of it, and what of that a client is still to be told. Pure.

A client follows jobs by their ids, and input files by their keys: a file from before there is a job to the end of the
newest one. Each state that it is shown has a tag; the id of an event lists the tags of all that the stream has said so
far, so that a client which comes back with it gets what it missed and nothing that it has.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from transcode.job import Job
from transcode.lookup import Lookup

MOST_FOLLOWED = 50
"""Files and jobs on one stream; so an event's id stays under half a kilobyte, and a first read under two batches."""

_TAG_BYTES = 6


@dataclass(frozen=True, slots=True)
class JobKey:
    """A job, by its id."""

    job_id: str


@dataclass(frozen=True, slots=True)
class FileKey:
    """An input file, and whatever job is its newest."""

    input_file: str


Key = JobKey | FileKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What is known of a job or a file: at least one of the two. A job followed by its id has no lookup."""

    lookup: Lookup | None = None
    job: Job | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come: the job is over, or none could be made."""
        if self.job is not None:
            return self.job.status.is_final
        return self.lookup is not None and self.lookup.failure is not None

    @property
    def owned(self) -> Lookup | Job | None:
        """What says whose it is: an upload belongs to whoever announced it, and its job with it."""
        return self.lookup or self.job


def later_of(known: Job, read: Job) -> Job:
    """Return the later of two states of a job: a read of DynamoDB can be answered by a replica that lags.

    Another job than the known one is taken as it is.
    """
    if known.job_id != read.job_id:
        return read
    if known.status.is_final != read.status.is_final:
        return known if known.status.is_final else read
    return read if _age(read) >= _age(known) else known


def _age(job: Job) -> tuple[int, int, int]:
    return job.event_time_ms, job.updated_s or 0, len(job.warnings)


def tag(key: Key, shown: bytes) -> str:
    """Return the tag of what was shown of the key: 8 characters, of letters, digits, `-` and `_`."""
    return _tag(key, shown)


def final_tag(key: JobKey) -> str:
    """Return the tag of the job's last state, which can be known for known without reading anything.

    A file has no such state: another job may follow the one that is over.
    """
    return _tag(key, None)


def _tag(key: Key, shown: bytes | None) -> str:
    name = f"job:{key.job_id}" if isinstance(key, JobKey) else f"file:{key.input_file}"
    state = b"final" if shown is None else b"shown " + shown
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\n" + state).digest()
    return urlsafe_b64encode(digest[:_TAG_BYTES]).decode()


def event_id(tags: Iterable[str]) -> str:
    """Return the id of an event after which the client knows what the tags stand for."""
    return ".".join(tags)


def known_tags(last_event_id: str | None) -> frozenset[str]:
    """Return the tags that a client brings back. An id that isn't ours names no state, and does no harm."""
    return frozenset((last_event_id or "").split("."))


def finished(keys: Iterable[Key], known: Collection[str]) -> dict[Key, str]:
    """Return those jobs whose last state the client knows, with its tag: nobody needs to read them for it."""
    jobs = (key for key in keys if isinstance(key, JobKey))
    return {key: final_tag(key) for key in jobs if final_tag(key) in known}
