"""The monthly bill, line by line: counts times assumptions times prices. Pure."""

from dataclasses import dataclass
from typing import Literal

from deploy.cost import aws_call_counts as counts
from deploy.cost import prices
from deploy.cost.workload import Workload

Target = Literal["lambda", "fargate"]
QUEUES = 3
POLLS_PER_MINUTE = 3
"""Number of long polls per minute that one poller makes on an empty queue."""
LAMBDA_POLLERS = 5
"""Number of Lambda's pollers for an idle queue."""
WORKER_POLLERS = 2
"""Number of pollers of a worker (the setting POLLERS)."""
LONG_POLL_GAP_S = 2
"""Pause of the page between two long polls, where it can't use streams."""
MONTH_DAYS = 30
PASSES_PER_HOUR = 12
"""Reconcile passes, one every five minutes."""
MEASUREMENTS_PER_HOUR = 120
"""Measurements of the queues, one every half a minute. On Lambda there are fewer: only invocations measure."""
UTILIZATION = 0.7
"""Target utilization of the first version's table autoscaling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of the bill."""

    name: str
    usd: float


def bill(load: Workload, target: Target) -> list[BillLine]:
    """Return all lines, in the order in which a video uses the services."""
    return [
        BillLine(name="MediaConvert", usd=load.minutes * counts.NORMALIZED * prices.NORMALIZED_MINUTE.usd),
        BillLine(name="S3: storage", usd=load.stored_gb * prices.S3_GB.usd),
        BillLine(name="S3: requests", usd=_bucket_requests(load)),
        BillLine(name="CloudFront: data", usd=prices.transfer_usd(load.sent_gb)),
        BillLine(name="CloudFront: requests", usd=_edge_requests(load, target) * prices.CLOUDFRONT_REQUEST.usd),
        BillLine(name="Firewall", usd=_firewall(load, target)),
        BillLine(name="DynamoDB", usd=_tables(load)),
        BillLine(name="SQS", usd=_queues(load, target)),
        BillLine(name="EventBridge", usd=load.uploads * prices.S3_EVENT.usd),
        *(_functions(load) if target == "lambda" else _containers(load)),
        BillLine(name="KMS requests", usd=_kms_requests(load, target) * prices.KMS_REQUEST.usd),
        BillLine(name="Logs", usd=load.uploads * counts.LOG_BYTES_PER_UPLOAD / 1e9 * prices.LOG_GB.usd),
        *(_logs_of_aws(load) if target == "lambda" else []),
        BillLine(name="Alarms, metrics, dashboard", usd=_watching(target)),
        *([BillLine(name="Secrets Manager", usd=prices.SECRET.usd)] if target == "lambda" else []),
    ]


def first_version(load: Workload) -> list[BillLine]:
    """Return the first version's bill for the same videos; it has no API, page, queues or alarms."""
    status_writes = load.uploads * (1 + 1 + load.updates + 1)
    other_writes = load.uploads * 2
    functions_gb_s = load.uploads * (load.submit_s + (3 + load.updates) * load.event_s) * load.worker_memory_gb
    invocations = load.uploads * (4 + load.updates)
    return [
        *(line for line in bill(load, "lambda") if line.name in SHARED),
        BillLine(
            name="DynamoDB",
            usd=_provisioned(status_writes) + _provisioned(other_writes / 2) + _provisioned(other_writes / 2),
        ),
        BillLine(name="EventBridge", usd=load.uploads * prices.S3_EVENT.usd),
        BillLine(
            name="Lambda",
            usd=invocations * prices.LAMBDA_REQUEST.usd + functions_gb_s * prices.LAMBDA_X86_GB_S.usd,
        ),
        BillLine(name="Autoscaling's alarms", usd=counts.FIRST_VERSION_ALARMS * prices.ALARM_METRIC.usd),
    ]


SHARED = ("MediaConvert", "S3: storage", "S3: requests", "CloudFront: data")
"""Names of the lines that every system has, as they pay for the video itself."""


def storage_usd(load: Workload, *, month: int, input_days: int = 0, output_days: int = 0) -> float:
    """Return what the objects of a month cost that are stored at its end, `month` months after the first upload.

    `input_days` and `output_days` are the parameters InputExpirationDays and OutputExpirationDays; 0 keeps everything.
    """
    uploaded = load.uploaded_gb * min(month, input_days / MONTH_DAYS if input_days else month)
    outputs = load.output_gb * min(month, output_days / MONTH_DAYS if output_days else month)
    return (uploaded + outputs) * prices.S3_GB.usd


