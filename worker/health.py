"""The worker's health file, and its check `python -m worker.health`. The file's age shows whether all pollers run.

The check is for containers, whose worker has no port for a health check. It is a new process every few seconds, so
this module must load neither AWS's libraries nor the settings.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

MAX_HEALTHY_AGE_S = 240
"""Age of the file above which a poller is stuck. It is longer than a long poll (20 s) or the longest pause after a
failed poll (30 s), one batch in which every AWS call runs into its timeouts, and a message that is handled alone."""


class HealthFile:
    """The file HEALTH_FILE. Its modification time is the last poll of the poller that has gone longest without one.

    So one stuck poller is visible, however busy the others are. Without a path, nothing is written.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._last_polls_s: list[float] = []

    def add_poller(self) -> int:
        """Add a poller, whose first poll begins now, and return its number."""
        self._last_polls_s.append(0)
        poller = len(self._last_polls_s) - 1
        self.record_poll(poller)
        return poller

    def record_poll(self, poller: int) -> None:
        """Record that a poller has polled its queue and handled the messages."""
        self._last_polls_s[poller] = self._clock()
        if self._path:
            oldest_s = min(self._last_polls_s)
            self._path.touch()
            os.utime(self._path, (oldest_s, oldest_s))


def is_healthy(*, age_s: float) -> bool:
    """Return whether the file is recent enough. Its age is negative after the clock was set back; that is healthy."""
    return age_s <= MAX_HEALTHY_AGE_S


def main() -> int:
    """Return 0 if the worker that writes HEALTH_FILE is healthy; otherwise write the reason to stderr and return 1."""
    path = os.environ.get("HEALTH_FILE")
    if not path:
        return _unhealthy("HEALTH_FILE is not set")
    try:
        age_s = time.time() - Path(path).stat().st_mtime
    except FileNotFoundError:
        return _unhealthy(f"{path} does not exist: the worker has not begun to poll")
    if not is_healthy(age_s=age_s):
        return _unhealthy(f"a poller has not polled its queue for {age_s:.0f} s")
    return 0


def _unhealthy(reason: str) -> int:
    sys.stderr.write(f"unhealthy: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
