"""Work done side by side: so much at a time, and all of it, whatever becomes of a part."""

import asyncio

import pytest

from worker.bounded_gather import bounded_gather


async def test_no_more_than_so_much_is_done_at_the_same_time() -> None:
    """Twenty pieces, four at a time."""
    at_work = most = 0

    async def piece() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1

    await bounded_gather((piece() for _ in range(20)), most=4)
    assert most == 4


async def test_a_failure_stops_nothing_and_is_told() -> None:
    """The first of them, once all was tried."""
    tried: list[int] = []

    async def piece(number: int) -> None:
        tried.append(number)
        await asyncio.sleep(0)
        if number in {1, 3}:
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        await bounded_gather(map(piece, range(5)), most=2)
    assert tried == [0, 1, 2, 3, 4]
