"""Jobs, queues and templates in the API's JSON: botocore's wire names, times in seconds. Pure."""

from mediaconvert_emulator.events import Account, output_detail, warnings_json
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.queues import Queue

COMPLETE_PERCENT = 100
RESERVATION_S = 365 * 86_400


def job_json(job: Job, account: Account) -> JsonObject:
    """Return a Job. Its outputs have only a duration and a size; their paths are in the COMPLETE event."""
    body: JsonObject = {
        "arn": account.arn("jobs", job.id),
        "id": job.id,
        "status": str(job.status),
        "createdAt": _seconds(job.submitted_ms),
        "queue": account.arn("queues", job.queue),
        "priority": job.priority,
        "role": job.request["role"],
        "settings": job.settings,
        "userMetadata": job.user_metadata,
        "statusUpdateInterval": f"SECONDS_{job.status_update_interval_s}",
        **_acceleration(job),
        "billingTagsSource": job.request.get("billingTagsSource") or "JOB",
        "simulateReservedQueue": job.request.get("simulateReservedQueue") or "DISABLED",
        "messages": {"info": [], "warning": [*job.unused_settings, *(warning.message for warning in job.warnings)]},
        "timing": _timing(job),
    }
    for name in ("clientRequestToken", "jobTemplate", "hopDestinations"):
        if job.request.get(name):
            body[name] = job.request[name]
    if job.transitions:
        body["queueTransitions"] = [
            {
                "sourceQueue": account.arn("queues", transition.source),
                "destinationQueue": account.arn("queues", transition.destination),
                "timestamp": _seconds(transition.time_ms),
            }
            for transition in job.transitions
        ]
    return body | _status_members(job)


def _acceleration(job: Job) -> JsonObject:
    """Return the mode of the request. The emulator accelerates no job; the outputs are the same on AWS."""
    mode = (job.request.get("accelerationSettings") or {}).get("mode") or "DISABLED"
    status = "NOT_APPLICABLE" if mode == "DISABLED" else "NOT_ACCELERATED"
    return {"accelerationSettings": {"mode": mode}, "accelerationStatus": status}


def _status_members(job: Job) -> JsonObject:
    """Return the members that a Job has only in its current status."""
    match job.status:
        case Status.PROGRESSING:
            job_percent = job.progress.job_percent
            percentage = {} if job_percent is None else {"jobPercentComplete": job_percent}
            return {"currentPhase": str(job.progress.phase), "retryCount": 0, **percentage}
        case Status.COMPLETE:
            groups = [
                {"outputDetails": [output_detail(output, has_paths=False) for output in group.outputs]}
                for group in job.groups
            ]
            return {
                "jobPercentComplete": COMPLETE_PERCENT,
                "retryCount": 0,
                "outputGroupDetails": groups,
                **warnings_json(job.warnings),
            }
        case Status.ERROR if job.error:
            return {"errorCode": job.error.code, "errorMessage": job.error.message, "retryCount": 0}
        case _:
            return {}


def _timing(job: Job) -> JsonObject:
    times = {"submitTime": job.submitted_ms, "startTime": job.started_ms, "finishTime": job.finished_ms}
    return {name: _seconds(time_ms) for name, time_ms in times.items() if time_ms is not None}


def queue_json(queue: Queue, account: Account, jobs: list[Job], *, concurrency: int) -> JsonObject:
    """Return a Queue with the counts of its jobs."""
    statuses = [job.status for job in jobs if job.queue == queue.name]
    body: JsonObject = {
        "arn": account.arn("queues", queue.name),
        "name": queue.name,
        "type": "SYSTEM" if queue.is_system else "CUSTOM",
        "status": "PAUSED" if queue.is_paused else "ACTIVE",
        "pricingPlan": "RESERVED" if queue.reservation else "ON_DEMAND",
        "createdAt": _seconds(queue.created_ms),
        "lastUpdated": _seconds(queue.updated_ms),
        "submittedJobsCount": statuses.count(Status.SUBMITTED),
        "progressingJobsCount": statuses.count(Status.PROGRESSING),
    }
    if queue.description is not None:
        body["description"] = queue.description
    if queue.reservation is None:
        return body | {"concurrentJobs": concurrency if queue.concurrent_jobs is None else queue.concurrent_jobs}
    purchased = _seconds(queue.created_ms)
    return body | {
        "reservationPlan": queue.reservation
        | {"status": "ACTIVE", "purchasedAt": purchased, "expiresAt": purchased + RESERVATION_S}
    }


def preset_json(request: JsonObject, account: Account, *, created_ms: int, updated_ms: int) -> JsonObject:
    """Return a Preset."""
    return _custom_json(request, account.arn("presets", request["name"]), created_ms, updated_ms)


def template_json(request: JsonObject, account: Account, *, created_ms: int, updated_ms: int) -> JsonObject:
    """Return a JobTemplate. Its settings are those of the request, so that a job can contain them unchanged."""
    defaults: JsonObject = {
        "accelerationSettings": {"mode": "DISABLED"},
        "priority": 0,
        "statusUpdateInterval": "SECONDS_60",
    }
    return defaults | _custom_json(request, account.arn("jobTemplates", request["name"]), created_ms, updated_ms)


def _custom_json(request: JsonObject, arn: str, created_ms: int, updated_ms: int) -> JsonObject:
    members = {key: value for key, value in request.items() if key != "tags" and value is not None}
    times = {"createdAt": _seconds(created_ms), "lastUpdated": _seconds(updated_ms)}
    return members | {"arn": arn, "type": "CUSTOM"} | times


def _seconds(time_ms: int) -> int:
    return time_ms // 1000
