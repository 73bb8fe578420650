"""The collector is off while a process is made ready, and never stays off."""

import gc
from collections.abc import Iterator

import pytest

from transcode.gc_tuning import freeze_startup_objects, paused_during_start


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """This process's own objects, collected as ever after the test."""
    yield
    gc.enable()
    gc.unfreeze()


class Litter:
    """What only a collector gets rid of."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_while_a_process_starts() -> None:
    """And what is there at the end is passed over from then on."""
    with paused_during_start():
        is_on = gc.isenabled()
        made = [Litter() for _ in range(10)]
    assert (is_on, gc.isenabled()) == (False, True)
    assert gc.get_freeze_count() > len(made)
    assert not any(isinstance(each, Litter) for each in gc.get_objects())


def test_a_failed_start_leaves_the_collector_on() -> None:
    """Somebody may go on without it."""
    with pytest.raises(ValueError, match="settings"), paused_during_start():
        raise ValueError("settings")
    assert gc.isenabled()


def test_litter_is_not_spared() -> None:
    """What nobody can reach any more goes before the rest is set aside."""
    Litter()
    freeze_startup_objects()
    gc.unfreeze()
    assert not any(isinstance(each, Litter) for each in gc.get_objects())
