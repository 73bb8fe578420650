"""Garbage collection is paused during start-up, and always enabled again."""

import gc
from collections.abc import Iterator

import pytest

from transcode.gc_tuning import THRESHOLDS, freeze_startup_objects, paused_during_start


@pytest.fixture(autouse=True)
def restored_garbage_collection() -> Iterator[None]:
    """Enable garbage collection again after each test, as often as before."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.enable()
    gc.unfreeze()


class ReferenceCycle:
    """An object that only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_collection_is_off_during_start() -> None:
    """Objects that exist after the start are frozen, and later collections skip them."""
    with paused_during_start():
        is_on = gc.isenabled()
        created = [ReferenceCycle() for _ in range(10)]
    assert (is_on, gc.isenabled()) == (False, True)
    assert gc.get_freeze_count() > len(created)
    assert not any(isinstance(each, ReferenceCycle) for each in gc.get_objects())


def test_a_failed_start_enables_garbage_collection_again() -> None:
    """The caller may catch the error and continue."""
    with pytest.raises(ValueError, match="settings"), paused_during_start():
        raise ValueError("settings")
    assert gc.isenabled()


def test_unreachable_objects_are_freed_before_the_freeze() -> None:
    """Unreachable objects are collected first, so that the freeze doesn't keep them."""
    ReferenceCycle()
    freeze_startup_objects()
    gc.unfreeze()
    assert not any(isinstance(each, ReferenceCycle) for each in gc.get_objects())


def test_a_started_process_collects_less_often() -> None:
    """The objects of open streams would be walked several times for each event."""
    freeze_startup_objects()
    assert gc.get_threshold() == THRESHOLDS
