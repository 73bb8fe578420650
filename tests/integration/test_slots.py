"""The submitters' slots on the key table: a fixed number, whatever the number of workers and their deaths."""

import asyncio
import secrets
from collections.abc import Sequence

import pytest

from tests.integration.stores import Stores
from worker.slots import Slot, kept

LEASE_S = 60.0


class Clock:
    """Unix seconds that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1_900_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """The clock of all workers."""
    return Clock()


@pytest.fixture
def workers(stores: Stores, clock: Clock) -> Sequence[Slot]:
    """One slot, as three workers see it."""
    number = secrets.randbits(48)
    return [Slot(stores.outputs, number, lease_s=LEASE_S, clock=clock) for _ in range(3)]


async def holders(workers: Sequence[Slot]) -> list[bool]:
    """Let all workers try, and return which of them hold the slot."""
    await asyncio.gather(*(worker.try_to_hold() for worker in workers))
    return [worker.is_held for worker in workers]


async def test_one_worker_at_a_time_holds_a_slot(workers: Sequence[Slot], clock: Clock) -> None:
    """It keeps the slot as long as it extends the lease."""
    first = await holders(workers)
    assert first.count(True) == 1
    for _ in range(5):
        clock.now_s += LEASE_S / 3
        assert await holders(workers) == first


async def test_the_slot_of_a_dead_worker_is_taken_over_when_its_lease_ends(
    workers: Sequence[Slot], clock: Clock
) -> None:
    """Not before, and by one of the others."""
    dead, *others = workers
    await dead.try_to_hold()
    clock.now_s += LEASE_S - 1
    assert await holders(others) == [False, False]
    clock.now_s += 1
    assert not dead.is_held
    assert (await holders(others)).count(True) == 1


async def test_a_worker_that_was_paused_gets_no_slot_that_another_one_has(
    workers: Sequence[Slot], clock: Clock
) -> None:
    """Its lease ended meanwhile; when it runs again, it finds that out."""
    paused, other, _ = workers
    await paused.try_to_hold()
    clock.now_s += LEASE_S
    await other.try_to_hold()
    await paused.try_to_hold()
    await paused.try_to_hold()
    assert (paused.is_held, other.is_held) == (False, True)


async def test_a_worker_that_stops_gives_its_slot_back_at_once(workers: Sequence[Slot]) -> None:
    """The next worker gets it without a wait for the lease, while the first one still finishes its messages."""
    stopping, other, _ = workers
    stop = asyncio.Event()
    async with kept([stopping], stop):
        assert await stopping.wait(timeout_s=20)
        stop.set()
        async with asyncio.timeout(20):
            while not other.is_held:
                await other.try_to_hold()
    assert not stopping.is_held


async def test_an_end_of_the_context_gives_the_slot_back_too(workers: Sequence[Slot]) -> None:
    """For example when a poller has failed."""
    first, other, _ = workers
    async with kept([first], asyncio.Event()):
        assert await first.wait(timeout_s=20)
    await other.try_to_hold()
    assert other.is_held
