"""The output of the command: lines, and a progress line that is rewritten in place on a terminal."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

LINE_EVERY_S = 10.0
"""Seconds between two progress lines in a log file or a pipe."""


def print_line(text: str) -> None:
    """Print a line. Characters that can't be encoded are replaced."""
    sys.stdout.write(text.encode(errors="replace").decode() + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class ProgressLine:
    """A line for the progress of something: rewritten in place on a terminal, repeated every ten seconds elsewhere."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    _shown_s: float | None = None
    _width: int = 0

    def show(self, text: str, *, now_s: float) -> None:
        """Show the progress; not on a terminal, skip it if the last line is less than ten seconds old."""
        if self.stream.isatty():
            self.stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif self._shown_s is not None and now_s - self._shown_s < LINE_EVERY_S:
            return
        else:
            self.stream.write(text + "\n")
        self._shown_s = now_s
        self.stream.flush()

    def end(self) -> None:
        """Move to the next line, so that the following output doesn't overwrite the progress."""
        if self._width:
            self.stream.write("\n")
            self.stream.flush()
            self._width = 0
