"""The length of the reliability tests, and their lines in the summary of the run.

`make test` runs them with small numbers; `make soak` with the numbers that its variables name.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from tests.proof_summary import PROPERTY


@dataclass(frozen=True, slots=True)
class Proof:
    """The length of one test, and its access to the summary."""

    record: Callable[[str, object], None]
    is_long: bool
    """True in a soak."""

    def length(self, name: str, short: int) -> int:
        """Return the number that the environment variable has; `short` if it is not set."""
        return int(os.environ.get(name, short))

    def report(self, line: str) -> None:
        """Add a line to the summary."""
        self.record(PROPERTY, line)
