"""The assembly of reconciliation's parts, for all ways to start it: a command, the worker's interval, or Lambda."""

import time

from transcode.aws import Aws
from worker.deliveries import DeliveryHandler
from worker.reconcile.job_list import JobList
from worker.reconcile.job_reader import JobReader
from worker.reconcile.list_pass import ListPass
from worker.reconcile.open_jobs import OpenJobs
from worker.reconcile.open_pass import OpenPass
from worker.reconcile.overdue import overdue_after_s
from worker.reconcile.plan import Limits
from worker.reconcile.repair import Repairer
from worker.settings import WorkerSettings

MAX_QUIET_S = 60
"""Seconds after a job was created or ended in which reconciliation leaves it to its events."""

MIN_SILENCE_S = 15 * 60
"""Seconds without an event after which a running job is logged; three times the interval of events if longer."""

MIN_LEASE_S, MAX_LEASE_S = 10, 300
"""Seconds for which a pass may hold its lease. If its process dies, no pass can start for that time at most."""

PASS_SHARE = 0.8
"""The part of the lease after which a pass ends by itself. The rest is for clocks that differ."""


def lease_s(settings: WorkerSettings) -> float:
    """Return the seconds for which a pass may hold its lease: the interval between two passes, within limits."""
    return min(MAX_LEASE_S, max(MIN_LEASE_S, settings.reconcile_interval_s or MAX_LEASE_S))


async def open_pass(aws: Aws, settings: WorkerSettings, handler: DeliveryHandler, *, quiet_s: float | None) -> OpenPass:
    """Return the pass through the index of open jobs, with the handler's own stores."""
    client = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    overdue_s = settings.reconcile_overdue_s
    if overdue_s is None:
        overdue_s = overdue_after_s(settings.status_update_interval_s)
    return OpenPass(
        open_jobs=_open_jobs(handler),
        jobs=JobReader(
            client,
            input_bucket=settings.input_bucket,
            sanitiser=handler.parser.sanitiser,
            follow=handler.parser.follow,
        ),
        repairer=_repairer(settings, handler, quiet_s=quiet_s),
        overdue_s=overdue_s,
        calls_per_s=settings.reconcile_calls_per_s,
        limit_s=PASS_SHARE * lease_s(settings),
        clock=time.time,
        announcer=handler.announcer,
    )


async def open_list_pass(
    aws: Aws, settings: WorkerSettings, handler: DeliveryHandler, *, quiet_s: float | None
) -> ListPass:
    """Return the pass through MediaConvert's list of jobs, with the handler's own stores."""
    client = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    return ListPass(
        jobs=JobList(
            client,
            input_bucket=settings.input_bucket,
            queue=settings.mediaconvert_queue,
            sanitiser=handler.parser.sanitiser,
        ),
        open_jobs=_open_jobs(handler),
        repairer=_repairer(settings, handler, quiet_s=quiet_s),
        clock=time.time,
    )


def _open_jobs(handler: DeliveryHandler) -> OpenJobs:
    statuses = handler.submitter.statuses
    return OpenJobs(statuses.client, statuses.table)


def _repairer(settings: WorkerSettings, handler: DeliveryHandler, *, quiet_s: float | None) -> Repairer:
    submitter, applier = handler.submitter, handler.applier
    if quiet_s is None:
        quiet_s = min(MAX_QUIET_S, settings.reconcile_interval_s or MAX_QUIET_S)
    return Repairer(
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
