"""What the unit tests share: recorded messages, and how long hypothesis may look for trouble."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

EVENTS = Path(__file__).parents[1] / "events"

# Few examples each, so that all unit tests stay a matter of seconds; `--hypothesis-profile=long` looks harder.
settings.register_profile("short", max_examples=60, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")


@pytest.fixture
def message() -> Callable[[str], dict[str, Any]]:
    """Reads a message of tests/events by its file's name, as a dictionary of the test's own."""

    def _message(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return loaded

    return _message