def announcements_usd(load: Workload) -> tuple[float, float]:
    """Return what the announcements of a month cost: as events, and as webhooks to one endpoint. No bill has them."""
    announced = load.uploads * counts.ANNOUNCEMENTS
    marks_usd = counts.ANNOUNCEMENT_WRITES * prices.WRITE_UNIT.usd
    webhook_usd = counts.MESSAGE_SQS_REQUESTS * prices.SQS_REQUEST.usd
    return announced * (prices.CUSTOM_EVENT.usd + marks_usd), announced * (webhook_usd + marks_usd)


def idle_endpoint_usd(target: Target) -> float:
    """Return what the polls of one endpoint's queue cost in a month, also without a webhook."""
    pollers = LAMBDA_POLLERS if target == "lambda" else 1
    return pollers * POLLS_PER_MINUTE * 60 * prices.HOURS * prices.SQS_REQUEST.usd


def total(lines: list[BillLine]) -> float:
    """Return the sum."""
    return sum(line.usd for line in lines)


def _bucket_requests(load: Workload) -> float:
    segments = load.minutes * 60 / counts.SEGMENT_S
    playlists = load.uploads * (counts.RENDITIONS + 1)
    puts = segments * counts.RENDITIONS + playlists + load.uploads * (1 + counts.COMPLETE_PUTS)
    gets = segments * load.views * load.misses
    return puts * prices.S3_PUT.usd + gets * prices.S3_GET.usd


def _edge_requests(load: Workload, target: Target) -> float:
    segments = load.minutes * 60 / counts.SEGMENT_S * load.views
    playlists_and_key = load.uploads * load.views * 3
    return segments + playlists_and_key + load.uploads * _api_requests(load, target)


def _firewall(load: Workload, target: Target) -> float:
    """Return the price of the web ACL, which an open deployment has by default."""
    return (
        prices.WEB_ACL.usd
        + counts.FIREWALL_RULES * prices.WEB_ACL_RULE.usd
        + _edge_requests(load, target) * prices.WEB_ACL_REQUEST.usd
    )


def _api_requests(load: Workload, target: Target) -> float:
    """Return the number of API requests for one upload: its creation, its progress, and the job for the player."""
    watching = load.job_s / (load.update_interval_s + LONG_POLL_GAP_S) if target == "lambda" else 1
    return 1 + watching + 1


def _writes(load: Workload) -> float:
    """Return the number of writes for one upload."""
    return (
        counts.ANNOUNCE_WRITES
        + counts.SUBMIT_WRITES
        + (1 + load.updates) * counts.EVENT_WRITES
        + counts.COMPLETE_WRITES
        + counts.OPEN_INDEX_WRITES
        + counts.LIST_INDEX_WRITES
    )


def _reads(load: Workload) -> float:
    """Return the number of reads for one upload with one watcher."""
    near_s = min(load.job_s, counts.WATCH_NEAR_NEWS_S)
    watched = near_s * counts.WATCH_READS_NEAR_NEWS_PER_S + (load.job_s - near_s) * counts.WATCH_READS_PER_S
    watcher_reads = watched + 2 * counts.FILE_LOOK_READS
    return counts.SUBMIT_READS + counts.COMPLETE_READS + watcher_reads


def _tables(load: Workload) -> float:
    writes, reads = _writes(load), _reads(load)
    kept_gb = load.uploads * 3 * counts.ROW_BYTES / 1e9
    return (
        load.uploads * (writes * prices.WRITE_UNIT.usd + reads * prices.READ_UNIT.usd)
        + kept_gb * prices.TABLE_GB.usd
        + _reconcile_passes()
        + _measurements()
    )


def _kms_requests(load: Workload, target: Target) -> float:
    """Return the number of KMS requests: at most one for each request to a table, and few for a busy connection."""
    if target == "lambda":
        worker_s, service_s, held_s = _function_seconds(load)
        connections = 1 + load.uploads * (worker_s + service_s + held_s) / (prices.HOURS * 3_600)
    else:
        connections = sum(tasks(load)) * counts.TASK_CONNECTIONS
    refreshes = connections * counts.KMS_TABLES * counts.KMS_REQUESTS_PER_HOUR * prices.HOURS
    return min(load.uploads * (_writes(load) + _reads(load)), refreshes)


def _logs_of_aws(load: Workload) -> list[BillLine]:
    """Return what API Gateway and Lambda log by themselves."""
    requests = _api_requests(load, "lambda")
    api_gb = load.uploads * requests * counts.API_LOG_BYTES / 1e9
    lambda_gb = load.uploads * (requests + load.messages) * counts.LAMBDA_LOG_BYTES / 1e9
    return [
        BillLine(name="Logs: API Gateway's access log", usd=api_gb * prices.LOG_GB.usd),
        BillLine(name="Logs: Lambda's own lines", usd=lambda_gb * prices.LOG_GB.usd),
    ]


