"""Work in turns: a failure doesn't end the turns."""

import asyncio
import secrets

from tests.integration.stores import Stores
from worker.turns import Turns

DEADLINE_S = 20


async def test_a_failed_turn_is_logged_and_the_next_one_is_taken(stores: Stores) -> None:
    """Two workers run, and each third turn fails. That a turn excludes the others is in `test_queue_places.py`."""
    turns_taken = 0
    failures: list[str] = []
    are_enough = asyncio.Event()

    async def work() -> None:
        nonlocal turns_taken
        turns_taken += 1
        if turns_taken % 3 == 0:
            raise ConnectionError
        if turns_taken > 6:
            are_enough.set()

    turns = Turns(
        name=secrets.token_hex(4),
        interval_s=0.2,
        key_table=stores.outputs,
        work=work,
        log_failure=lambda error: failures.append(type(error).__name__),
    )
    workers = [asyncio.create_task(turns.take_repeatedly()) for _ in range(2)]
    async with asyncio.timeout(DEADLINE_S):
        await are_enough.wait()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert failures[:2] == ["ConnectionError"] * 2
