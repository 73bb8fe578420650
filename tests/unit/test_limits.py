"""The number of clients that a process holds, the time for which it holds them, and the memory that it may use."""

import math
import resource
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connection_limits import (
    MAX_HEAD_BYTES,
    RESERVED_CONNECTIONS,
    Admission,
    ConnectionLimits,
    admission,
    connection_limit,
)
from service.live import limits, memory_limit
from service.live.limits import POLL_PERIOD_S, Capacity, PlannedWaits, capacity, wait_limit_s
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
    slots = Slots(1, per_caller=1)
    with slots.take("ada"):
        assert slots.is_full
    with pytest.raises(ValueError, match="left"), slots.take("ada"):
        raise ValueError("left")
    assert not slots.is_full


def test_slots_count_each_caller() -> None:
    """One caller never takes the places of the others, and a caller that left costs no memory."""
    slots = Slots(3, per_caller=2)
    with slots.take("ada"), slots.take("ada"):
        assert slots.is_full_for("ada")
        assert not slots.is_full_for("bob")
        assert not slots.is_full
    assert not slots.is_full_for("ada")
    assert not slots._of_callers  # noqa: SLF001 -- the memory


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (4, 1), (40, 10), (5_240, 100)])
def test_one_caller_gets_a_quarter_of_the_places_and_at_most_a_hundred(limit: int, expected: int) -> None:
    """A small process keeps places for other callers."""
    assert limits.caller_limit(limit) == expected


@pytest.mark.parametrize(
    ("seconds", "token_until_s", "expected"),
    [(20, None, 20), (20, 1_030, 20), (20, 1_005, 5), (3_600, 1_630, 630), (20, 1_000, 0), (20, 990, 0)],
)
def test_nothing_outlives_its_callers_token(seconds: float, token_until_s: float | None, expected: float) -> None:
    """Neither a stream nor a long poll; without access control there is no token."""
    assert limits.until_token_ends_s(seconds, now_s=1_000, token_until_s=token_until_s) == expected


@pytest.mark.parametrize(
    ("memory_mib", "open_files", "expected"),
    [(512, 65_535, 8_329), (8192, 65_535, 52_428), (8192, 1_024, 819), (8192, 256, 204), (64, 65_535, 32)],
)
def test_memory_and_open_files_bound_the_connections(memory_mib: int, open_files: int, expected: int) -> None:
    """Each may take as much memory as a stream: a head that arrives slowly takes up to 32 KiB."""
    assert connection_limit(memory_bytes=memory_mib * MIB, open_files=open_files) == expected


@given(memory_bytes=st.integers(512 * MIB, 2**40), open_files=st.integers(256, 2**20))
def test_the_connections_are_more_than_the_clients_that_are_held(memory_bytes: int, open_files: int) -> None:
    """Streams and long polls reach their own limit first, so other requests are served beside them."""
    held = capacity(memory_bytes=memory_bytes, open_files=open_files)
    connections = connection_limit(memory_bytes=memory_bytes, open_files=open_files)
    assert connections > held.streams + held.long_polls
    assert connections + RESERVED_CONNECTIONS < open_files
    assert MAX_HEAD_BYTES < limits.HELD_BYTES


@pytest.mark.parametrize(
    ("connections", "waiting", "expected"),
    [
        (10, 0, Admission.SERVED),
        (11, 1, Admission.REPLACES_WAITING),
        (11, 0, Admission.HEALTH_ONLY),
        (12, 0, Admission.HEALTH_ONLY),
        (13, 0, Admission.REFUSED),
        (99, 1, Admission.REPLACES_WAITING),
    ],
)
def test_a_new_connection_above_the_limit_replaces_a_waiting_one(
    connections: int, waiting: int, expected: Admission
) -> None:
    """If every connection has a request in progress, there is room for health checks only."""
    chosen = ConnectionLimits(connections=10, reserved=2)
    assert admission(chosen, connections=connections, waiting=waiting) is expected


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


@pytest.mark.parametrize(("polls", "wait_s"), [(0, 20), (37.5, 20), (56.25, 10), (70, 8 / 3), (75, 0), (500, 0)])
def test_on_lambda_a_long_poll_waits_less_when_fewer_executions_are_left(polls: float, wait_s: float) -> None:
    """Other requests keep a quarter of a hundred executions, and no poll is refused."""
    assert limits.wait_on_lambda_s(20, polls=polls, concurrency=100) == pytest.approx(wait_s)
    assert limits.wait_on_lambda_s(0, polls=polls, concurrency=100) == 0


@pytest.mark.parametrize(
    ("planned", "now_s", "expected"),
    [
        (PlannedWaits(), 1_000_000, 0),
        (PlannedWaits(seconds=200, period=50, at_s=1_010), 1_010, 20),
        (PlannedWaits(seconds=200, period=50, at_s=1_000.1), 1_010, 100),
        (PlannedWaits(seconds=200, period=50, at_s=1_010), 1_050, 20),
        (PlannedWaits(seconds=200, period=50, at_s=1_010), 1_051, 0),
    ],
)
def test_the_planned_seconds_of_a_period_are_an_average_of_polls(
    planned: PlannedWaits, now_s: float, expected: float
) -> None:
    """A sum that is too old says nothing."""
    assert limits.average_polls(planned, now_s=now_s) == pytest.approx(expected)


@pytest.mark.parametrize("clients", [10, 60, 200, 1_000, 2_000])
def test_many_clients_on_lambda_leave_executions_for_other_requests(clients: int) -> None:
    """Each client polls again at once, or after two seconds if its poll did not wait."""
    concurrency, sums, planned, held = 100, defaultdict[int, float](float), PlannedWaits(), 0.0
    due = Counter(math.ceil(at * POLL_PERIOD_S / clients) for at in range(clients))
    for now_s in range(12 * POLL_PERIOD_S):
        period = now_s // POLL_PERIOD_S
        for _ in range(due.pop(now_s, 0)):
            polls = limits.average_polls(planned, now_s=now_s)
            wait_s = limits.wait_on_lambda_s(20, polls=polls, concurrency=concurrency)
            sums[period] += max(wait_s, 0.1)
            planned = PlannedWaits(seconds=sums[period], period=period, at_s=now_s)
            due[math.ceil(now_s + (wait_s or 2))] += 1
            held += wait_s if period >= 4 else 0
    assert held / (8 * POLL_PERIOD_S) <= concurrency
