"""Jobs as the JSON of an answer, made once for all who ask for the same state within a second.

Whoever asks at the same time is given the same read, and so the very same objects; a state that was read anew is
made into JSON anew.
"""

from dataclasses import dataclass

from service.views.followed import Followed, Key
from transcode.job_view import file_view

MOST_KEPT = 1_000
"""JobJsonCache of about half a kilobyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    followed: Followed
    second: int
    body: bytes

    def is_of(self, followed: Followed, second: int) -> bool:
        """Tell whether it is of these very objects, as they look in this second: the time left counts down."""
        kept = self.followed
        return kept.job is followed.job and kept.lookup is followed.lookup and self.second == second


class JobJsonCache:
    """The last answer about each job or file."""

    def __init__(self, playback_base_url: str | None) -> None:
        self._playback_base_url = playback_base_url
        self._kept: dict[Key, _Answer] = {}

    def of(self, key: Key, followed: Followed, *, now_ms: int) -> bytes:
        """Return the API's view of what is known of a job or file."""
        second = now_ms // 1000
        kept = self._kept.get(key)
        if kept is not None and kept.is_of(followed, second):
            return kept.body
        shown = file_view(followed.job, followed.lookup, now_ms=now_ms, playback_base_url=self._playback_base_url)
        body = shown.model_dump_json().encode()
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = _Answer(followed=followed, second=second, body=body)
        return body
