"""A job as the API shows it. Pure: what is not in here, no caller sees."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from service.views.bodies import ErrorOut, Job, JobStatus, OutputOut, Progress, RenditionOut, WarningOut
from service.views.followed import Followed
from transcode import job as rule
from transcode.lookup import Lookup

PLAYLIST_PREFERENCE = (".m3u8", ".mpd", ".ism")


def job_of(job: rule.Job, *, now_ms: int, playback_base_url: str | None) -> Job:
    """Return the API's view of a job."""
    return Job(
        job_id=job.job_id,
        input_file=job.input_file,
        file_name=job.file_name,
        status=JobStatus(job.status.value),
        progress_percent=job.progress_percent,
        phase=job.phase,
        eta_s=rule.eta_s(job, now_ms=now_ms),
        submitted_at=_time(job.submitted_s),
        updated_at=_time(job.updated_s),
        output=_output(job.output, playback_base_url) if job.output else None,
        error=_error(job.failure) if job.failure else None,
        warnings=_warnings(job.warnings),
    )


def awaited(lookup: Lookup) -> Job:
    """Return the API's view of a file that has no job: its object is still to come, or no job could be made of it."""
    return Job(
        job_id=None,
        input_file=lookup.input_file,
        file_name=lookup.file_name,
        status=_status_without_job(lookup),
        progress_percent=None,
        phase=None,
        eta_s=None,
        submitted_at=None,
        updated_at=_time(lookup.announced_s),
        output=None,
        error=_error(lookup.failure) if lookup.failure else None,
        warnings=[],
    )


def _status_without_job(lookup: Lookup) -> JobStatus:
    if lookup.failure:
        return JobStatus.ERROR
    return JobStatus.SUBMITTED if lookup.replaces else JobStatus.AWAITING_UPLOAD


def followed_of(followed: Followed, *, now_ms: int, playback_base_url: str | None) -> Job:
    """Return the API's view of what is known of a job or a file: always with the file that was followed."""
    job, lookup = followed.job, followed.lookup
    if job is None:
        return awaited(lookup or Lookup(input_file=""))
    if lookup is not None:
        # The job's own row may not have these yet; a client finds its file by them.
        job = replace(job, input_file=job.input_file or lookup.input_file, file_name=job.file_name or lookup.file_name)
    return job_of(job, now_ms=now_ms, playback_base_url=playback_base_url)


def progress_of(job: rule.Job, *, now_ms: int) -> Progress:
    """Return the light view of a job."""
    return Progress(
        job_id=job.job_id,
        status=JobStatus(job.status.value),
        progress_percent=job.progress_percent,
        phase=job.phase,
        eta_s=rule.eta_s(job, now_ms=now_ms),
        updated_at=_time(job.updated_s),
    )


def _output(output: rule.Output, playback_base_url: str | None) -> OutputOut:
    playlist = next((output.playlists[kind] for kind in PLAYLIST_PREFERENCE if kind in output.playlists), None)
    url = f"{playback_base_url}/{quote(output.path + playlist)}" if playback_base_url and playlist else None
    return OutputOut(
        path=output.path,
        duration_ms=output.duration_ms,
        width_px=output.width_px,
        height_px=output.height_px,
        playlists=dict(output.playlists),
        playback_url=url,
        renditions=[
            RenditionOut(
                width_px=rendition.width_px,
                height_px=rendition.height_px,
                duration_ms=rendition.duration_ms,
                playlist=rendition.playlist,
            )
            for rendition in output.renditions
        ],
    )


def _error(failure: rule.Failure) -> ErrorOut:
    return ErrorOut(code=failure.code, message=failure.message)


def _warnings(warnings: Iterable[rule.JobWarning]) -> list[WarningOut]:
    """Show each code once: COMPLETE repeats, without words, what NEW_WARNING said."""
    messages = {warning.code: warning.message for warning in sorted(warnings)}
    return [WarningOut(code=code, message=message) for code, message in messages.items()]


def _time(unix_s: int | None) -> datetime | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC)
