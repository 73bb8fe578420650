"""Reconciliation, as it is started: `python -m worker.reconcile` once, or on a schedule inside the workers.

It mends what lost events leave behind: jobs that MediaConvert has ended while our rows don't know, and jobs that
were made while none of our rows was written.
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
from worker.reconcile.assembly import LONGEST_QUIET_S, once, open_reconciler
from worker.reconcile.reconciler import Reconciler
from worker.settings import WorkerSettings
from worker.startup import worker_process

TURN = "reconcile"

log = structlog.get_logger("worker.reconcile")


@contextlib.asynccontextmanager
async def reconciling(aws: Aws, settings: WorkerSettings, handler: BatchHandler) -> AsyncIterator[None]:
    """Reconcile every RECONCILE_INTERVAL_S for as long as the context, in turn with all other workers."""
    interval_s = settings.reconcile_interval_s
    if not interval_s:
        yield
        return
    reconciler = await open_reconciler(aws, settings, handler, quiet_s=min(LONGEST_QUIET_S, interval_s))
    task = asyncio.create_task(_repeat(reconciler, settings), name="reconcile")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _repeat(reconciler: Reconciler, settings: WorkerSettings) -> None:
    interval_s = settings.reconcile_interval_s
    while True:
        # Not all workers of a deployment at once.
        await asyncio.sleep(interval_s * random.uniform(0.5, 1))  # noqa: S311 -- not for secrets
        try:
            now_ms = int(time.time() * 1000)
            if await reconciler.outputs.take_turn(TURN, now_ms=now_ms, until_ms=now_ms + interval_s * 1000):
                await once(reconciler, lookback_s=settings.reconcile_lookback_s)
        except Exception as error:  # noqa: BLE001 -- the edge of the loop: the next pass does what this one couldn't
            log.warning("reconcile.postponed", reason=type(error).__name__)


async def run(settings: WorkerSettings, *, lookback_s: int, quiet_s: float) -> int:
    """Reconcile once; return the number of jobs that couldn't be mended."""
    async with aws_of(settings) as aws:
        handler = await open_handler(aws, settings)
        tally = await once(await open_reconciler(aws, settings, handler, quiet_s=quiet_s), lookback_s=lookback_s)
        return tally.unmended


def main() -> None:
    """Reconcile once; exit with 1 if AWS can't be reached or a job couldn't be mended."""
    parser = argparse.ArgumentParser(prog="python -m worker.reconcile", description=__doc__)
    parser.add_argument("--lookback-s", type=int, default=14 * 86_400, help="age of the oldest jobs, in seconds")
    parser.add_argument(
        "--quiet-s", type=float, default=LONGEST_QUIET_S, help="leave jobs alone so long after they were made or ended"
    )
    arguments = parser.parse_args()
    with worker_process("reconcile.unusable") as settings:
        failed = uvloop.run(run(settings, lookback_s=arguments.lookback_s, quiet_s=arguments.quiet_s))
    sys.exit(1 if failed else 0)
