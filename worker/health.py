"""Whether the worker's poll loop goes round: a file whose age tells, and `python -m worker.health`, which looks at it.

For whoever runs containers and has no port to ask. Must stay light: the check is a process of its own every few
seconds, so it loads neither AWS's libraries nor the settings.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

OLDEST_HEALTHY_S = 120
"""Past this age of the file a poller is stuck. It outlasts a long poll (20 s), the longest pause after a failed one
(30 s), and one batch that waits for every one of its clients' timeouts."""


class Pulse:
    """Keeps the file's modification time at the last round of the poller that has gone longest without one.

    So one stuck poller shows, however busy the others are.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._beats_s: list[float] = []

    def enter(self) -> int:
        """Return the number of one more poller, whose first round begins now."""
        self._beats_s.append(0)
        self.beat(len(self._beats_s) - 1)
        return len(self._beats_s) - 1

    def beat(self, poller: int) -> None:
        """Record that a poller has asked its queue, and handled what it got."""
        self._beats_s[poller] = self._clock()
        if self._path:
            oldest_s = min(self._beats_s)
            self._path.touch()
            os.utime(self._path, (oldest_s, oldest_s))


def is_healthy(*, age_s: float) -> bool:
    """Tell from the age of the file whether the loop goes round; a clock set back makes it negative, and nobody ill."""
    return age_s <= OLDEST_HEALTHY_S


def main() -> int:
    """Return 0 if the worker that writes HEALTH_FILE is healthy; else 1, with one line why."""
    path = os.environ.get("HEALTH_FILE")
    if not path:
        return _unhealthy("HEALTH_FILE is not set")
    try:
        age_s = time.time() - Path(path).stat().st_mtime
    except FileNotFoundError:
        return _unhealthy(f"{path} is not there: the worker has not begun to poll")
    if not is_healthy(age_s=age_s):
        return _unhealthy(f"a poller has not asked its queue for {age_s:.0f} s")
    return 0


def _unhealthy(reason: str) -> int:
    sys.stderr.write(f"unhealthy: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
