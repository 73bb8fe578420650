"""The start of reconciliation: once with `python -m worker.reconcile`, or periodically inside the workers.

Reconciliation repairs the effects of lost events and crashes: jobs that ended in MediaConvert but not in our rows, and
jobs that were created although none of our rows was written.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator

import structlog
import uvloop

from transcode.aws import Aws
from transcode.startup import aws_of
from worker.assembly import open_handler
from worker.batch import BatchHandler
from worker.reconcile.assembly import MAX_QUIET_S, open_reconciler, reconcile_once
from worker.reconcile.reconciler import Reconciler
from worker.settings import WorkerSettings
from worker.startup import worker_process

LEASE_NAME = "reconcile"

log = structlog.get_logger("worker.reconcile")


@contextlib.asynccontextmanager
async def reconcile_periodically(aws: Aws, settings: WorkerSettings, handler: BatchHandler) -> AsyncIterator[None]:
    """Reconcile once per RECONCILE_INTERVAL_S, in only one of all workers at a time, until the context ends."""
    interval_s = settings.reconcile_interval_s
    if not interval_s:
        yield
        return
    reconciler = await open_reconciler(aws, settings, handler, quiet_s=min(MAX_QUIET_S, interval_s))
    task = asyncio.create_task(_repeat(reconciler, settings), name="reconcile")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _repeat(reconciler: Reconciler, settings: WorkerSettings) -> None:
    interval_s = settings.reconcile_interval_s
    while True:
        # The random wait spreads the workers of a deployment.
        await asyncio.sleep(interval_s * random.uniform(0.5, 1))  # noqa: S311 -- not used for secrets
        try:
            now_ms = int(time.time() * 1000)
            if await reconciler.key_table.acquire_lease(LEASE_NAME, now_ms=now_ms, until_ms=now_ms + interval_s * 1000):
                await reconcile_once(reconciler, lookback_s=settings.reconcile_lookback_s)
        except Exception as error:  # noqa: BLE001 -- the outer level of the loop: the next pass repairs the rest
            log.warning("reconcile.postponed", reason=type(error).__name__)


async def run(settings: WorkerSettings, *, lookback_s: int, quiet_s: float) -> int:
    """Reconcile once, and return the number of jobs that couldn't be repaired."""
    async with aws_of(settings) as aws:
        handler = await open_handler(aws, settings)
        reconciler = await open_reconciler(aws, settings, handler, quiet_s=quiet_s)
        counts = await reconcile_once(reconciler, lookback_s=lookback_s)
        return counts.unmended


def main() -> None:
    """Reconcile once; exit with status 1 if AWS can't be reached or a job couldn't be repaired."""
    parser = argparse.ArgumentParser(prog="python -m worker.reconcile", description=__doc__)
    parser.add_argument("--lookback-s", type=int, default=14 * 86_400, help="maximum age of the jobs, in seconds")
    parser.add_argument(
        "--quiet-s",
        type=float,
        default=MAX_QUIET_S,
        help="seconds after a job was created or ended in which it is left alone",
    )
    arguments = parser.parse_args()
    with worker_process("reconcile.unusable") as settings:
        unmended = uvloop.run(run(settings, lookback_s=arguments.lookback_s, quiet_s=arguments.quiet_s))
    sys.exit(1 if unmended else 0)
