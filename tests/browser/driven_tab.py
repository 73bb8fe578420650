"""One tab of any browser, with the few commands that the tests of all browsers need."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WITHIN_S = 45
POLL_S = 0.1


class CannotError(Exception):
    """The browser or its driver can't do this; the message says what."""


class DrivenTab(ABC):
    """A tab. As in WebDriver, a script is the body of a function: it has `arguments`, and returns JSON."""

    @abstractmethod
    def goto(self, url: str) -> None:
        """Open the address, and wait until it is loaded."""

    @abstractmethod
    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 -- JSON
        """Run the script in the page, and return its result."""

    @abstractmethod
    def choose(self, css: str, files: Sequence[Path]) -> None:
        """Choose files in a file input."""

    @abstractmethod
    def click(self, css: str) -> None:
        """Click an element."""

    @abstractmethod
    def enter(self, css: str, text: str) -> None:
        """Type into an element."""

    @abstractmethod
    def set_offline(self, *, is_offline: bool) -> None:
        """Take the browser offline, or back.

        Raises:
            CannotError: its driver has no command for it.
        """

    @abstractmethod
    def save_screenshot(self, path: Path) -> None:
        """Save a screenshot."""

    @abstractmethod
    def close(self) -> None:
        """End the browser."""

    def wait_for(self, script: str, *arguments: object, within_s: float = WITHIN_S) -> Any:  # noqa: ANN401 -- JSON
        """Run the script until its result is true, and return it; fail at the deadline."""
        end_s = time.monotonic() + within_s
        while not (result := self.run(script, *arguments)):
            assert time.monotonic() < end_s, f"still {result!r} after {within_s} s: {script} {arguments}"
            time.sleep(POLL_S)
        return result
