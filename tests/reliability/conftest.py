"""Fixtures of the reliability tests: their length, a clip, and a system of the test's own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.provision import Stack

from .proof import Proof
from .worker_system import WorkerSystem, small_clip, worker_system

VISIBILITY_TIMEOUT_S = "5"


@pytest.fixture
def proof(record_property: Callable[[str, object], None]) -> Proof:
    """The length of this test."""
    return Proof(record=record_property, is_long=bool(os.environ.get("SOAK")))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of one second."""
    return small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def own_system(deploy_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[WorkerSystem]:
    """A system that no other test uses, whose messages become visible again after a few seconds."""
    stack = deploy_stack({"VisibilityTimeoutS": VISIBILITY_TIMEOUT_S})
    with worker_system(stack, tmp_path) as system:
        yield system
