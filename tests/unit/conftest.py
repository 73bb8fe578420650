"""Fixtures and hypothesis profiles that the unit tests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

EVENTS = Path(__file__).parents[1] / "events"

# The short profile keeps all unit tests within seconds; `--hypothesis-profile=long` tries more examples.
settings.register_profile("short", max_examples=60, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")


@pytest.fixture
def load_message() -> Callable[[str], dict[str, Any]]:
    """Return a function that loads tests/events/NAME.json as a new dictionary for each call."""

    def _load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return loaded

    return _load
