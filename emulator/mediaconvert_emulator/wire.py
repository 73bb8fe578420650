"""Jobs, queues and templates as the API's JSON has them (botocore's wire names; times in seconds)."""

from mediaconvert_emulator.events import Names, output_detail, warnings_json
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.overlay import JsonObject

COMPLETE_PERCENT = 100


def job_json(job: Job, names: Names) -> JsonObject:
    """A Job. Of outputs it has duration and size only: paths are in the job's COMPLETE event."""
    body: JsonObject = {
        "arn": names.arn("jobs", job.id),
        "id": job.id,
        "status": str(job.status),
        "createdAt": _seconds(job.submitted_ms),
        "queue": names.arn("queues", job.queue),
        "priority": job.priority,
        "role": job.request["role"],
        "settings": job.settings,
        "userMetadata": job.user_metadata,
        "statusUpdateInterval": f"SECONDS_{job.status_update_interval_s}",
        "accelerationSettings": {"mode": "DISABLED"},
        "accelerationStatus": "NOT_APPLICABLE",
        "billingTagsSource": job.request.get("billingTagsSource") or "JOB",
        "simulateReservedQueue": "DISABLED",
        "messages": {"info": [], "warning": [note.text for note in job.notes]},
        "timing": _timing(job),
    }
    for name in ("clientRequestToken", "jobTemplate"):
        if job.request.get(name):
            body[name] = job.request[name]
    return body | _standing(job)


def _standing(job: Job) -> JsonObject:
    """What a Job has only in some statuses."""
    match job.status:
        case Status.PROGRESSING:
            share = job.progress.job_percent
            known = {} if share is None else {"jobPercentComplete": share}
            return {"currentPhase": str(job.progress.phase), "retryCount": 0, **known}
        case Status.COMPLETE:
            groups = [
                {"outputDetails": [output_detail(output, has_paths=False) for output in group.outputs]}
                for group in job.groups
            ]
            return {
                "jobPercentComplete": COMPLETE_PERCENT,
                "retryCount": 0,
                "outputGroupDetails": groups,
                **warnings_json(job.notes),
            }
        case Status.ERROR if job.error:
            return {"errorCode": job.error.code, "errorMessage": job.error.message, "retryCount": 0}
        case _:
            return {}


def _timing(job: Job) -> JsonObject:
    times = {"submitTime": job.submitted_ms, "startTime": job.started_ms, "finishTime": job.finished_ms}
    return {name: _seconds(time_ms) for name, time_ms in times.items() if time_ms is not None}


def queue_json(name: str, names: Names, jobs: list[Job], *, created_ms: int, concurrency: int) -> JsonObject:
    """A Queue, with its counts of `jobs`."""
    mine = [job.status for job in jobs if job.queue == name]
    return {
        "arn": names.arn("queues", name),
        "name": name,
        "type": "SYSTEM" if name == "Default" else "CUSTOM",
        "status": "ACTIVE",
        "pricingPlan": "ON_DEMAND",
        "concurrentJobs": concurrency,
        "createdAt": _seconds(created_ms),
        "lastUpdated": _seconds(created_ms),
        "submittedJobsCount": mine.count(Status.SUBMITTED),
        "progressingJobsCount": mine.count(Status.PROGRESSING),
    }


def template_json(request: JsonObject, names: Names, *, created_ms: int, updated_ms: int) -> JsonObject:
    """A JobTemplate; its settings are as they came, so they can be sent back with a job."""
    kept = {key: value for key, value in request.items() if key != "tags" and value is not None}
    return {
        "accelerationSettings": {"mode": "DISABLED"},
        "priority": 0,
        "statusUpdateInterval": "SECONDS_60",
        **kept,
        "arn": names.arn("jobTemplates", request["name"]),
        "type": "CUSTOM",
        "createdAt": _seconds(created_ms),
        "lastUpdated": _seconds(updated_ms),
    }


def _seconds(time_ms: int) -> int:
    return time_ms // 1000
