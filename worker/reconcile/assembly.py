"""Reconciliation, put together, for whichever door it is started by: a command, the worker's own clock, or Lambda."""

import time

import structlog

from transcode.aws import Aws
from worker.batch import BatchHandler
from worker.reconcile.job_list import JobList
from worker.reconcile.plan import Limits
from worker.reconcile.reconciler import Reconciler, Tally
from worker.settings import WorkerSettings

LONGEST_QUIET_S = 60
"""Seconds for which a job that was just made, or has just ended, is left to its events."""

SHORTEST_SILENCE_S = 15 * 60
"""Seconds without news after which a running job is told of, or three times the interval between two events."""

log = structlog.get_logger("worker.reconcile")


async def open_reconciler(
    aws: Aws, settings: WorkerSettings, handler: BatchHandler, *, quiet_s: float = LONGEST_QUIET_S
) -> Reconciler:
    """Return what reconciles, put together from the handler's own parts."""
    client = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    submitter, applier = handler.submitter, handler.applier
    return Reconciler(
        jobs=JobList(
            client,
            input_bucket=settings.input_bucket,
            queue=settings.mediaconvert_queue,
            sanitiser=handler.parser.sanitiser,
        ),
        statuses=submitter.statuses,
        lookups=submitter.lookups,
        outputs=submitter.outputs,
        artifacts=applier.artifacts,
        submitter=submitter,
        applier=applier,
        limits=Limits(
            quiet_ms=round(quiet_s * 1000),
            kept_ms=settings.status_ttl_s * 1000,
            silent_ms=max(SHORTEST_SILENCE_S, 3 * settings.status_update_interval_s) * 1000,
        ),
        clock=time.time,
    )


async def once(reconciler: Reconciler, *, lookback_s: int) -> Tally:
    """Run one pass, log what it did, and return it."""
    tally = await reconciler.run(lookback_s=lookback_s)
    log.info("reconcile.done", lookback_s=lookback_s, **tally.as_mapping())
    return tally
