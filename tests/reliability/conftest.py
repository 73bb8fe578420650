"""How long each proof is, and what it found: `make test` runs them short, `make soak` as long as it is told."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.provision import Stack

from .plant import Plant, plant, small_clip

VISIBILITY_TIMEOUT_S = "5"
_found: list[str] = []


@pytest.fixture(scope="session")
def length() -> Callable[[str, int], int]:
    """How many of something a proof takes: what the environment says, or the short number given."""

    def _length(name: str, short: int) -> int:
        return int(os.environ.get(name, short))

    return _length


@pytest.fixture(scope="session")
def tell() -> Callable[[str], None]:
    """Adds a line to the summary at the end of the run."""
    return _found.append


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
    stack = deploy_stack({"VisibilityTimeoutS": VISIBILITY_TIMEOUT_S})
    with plant(stack, tmp_path) as made:
        yield made
