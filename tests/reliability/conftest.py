"""How long each proof is, and what it found: `make test` runs them short, `make soak` as long as it is told."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.provision import Stack

from .worker_system import Plant, plant, small_clip

VISIBILITY_TIMEOUT_S = "5"
MAX_RECEIVE_COUNT = "20"
"""A kill uses up a delivery of all that its worker had in hand, and here kills come every few seconds."""
_found: list[str] = []


@dataclass(frozen=True, slots=True)
class Proof:
    """How long the proofs of this run are, and where they tell what they found."""

    is_long: bool
    """Whether this is a soak."""

    def length(self, name: str, short: int) -> int:
        """How many of something a proof takes: what the environment says, or the short number given."""
        return int(os.environ.get(name, short))

    def tell(self, line: str) -> None:
        """Add a line to the summary at the end of the run."""
        _found.append(line)


@pytest.fixture(scope="session")
def proof() -> Proof:
    """This run's."""
    return Proof(is_long=bool(os.environ.get("SOAK")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """State what was tried and what was found."""
    if _found:
        terminalreporter.section("reliability: what was tried, and what was found")
        for line in _found:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of one second."""
    return small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def own_plant(deploy_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[Plant]:
    """A system that nobody else uses, whose messages return after a few seconds."""
    stack = deploy_stack({"VisibilityTimeoutS": VISIBILITY_TIMEOUT_S, "MaxReceiveCount": MAX_RECEIVE_COUNT})
    with plant(stack, tmp_path) as made:
        yield made
