"""The start of a pass through the index, for all ways to start it: one pass at a time in a whole deployment.

A lease in the key table excludes the others. A pass ends by itself before its lease does, and releases it at its end.
"""

from collections.abc import Callable

import structlog

from worker.key_table import KeyTable
from worker.reconcile.open_pass import OpenPass
from worker.reconcile.repair import PassCounts

LEASE_NAME = "reconcile-pass"

log = structlog.get_logger("worker.reconcile")


async def run_exclusively(
    open_pass: OpenPass, key_table: KeyTable, *, lease_s: float, clock: Callable[[], float]
) -> PassCounts | None:
    """Run one pass, log what it did, and return the counts; None if another pass runs.

    Raises:
        Exception: The pass failed; repairs made before that stay.
    """
    now_ms = int(clock() * 1000)
    until_ms = now_ms + round(lease_s * 1000)
    if not await key_table.acquire_lease(LEASE_NAME, now_ms=now_ms, until_ms=until_ms):
        log.info("reconcile.skipped", reason="another pass runs, or its process died and its lease has not expired")
        return None
    try:
        counts = await open_pass.run()
    finally:
        await key_table.release_lease(LEASE_NAME, until_ms=until_ms)
    log.info("reconcile.done", **counts.as_mapping())
    return counts
