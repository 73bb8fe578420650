"""The needs of each scale (AWS quotas, tasks, dollars), and the scale at which each limit is reached."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.scale.simulated_aws import Limits
from deploy.cost import prices
from deploy.cost.monthly_bill import MESSAGES_PER_S_AND_TASK, PEAK_FACTOR, STREAMS_PER_TASK, bill, tasks, total
from deploy.cost.workload import Workload
from local import cloudformation_template as templates
from transcode.outbox import OPEN_SHARDS
from worker.settings import WorkerSettings
from worker.submission.pace import MAX_RATE_PER_S

DEFAULTS = {name: field.default for name, field in WorkerSettings.model_fields.items()}
UPLOADS_A_MONTH = 20_000
"""Uploads of scale 1."""
SCALES = (1, 10, 50, 100, 1_000)
MONTH_S = prices.HOURS * 3_600
VIDEO = frozenset({"MediaConvert", "S3: storage", "S3: requests", "CloudFront: data", "CloudFront: requests"})
"""Lines of the bill that pay for the video itself."""

OLD_RATE = (2.0, 100)
"""MediaConvert's calls a second, and calls at once, about 2018. AWS publishes no later ones that we could read."""
OLD_CONCURRENT_JOBS = 200
"""MediaConvert's default of concurrent jobs in large Regions; 100 in others."""
PARTITION_WRITES_PER_S = 1_000
"""DynamoDB's write units a second of one partition key."""
FARGATE = Path(__file__).resolve().parents[2] / "infra" / "fargate.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The needs of one scale in its busiest hour, which has four times the average load."""

    scale: int
    uploads: int
    """Uploads a month."""
    peak_per_s: float
    """Uploads a second."""
    calls_per_s: int
    """MediaConvert's calls a second: CreateJob, and those of reconciliation and of the queue's reading."""
    concurrent_jobs: int
    service_tasks: int
    worker_tasks: int
    submitters: int
    """The setting SUBMITTERS."""
    backlog: int
    """The setting MEDIACONVERT_BACKLOG."""
    usd: float
    own_usd: float
    """Dollars without the video itself."""


OTHER_CALLS_PER_S = 1.0
"""MediaConvert's calls a second besides CreateJob: GetJob of reconciliation (0.5 at most), GetQueue."""
HEADROOM = 1.2
"""Quota in proportion to the use in the busiest hour."""


JOBS_PER_S_AND_SUBMITTER = int(MAX_RATE_PER_S)
"""Jobs a second that one submitter creates at most. Its calls overlap, so it doesn't matter how long they take."""
BACKLOG_S = 10
"""Seconds of CreateJob at its full rate in MediaConvert's queue. The submitters count its jobs every few seconds, and
assume that none has started in between, so a smaller backlog would limit their rate."""


def submission_settings(jobs_per_s: float) -> tuple[int, int]:
    """Return SUBMITTERS and MEDIACONVERT_BACKLOG for this rate of CreateJob, or their defaults if these are enough."""
    submitters = math.ceil(jobs_per_s / JOBS_PER_S_AND_SUBMITTER)
    backlog = math.ceil(jobs_per_s * BACKLOG_S)
    return max(DEFAULTS["submitters"], submitters), max(DEFAULTS["mediaconvert_backlog"], backlog)


def workload(scale: float) -> Workload:
    """Return the load of a scale."""
    minutes = UPLOADS_A_MONTH * scale * Workload(minutes=0).video_minutes
    return Workload(minutes=round(minutes))


def peak_per_s(scale: float) -> float:
    """Return the uploads a second of the busiest hour."""
    return UPLOADS_A_MONTH * scale / MONTH_S * PEAK_FACTOR


def need(scale: int) -> Need:
    """Return what the scale needs."""
    load = workload(scale)
    service_tasks, worker_tasks = tasks(load)
    submitters, backlog = submission_settings(peak_per_s(scale) * HEADROOM)
    lines = bill(load, "fargate")
    return Need(
        scale=scale,
        uploads=UPLOADS_A_MONTH * scale,
        peak_per_s=peak_per_s(scale),
        calls_per_s=math.ceil(peak_per_s(scale) * HEADROOM + OTHER_CALLS_PER_S),
        concurrent_jobs=math.ceil(peak_per_s(scale) * load.job_s * HEADROOM),
        service_tasks=service_tasks,
        worker_tasks=worker_tasks,
        submitters=submitters,
        backlog=backlog,
        usd=total(lines),
        own_usd=sum(line.usd for line in lines if line.name not in VIDEO),
    )


