"""Work that must run with nothing beside it."""

import asyncio

from worker.exclusive_lock import ExclusiveLock


async def test_exclusive_work_runs_alone_and_before_new_shared_work() -> None:
    """It waits for the work that runs, and later work waits for it."""
    lock, order = ExclusiveLock(), list[str]()
    first_may_end = asyncio.Event()

    async def shared(name: str, may_end: asyncio.Event) -> None:
        async with lock.shared():
            order.append(f"{name} begins")
            await may_end.wait()
            order.append(f"{name} ends")

    async def exclusive() -> None:
        async with lock.exclusive():
            order.append("alone begins")
            await asyncio.sleep(0)
            order.append("alone ends")

    at_once = asyncio.Event()
    at_once.set()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shared("first", first_may_end))
        await asyncio.sleep(0)
        tasks.create_task(exclusive())
        await asyncio.sleep(0)
        tasks.create_task(shared("second", at_once))
        await asyncio.sleep(0)
        first_may_end.set()
    assert order == ["first begins", "first ends", "alone begins", "alone ends", "second begins", "second ends"]


async def test_cancelled_exclusive_work_frees_the_lock() -> None:
    """A stop while it waits must not block other work."""
    lock = ExclusiveLock()

    async def exclusive() -> None:
        async with lock.exclusive():
            await asyncio.Event().wait()

    async with lock.shared():
        waiting = asyncio.create_task(exclusive())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), lock.shared(), lock.shared():
        pass
    running = asyncio.create_task(exclusive())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(1), lock.exclusive():
        pass
