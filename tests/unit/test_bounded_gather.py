"""`bounded_gather` limits how many coroutines run at once, and runs all of them even if some fail."""

import asyncio
import inspect

import pytest

from worker.bounded_gather import bounded_gather


async def test_at_most_the_limit_runs_at_the_same_time() -> None:
    """Of twenty coroutines, four run at a time."""
    running = max_running = 0

    async def work() -> None:
        nonlocal running, max_running
        running += 1
        max_running = max(max_running, running)
        await asyncio.sleep(0)
        running -= 1

    await bounded_gather((work() for _ in range(20)), limit=4)
    assert max_running == 4


async def test_a_failure_is_raised_after_all_coroutines_ran() -> None:
    """The first failure is raised once every coroutine has been tried."""
    tried: list[int] = []

    async def work(number: int) -> None:
        tried.append(number)
        await asyncio.sleep(0)
        if number in {1, 3}:
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        await bounded_gather(map(work, range(5)), limit=2)
    assert tried == [0, 1, 2, 3, 4]


async def test_coroutines_that_never_began_are_closed_if_the_gathering_is_canceled() -> None:
    """Python would warn of each of them otherwise, in the middle of a worker's stop."""
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    coroutines = [work() for _ in range(5)]
    gathering = asyncio.create_task(bounded_gather(coroutines, limit=1))
    await begun.wait()
    gathering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gathering
    assert {inspect.getcoroutinestate(each) for each in coroutines} == {inspect.CORO_CLOSED}


async def test_coroutines_are_closed_if_the_gathering_is_canceled_before_it_begins() -> None:
    """The tasks that would run them are canceled before their first step."""

    async def work() -> None:
        pass

    coroutines = [work() for _ in range(5)]

    async def gather_and_cancel() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await bounded_gather(coroutines, limit=5)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(gather_and_cancel())
    assert {inspect.getcoroutinestate(each) for each in coroutines} == {inspect.CORO_CLOSED}