def needed_limits(scale: int) -> Limits:
    """Return MediaConvert's limits that the scale needs."""
    needs = need(scale)
    return Limits(
        calls_per_s=max(OLD_RATE[0], needs.calls_per_s),
        burst=OLD_RATE[1],
        concurrent_jobs=max(OLD_CONCURRENT_JOBS, needs.concurrent_jobs),
        job_s=workload(scale).job_s,
    )


def old_limits() -> Limits:
    """Return MediaConvert's limits of an account that never had them raised."""
    return Limits(
        calls_per_s=OLD_RATE[0],
        burst=OLD_RATE[1],
        concurrent_jobs=OLD_CONCURRENT_JOBS,
        job_s=Workload(minutes=0).job_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A limit, the scale at which the busiest hour reaches it, and what happens then."""

    limit: str
    figure: str
    scale: float
    effect: str
    remedy: str


def breaks() -> list[Break]:
    """Return the limits of a deployment whose parameters and quotas are the defaults, the first one first."""
    parameters = fargate_defaults()
    per_s = peak_per_s(1)
    load = workload(1)
    found = [
        Break(
            limit="MediaConvert's concurrent jobs",
            figure=f"C = {OLD_CONCURRENT_JOBS}",
            scale=OLD_CONCURRENT_JOBS / (per_s * load.job_s),
            effect="uploads wait for MediaConvert, and the page shows their place",
            remedy="raise the quota of concurrent jobs",
        ),
        Break(
            limit="MediaConvert's calls a second",
            figure=f"R = {OLD_RATE[0]:g}",
            scale=(OLD_RATE[0] - OTHER_CALLS_PER_S) / per_s,
            effect="CreateJob is throttled, uploads wait in the submission queue",
            remedy="raise the quota of calls",
        ),
        Break(
            limit="the submitters",
            figure=f"`Submitters` = {DEFAULTS['submitters']}, {JOBS_PER_S_AND_SUBMITTER} jobs/s each",
            scale=DEFAULTS["submitters"] * JOBS_PER_S_AND_SUBMITTER / per_s,
            effect="uploads wait in the submission queue, although MediaConvert would accept them",
            remedy="raise `Submitters`",
        ),
        Break(
            limit="the jobs that may wait in MediaConvert",
            figure=f"`MediaConvertBacklog` = {DEFAULTS['mediaconvert_backlog']}",
            scale=DEFAULTS["mediaconvert_backlog"] / BACKLOG_S / per_s,
            effect="the submitters hold back more than they must",
            remedy="raise `MediaConvertBacklog` to ten seconds of CreateJob",
        ),
        Break(
            limit="the worker's tasks",
            figure=f"`WorkerMaxTasks` = {parameters['WorkerMaxTasks']}, {MESSAGES_PER_S_AND_TASK} messages/s each",
            scale=int(parameters["WorkerMaxTasks"]) * MESSAGES_PER_S_AND_TASK / (per_s * load.messages),
            effect="job events wait in their queue, and progress is late",
            remedy="raise `WorkerMaxTasks`",
        ),
        Break(
            limit="streams of progress",
            figure=f"`ServiceMaxTasks` = {parameters['ServiceMaxTasks']}, {STREAMS_PER_TASK:,} streams each",
            scale=int(parameters["ServiceMaxTasks"]) * STREAMS_PER_TASK / (per_s * load.job_s),
            effect="503 with Retry-After for further streams, and the page polls",
            remedy="raise `ServiceMaxTasks`",
        ),
        Break(
            limit="writes of the index of open jobs",
            figure=f"{OPEN_SHARDS} keys of {PARTITION_WRITES_PER_S:,} write units/s",
            scale=OPEN_SHARDS * PARTITION_WRITES_PER_S / (per_s * 2),
            effect="DynamoDB throttles the first and the last write of a job",
            remedy="more shards (`OPEN_SHARDS`)",
        ),
    ]
    return sorted(found, key=lambda each: each.scale)


def fargate_defaults() -> Mapping[str, Any]:
    """Return the defaults of the Fargate template's parameters."""
    parameters = templates.parse(FARGATE.read_text(encoding="utf-8"))["Parameters"]
    return {name: each["Default"] for name, each in json.loads(json.dumps(parameters)).items() if "Default" in each}