def _reconcile_passes() -> float:
    """Return the DynamoDB cost of a month's reconcile passes while few jobs are open."""
    passes = prices.HOURS * PASSES_PER_HOUR
    reads = counts.PASS_QUERIES / 2
    return passes * (reads * prices.READ_UNIT.usd + counts.PASS_LEASE_WRITES * prices.WRITE_UNIT.usd)


def _measurements() -> float:
    """Return the DynamoDB cost of a month's measurements of the queues."""
    each = counts.MEASURE_READS * prices.READ_UNIT.usd + counts.MEASURE_WRITES * prices.WRITE_UNIT.usd
    return prices.HOURS * MEASUREMENTS_PER_HOUR * each


def _queues(load: Workload, target: Target) -> float:
    pollers = LAMBDA_POLLERS if target == "lambda" else WORKER_POLLERS
    idle = QUEUES * pollers * POLLS_PER_MINUTE * 60 * prices.HOURS
    sent_received_deleted = counts.MESSAGE_SQS_REQUESTS * load.messages * load.uploads
    measured = prices.HOURS * MEASUREMENTS_PER_HOUR * counts.MEASURE_SQS_REQUESTS
    return (idle + measured + sent_received_deleted) * prices.SQS_REQUEST.usd


def _function_seconds(load: Workload) -> tuple[float, float, float]:
    """Return the seconds of one upload: of the worker's function, of the service's, and of held long polls."""
    worker_s = load.submit_s + (load.messages - 1) * load.event_s
    held_s = load.job_s * load.update_interval_s / (load.update_interval_s + LONG_POLL_GAP_S)
    return worker_s, _api_requests(load, "lambda") * load.request_s, held_s


def _functions(load: Workload) -> list[BillLine]:
    worker_s, service_s, held_s = _function_seconds(load)
    requests = _api_requests(load, "lambda")
    gb_s_usd = load.uploads * prices.LAMBDA_ARM_GB_S.usd
    invocations_usd = load.uploads * prices.LAMBDA_REQUEST.usd
    return [
        BillLine(
            name="Lambda: worker",
            usd=load.messages * invocations_usd + worker_s * load.worker_memory_gb * gb_s_usd,
        ),
        BillLine(
            name="Lambda: service",
            usd=requests * invocations_usd + service_s * load.service_memory_gb * gb_s_usd,
        ),
        BillLine(name="Lambda: held long polls", usd=held_s * load.service_memory_gb * gb_s_usd),
        BillLine(name="API Gateway", usd=load.uploads * requests * prices.HTTP_API_REQUEST.usd),
    ]


def _containers(load: Workload) -> list[BillLine]:
    task_usd = prices.HOURS * (0.25 * prices.VCPU_HOUR.usd + 0.5 * prices.TASK_GB_HOUR.usd)
    service_tasks, worker_tasks = tasks(load)
    balancer_usd = prices.HOURS * (prices.BALANCER_HOUR.usd + prices.BALANCER_UNIT_HOUR.usd)
    return [
        BillLine(name="Fargate: service", usd=service_tasks * task_usd),
        BillLine(name="Fargate Spot: worker", usd=worker_tasks * task_usd * prices.SPOT_SHARE.usd),
        BillLine(name="Load balancer", usd=balancer_usd),
        BillLine(name="Public addresses", usd=(service_tasks + worker_tasks) * prices.HOURS * prices.ADDRESS_HOUR.usd),
    ]


STREAMS_PER_TASK = 2_000
MESSAGES_PER_S_AND_TASK = 50
PEAK_FACTOR = 4
"""Ratio of the busiest hour's load to the average load."""


def tasks(load: Workload) -> tuple[int, int]:
    """Return the number of the service's tasks and of the worker's in the busiest hour."""
    month_s = prices.HOURS * 3_600
    streams = load.uploads * load.job_s / month_s * PEAK_FACTOR
    messages_per_s = load.uploads * load.messages / month_s * PEAK_FACTOR
    return max(2, -int(-streams // STREAMS_PER_TASK)), max(1, -int(-messages_per_s // MESSAGES_PER_S_AND_TASK))


def _watching(target: Target) -> float:
    metrics = counts.ALARM_METRICS[target] + counts.SCALING_METRICS[target] + counts.ROLLBACK_METRICS[target]
    return (
        metrics * prices.ALARM_METRIC.usd
        + counts.METRICS_OF_OUR_OWN * prices.METRIC.usd
        + prices.DASHBOARD.usd
        + prices.KMS_KEY.usd
    )


def _provisioned(writes: float) -> float:
    units = max(1, writes / (prices.HOURS * 3_600) / UTILIZATION)
    return prices.HOURS * (units * prices.WCU_HOUR.usd + prices.RCU_HOUR.usd)
