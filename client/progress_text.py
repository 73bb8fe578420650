"""A job's progress and a file's size as text and bars for a terminal."""

from rich.progress import Progress, TaskID

from client.api_client import Job


def draw(progress: Progress, task: TaskID, job: Job) -> None:
    """Show the job as a bar; one without end where its percentage isn't known."""
    percent = job["progress_percent"]
    progress.update(task, completed=percent or 0, total=None if percent is None else 100, state=state(job))


def state(job: Job) -> str:
    """Return where the job stands, in a line."""
    percent = "" if job["progress_percent"] is None else f"{job['progress_percent']:.0f} %"
    eta = "" if job["eta_s"] is None else f"{job['eta_s']:.0f} s left"
    return "  ".join(filter(None, [job["status"], percent, job["phase"], eta]))


def megabytes(size_bytes: int) -> str:
    """Return the length as people read it."""
    return f"{size_bytes / 1e6:.1f} MB"
