"""The jobs and files that a client follows, their states, and the rule for which states it still needs. Pure.

A client follows jobs by their ids, and input files by their keys: it follows a file from before its first job to the
end of its newest one. Each state has a tag. The id of an event lists the tags of all states that the stream has sent so
far, so that a client which reconnects with that id gets only the states that it missed.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from transcode.job import Job, Status
from transcode.lookup import Lookup
from transcode.queue_figures import Place, QueueFigures

MAX_FOLLOWED = 50
"""Maximum of files and jobs on one stream. It keeps an event's id under half a kilobyte, and a first read under two
batches."""

_TAG_BYTES = 6


@dataclass(frozen=True, slots=True)
class JobKey:
    """The key of a job: its id."""

    job_id: str


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of an input file, which stands for the file and its newest job."""

    input_file: str


Key = JobKey | FileKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The state of a job or a file: at least one of the two is set. A job that is followed by its id has no lookup.

    `place` is the place in the queue of a waiting file or job, if it is known.
    """

    lookup: Lookup | None = None
    job: Job | None = None
    place: Place | None = None

    @property
    def is_final(self) -> bool:
        """True if the state will not change again: the job has ended, or the file's wait for one."""
        if self.job is not None:
            return self.job.status.is_final
        return self.lookup is not None and self.lookup.is_over

    @property
    def is_waiting(self) -> bool:
        """True if the file waits for its job, or the job for MediaConvert to start it."""
        if self.job is not None:
            return self.job.status is Status.SUBMITTED
        return self.lookup is not None and self.lookup.is_queued

    @property
    def owner_record(self) -> Lookup | Job | None:
        """The record that names the owner: the upload's, else the job's. A job belongs to the caller of its upload."""
        return self.lookup or self.job


def with_place(followed: Followed, figures: QueueFigures, *, known: Followed | None, now_s: int) -> Followed:
    """Return the waiting file or job with its place; the number ahead of it never grows while a client follows it."""
    job, lookup = followed.job, followed.lookup
    if job is not None:
        place = None if job.submitted_s is None else figures.place_of_job(job.submitted_s, now_s=now_s)
    else:
        queued_s = None if lookup is None else lookup.queued_s
        place = None if queued_s is None else figures.place_of_upload(queued_s, now_s=now_s)
    if place is not None and known is not None and known.place is not None and _is_same_wait(known, followed):
        place = replace(place, ahead=min(place.ahead, known.place.ahead))
    return replace(followed, place=place)


def _is_same_wait(known: Followed, read: Followed) -> bool:
    if known.job is not None:
        return read.job is not None and read.job.job_id == known.job.job_id
    queued_s = [each.lookup.queued_s if each.lookup else None for each in (known, read)]
    return read.job is not None or queued_s[0] == queued_s[1]


def later_of(known: Job, read: Job) -> Job:
    """Return the later of two states of a job, because a DynamoDB replica that lags can return an older one.

    If `read` is another job than `known`, return `read`.
    """
    if known.job_id != read.job_id:
        return read
    if known.status.is_final != read.status.is_final:
        return known if known.status.is_final else read
    return read if _age(read) >= _age(known) else known


def _age(job: Job) -> tuple[int, int, int, int]:
    return job.event_time_ms, job.updated_s or 0, len(job.warnings), job.cancel_requested_s or 0


def tag(key: Key, state: bytes) -> str:
    """Return the tag of a state of the key: 8 characters, of letters, digits, `-` and `_`."""
    return _tag(key, state)


def final_tag(key: JobKey) -> str:
    """Return the tag of the job's final state. A client that has this tag needs no further read of the job.

    A file has no final tag: another job may follow the one that has ended.
    """
    return _tag(key, None)


def _tag(key: Key, state: bytes | None) -> str:
    name = f"job:{key.job_id}" if isinstance(key, JobKey) else f"file:{key.input_file}"
    content = b"final" if state is None else b"shown " + state
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\n" + content).digest()
    return urlsafe_b64encode(digest[:_TAG_BYTES]).decode()


def event_id(tags: Iterable[str]) -> str:
    """Return the id of an event after which the client has the states with these tags."""
    return ".".join(tags)


def known_tags(last_event_id: str | None) -> frozenset[str]:
    """Return the tags in a client's Last-Event-ID. An id that this service didn't issue matches no state."""
    return frozenset((last_event_id or "").split("."))


def finished(keys: Iterable[Key], known: Collection[str]) -> dict[Key, str]:
    """Return the jobs whose final state the client has, with its tag: the service need not read them."""
    jobs = (key for key in keys if isinstance(key, JobKey))
    return {key: final_tag(key) for key in jobs if final_tag(key) in known}
