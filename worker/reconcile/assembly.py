"""The assembly of reconciliation's parts, for all ways to start it: a command, the worker's interval, or Lambda."""

import time

import structlog

from transcode.aws import Aws
from worker.batch import BatchHandler
from worker.reconcile.job_list import JobList
from worker.reconcile.plan import Limits
from worker.reconcile.reconciler import PassCounts, Reconciler
from worker.settings import WorkerSettings

MAX_QUIET_S = 60
"""Seconds after a job was created or ended in which reconciliation leaves it to its events."""

MIN_SILENCE_S = 15 * 60
"""Seconds without an event after which a running job is logged; three times the interval of events if longer."""

log = structlog.get_logger("worker.reconcile")


async def open_reconciler(
    aws: Aws, settings: WorkerSettings, handler: BatchHandler, *, quiet_s: float = MAX_QUIET_S
) -> Reconciler:
    """Return the reconciler, with the handler's own stores."""
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
        key_table=submitter.key_table,
        artifacts=applier.artifacts,
        submitter=submitter,
        applier=applier,
        limits=Limits(
            quiet_ms=round(quiet_s * 1000),
            kept_ms=settings.status_ttl_s * 1000,
            silent_ms=max(MIN_SILENCE_S, 3 * settings.status_update_interval_s) * 1000,
        ),
        clock=time.time,
    )


async def reconcile_once(reconciler: Reconciler, *, lookback_s: int) -> PassCounts:
    """Run one pass, log what it did, and return it."""
    counts = await reconciler.run(lookback_s=lookback_s)
    log.info("reconcile.done", lookback_s=lookback_s, **counts.as_mapping())
    return counts
