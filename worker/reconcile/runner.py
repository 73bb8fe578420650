"""The start of reconciliation: once with `python -m worker.reconcile`, or periodically inside the workers.

Reconciliation repairs the effects of lost events: jobs that ended in MediaConvert but not in our rows. It asks
MediaConvert about open jobs that have had no event for too long. With --list, it checks all of MediaConvert's newest
jobs instead, and also finds jobs that were created although none of our rows was written.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from functools import partial

import structlog
import uvloop

from transcode.aws import Aws
from transcode.startup import aws_of
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.reconcile.assembly import lease_s, open_list_pass, open_pass
from worker.reconcile.exclusive import run_exclusively
from worker.settings import WorkerSettings
from worker.startup import worker_process
from worker.turns import Turns

TURN_NAME = "reconcile"
"""The lease of the worker that runs the next pass, for the whole interval between two passes."""

log = structlog.get_logger("worker.reconcile")


@contextlib.asynccontextmanager
async def reconcile_periodically(aws: Aws, settings: WorkerSettings, handler: DeliveryHandler) -> AsyncIterator[None]:
    """Reconcile once per RECONCILE_INTERVAL_S, in only one of all workers at a time, until the context ends."""
    if not settings.reconcile_interval_s:
        yield
        return
    each_pass = await open_pass(aws, settings, handler, quiet_s=None)
    key_table = each_pass.repairer.key_table
    turns = Turns(
        name=TURN_NAME,
        interval_s=settings.reconcile_interval_s,
        key_table=key_table,
        work=partial(run_exclusively, each_pass, key_table, lease_s=lease_s(settings), clock=time.time),
        log_failure=_log_postponed,
    )
    task = asyncio.create_task(turns.take_repeatedly(), name="reconcile")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _log_postponed(error: Exception) -> None:
    log.warning("reconcile.postponed", reason=type(error).__name__)


async def run(settings: WorkerSettings, *, quiet_s: float | None) -> int:
    """Check the overdue jobs once, and return the number of jobs that couldn't be repaired."""
    async with aws_of(settings) as aws:
        handler = await open_handler(aws, settings)
        each_pass = await open_pass(aws, settings, handler, quiet_s=quiet_s)
        key_table = handler.submitter.key_table
        counts = await run_exclusively(each_pass, key_table, lease_s=lease_s(settings), clock=time.time)
        return counts.unmended if counts else 0


async def run_list(settings: WorkerSettings, *, lookback_s: int, quiet_s: float | None) -> int:
    """Check the jobs of MediaConvert's list once, and return the number of jobs that couldn't be repaired."""
    async with aws_of(settings) as aws:
        list_pass = await open_list_pass(aws, settings, await open_handler(aws, settings), quiet_s=quiet_s)
        counts = await list_pass.run(lookback_s=lookback_s)
        log.info("reconcile.done", lookback_s=lookback_s, **counts.as_mapping())
        return counts.unmended


def main() -> None:
    """Reconcile once; exit with status 1 if AWS can't be reached or a job couldn't be repaired."""
    parser = argparse.ArgumentParser(prog="python -m worker.reconcile", description=__doc__)
    parser.add_argument("--overdue-s", type=int, help="seconds without an event after which MediaConvert is asked")
    parser.add_argument("--list", action="store_true", help="check all jobs that MediaConvert lists")
    parser.add_argument("--lookback-s", type=int, help="maximum age of the listed jobs, in seconds")
    parser.add_argument(
        "--quiet-s", type=float, help="seconds after a job was created or ended in which it is left alone"
    )
    options = parser.parse_args()
    if options.lookback_s is not None and not options.list:
        parser.error("--lookback-s needs --list: without it, the age of a job doesn't matter")
    with worker_process("reconcile.unusable") as settings:
        if options.list:
            lookback_s = options.lookback_s or settings.reconcile_lookback_s
            unmended = uvloop.run(run_list(settings, lookback_s=lookback_s, quiet_s=options.quiet_s))
        else:
            if options.overdue_s is not None:
                settings = settings.model_copy(update={"reconcile_overdue_s": options.overdue_s})  # noqa: PLW2901
            unmended = uvloop.run(run(settings, quiet_s=options.quiet_s))
    sys.exit(1 if unmended else 0)
