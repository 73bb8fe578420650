"""A job's progress and a file's size as text and progress bars for a terminal."""

from rich.progress import Progress, TaskID

from mediaconvert_status_client.api_types import Job


def draw(progress: Progress, task: TaskID, job: Job) -> None:
    """Update the job's bar; show an indeterminate bar while the percentage is unknown."""
    percent = job["progress_percent"]
    progress.update(task, completed=percent or 0, total=None if percent is None else 100, state=state(job))


def state(job: Job) -> str:
    """Return the job's status, place in the queue, percentage, phase and remaining time, on one line."""
    percent = "" if job["progress_percent"] is None else f"{job['progress_percent']:.0f} %"
    eta = "" if job["eta_s"] is None else f"{job['eta_s']:.0f} s left"
    status = "Canceling…" if job.get("cancel_requested") else job["status"]
    return "  ".join(filter(None, [status, _place(job), percent, job["phase"], eta]))


def changing(job: Job) -> tuple[object, ...]:
    """Return the values of which a change is worth a line of a log; the estimates of time change too often."""
    place = job.get("queue")
    ahead = place["ahead"] if place else None
    return job["status"], job.get("cancel_requested"), ahead, job["progress_percent"], job["phase"]


def _place(job: Job) -> str:
    """Return the number of files ahead of a waiting one; older deployments have no places."""
    place = job.get("queue")
    if place is None:
        return ""
    wait = "" if place["eta_s"] is None else f", about {place['eta_s']:.0f} s"
    return f"{place['ahead']} ahead{wait}"


def megabytes(size_bytes: int) -> str:
    """Return the size in megabytes, for people."""
    return f"{size_bytes / 1e6:.1f} MB"
