"""The number of clients that a process holds, the time for which it holds them, and the memory that it may use."""

import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.live import limits, memory_limit
from service.live.limits import Capacity, capacity, wait_limit_s
from service.live.slots import Slots

MIB = 1024**2
draws = st.floats(0, 1)


@pytest.mark.parametrize(
    ("memory_mib", "open_files", "expected"),
    [
        (512, 65_535, Capacity(streams=5_240, long_polls=1_747)),
        (1024, 65_535, Capacity(streams=13_293, long_polls=4_431)),
        (8192, 65_535, Capacity(streams=36_863, long_polls=12_288)),  # bounded by the open files
        (8192, 1_024, Capacity(streams=576, long_polls=192)),
        (64, 65_535, Capacity(streams=12, long_polls=4)),
    ],
)
def test_memory_and_open_files_bound_the_clients(memory_mib: int, open_files: int, expected: Capacity) -> None:
    """A task of 512 MiB, the default, holds five thousand streams."""
    assert capacity(memory_bytes=memory_mib * MIB, open_files=open_files) == expected


@given(memory_bytes=st.integers(256 * MIB, 2**40), open_files=st.integers(256, 2**20))
def test_the_clients_fit_into_the_memory_and_leave_open_files(memory_bytes: int, open_files: int) -> None:
    """Health checks and calls of AWS need the rest."""
    held = capacity(memory_bytes=memory_bytes, open_files=open_files)
    clients = held.streams + held.long_polls
    assert limits.PROCESS_BYTES + clients * limits.HELD_BYTES <= memory_bytes
    assert clients <= 0.75 * open_files
    assert min(held.streams, held.long_polls) >= 1


@pytest.mark.parametrize(("held", "wait_s"), [(0, 20), (50, 20), (75, 10), (90, 4), (99, 1), (100, 1)])
def test_a_long_poll_waits_less_when_there_is_less_room(held: int, wait_s: float) -> None:
    """So many clients share the room before one is refused."""
    assert wait_limit_s(20, held=held, limit=100) == pytest.approx(wait_s)
    assert wait_limit_s(0, held=held, limit=100) == 0


@given(draw=draws)
def test_streams_and_their_clients_are_spread(draw: float) -> None:
    """Lives of 45 to 75 minutes, reconnects over seconds, ends of a stop within its time."""
    assert 45 * 60 <= limits.stream_life_s(draw) <= 75 * 60
    assert 1_000 <= limits.retry_ms(draw) <= 4_000
    assert 30 <= limits.retry_after_s(draw) <= 90
    assert 0 <= limits.stop_delay_s(draw, spread_s=15) <= 15


def test_slots_count_the_clients_that_are_held() -> None:
    """A client that leaves, also by an error, frees its place."""
    slots = Slots(1)
    with slots.take():
        assert slots.is_full
    with pytest.raises(ValueError, match="left"), slots.take():
        raise ValueError("left")
    assert not slots.is_full


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("memory.max", "268435456\n", 268_435_456),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "268435456\n", 268_435_456),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("nothing", "", None),
    ],
)
def test_the_containers_memory_is_its_limit(tmp_path: Path, name: str, text: str, expected: int | None) -> None:
    """Without a limit it is the machine's memory; version 1 says that with a very large number."""
    (tmp_path / "memory").mkdir()
    (tmp_path / name).write_text(text)
    (tmp_path / "empty").mkdir()
    machine_bytes = memory_limit.memory_bytes(tmp_path / "empty")
    assert memory_limit.memory_bytes(tmp_path) == (expected or machine_bytes)


def test_the_open_files_are_those_of_this_process() -> None:
    """The soft limit counts."""
    assert memory_limit.open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
