"""A cache of jobs as response JSON: serialized once for all callers who get the same state within a second.

Concurrent callers share one read, and so get the same objects; that identity is the cache's key. A new read makes new
objects, which are serialized again.
"""

from dataclasses import dataclass

from service.views.followed import Followed, Key
from transcode.job_view import file_view

MAX_CACHED_JOBS = 1_000
"""Entries of about half a kilobyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    followed: Followed
    second: int
    body: bytes

    def matches(self, followed: Followed, second: int) -> bool:
        """Return whether this is the JSON of these very objects in this second: the estimate counts down."""
        cached = self.followed
        is_same_read = cached.job is followed.job and cached.lookup is followed.lookup
        return is_same_read and cached.place == followed.place and self.second == second


class JobJsonCache:
    """The last JSON of each job or file."""

    def __init__(self, playback_base_url: str | None) -> None:
        self._playback_base_url = playback_base_url
        self._entries: dict[Key, _Entry] = {}

    def of(self, key: Key, followed: Followed, *, now_ms: int) -> bytes:
        """Return the API's view of a job or file as JSON."""
        second = now_ms // 1000
        entry = self._entries.get(key)
        if entry is not None and entry.matches(followed, second):
            return entry.body
        job = file_view(
            followed.job,
            followed.lookup,
            place=followed.place,
            now_ms=now_ms,
            playback_base_url=self._playback_base_url,
        )
        body = job.model_dump_json().encode()
        if len(self._entries) >= MAX_CACHED_JOBS:
            self._entries.clear()
        self._entries[key] = _Entry(followed=followed, second=second, body=body)
        return body
