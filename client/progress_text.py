"""A job's progress and a file's size as text and progress bars for a terminal."""

from rich.progress import Progress, TaskID

from client.api_client import Job


def draw(progress: Progress, task: TaskID, job: Job) -> None:
    """Update the job's bar; show an indeterminate bar while the percentage is unknown."""
    percent = job["progress_percent"]
    progress.update(task, completed=percent or 0, total=None if percent is None else 100, state=state(job))


def state(job: Job) -> str:
    """Return the job's status, percentage, phase and remaining time, on one line."""
    percent = "" if job["progress_percent"] is None else f"{job['progress_percent']:.0f} %"
    eta = "" if job["eta_s"] is None else f"{job['eta_s']:.0f} s left"
    return "  ".join(filter(None, [job["status"], percent, job["phase"], eta]))


def megabytes(size_bytes: int) -> str:
    """Return the size in megabytes, for people."""
    return f"{size_bytes / 1e6:.1f} MB"
