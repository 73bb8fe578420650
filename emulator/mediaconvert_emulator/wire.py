"""Jobs, queues and templates in the API's JSON: botocore's wire names, times in seconds. Pure."""

from mediaconvert_emulator.events import Account, output_detail, warnings_json
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject

COMPLETE_PERCENT = 100


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
        "accelerationSettings": {"mode": "DISABLED"},
        "accelerationStatus": "NOT_APPLICABLE",
        "billingTagsSource": job.request.get("billingTagsSource") or "JOB",
        "simulateReservedQueue": "DISABLED",
        "messages": {"info": [], "warning": [*job.unused_settings, *(warning.message for warning in job.warnings)]},
        "timing": _timing(job),
    }
    for name in ("clientRequestToken", "jobTemplate"):
        if job.request.get(name):
            body[name] = job.request[name]
    return body | _status_members(job)


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


def queue_json(name: str, account: Account, jobs: list[Job], *, created_ms: int, concurrency: int) -> JsonObject:
    """Return a Queue with the counts of its jobs."""
    statuses = [job.status for job in jobs if job.queue == name]
    return {
        "arn": account.arn("queues", name),
        "name": name,
        "type": "SYSTEM" if name == "Default" else "CUSTOM",
        "status": "ACTIVE",
        "pricingPlan": "ON_DEMAND",
        "concurrentJobs": concurrency,
        "createdAt": _seconds(created_ms),
        "lastUpdated": _seconds(created_ms),
        "submittedJobsCount": statuses.count(Status.SUBMITTED),
        "progressingJobsCount": statuses.count(Status.PROGRESSING),
    }


def template_json(request: JsonObject, account: Account, *, created_ms: int, updated_ms: int) -> JsonObject:
    """Return a JobTemplate. Its settings are those of the request, so that a job can contain them unchanged."""
    members = {key: value for key, value in request.items() if key != "tags" and value is not None}
    return {
        "accelerationSettings": {"mode": "DISABLED"},
        "priority": 0,
        "statusUpdateInterval": "SECONDS_60",
        **members,
        "arn": account.arn("jobTemplates", request["name"]),
        "type": "CUSTOM",
        "createdAt": _seconds(created_ms),
        "lastUpdated": _seconds(updated_ms),
    }


def _seconds(time_ms: int) -> int:
    return time_ms // 1000
