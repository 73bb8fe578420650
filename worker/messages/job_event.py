"""The parser of MediaConvert's job events: from the checked detail to the event that the rule applies. Pure."""

from transcode.job import (
    Canceled,
    Completed,
    Failed,
    Failure,
    JobEvent,
    JobWarning,
    Progressed,
    WarningRaised,
)
from worker.messages.complete_event import made_outputs, output_of
from worker.messages.events import Ignored
from worker.messages.payloads import JobDetail, JobProgress
from worker.messages.printable import printable
from worker.messages.sanitise import Sanitiser


def parse_job_event(detail: JobDetail, sanitiser: Sanitiser) -> JobEvent | Ignored:
    """Return the event of this detail; a status that changes no job is ignored."""
    job_id, time_ms, progress = detail.job_id, detail.timestamp, detail.job_progress or JobProgress()
    match detail.status:
        case "PROGRESSING":
            return Progressed(job_id=job_id, time_ms=time_ms)
        case "STATUS_UPDATE":
            percent, phase = progress.job_percent_complete, progress.current_phase
            return Progressed(job_id=job_id, time_ms=time_ms, percent=percent, phase=phase)
        case "COMPLETE":
            warnings = frozenset(JobWarning(code=warning.code) for warning in detail.warnings)
            made = tuple(made_outputs(detail))
            return Completed(job_id=job_id, time_ms=time_ms, output=output_of(detail), warnings=warnings, made=made)
        case "ERROR":
            message = sanitiser.clean(detail.error_message or "") or "The job failed."
            failure = Failure(code=detail.error_code, message=message)
            return Failed(job_id=job_id, time_ms=time_ms, failure=failure)
        case "CANCELED":
            return Canceled(job_id=job_id, time_ms=time_ms)
        case "NEW_WARNING" if detail.warning_code is not None:
            warning = JobWarning(code=detail.warning_code, message=sanitiser.clean(detail.warning_message or ""))
            return WarningRaised(job_id=job_id, time_ms=time_ms, warning=warning)
        case other:
            # INPUT_INFORMATION and QUEUE_HOP change no status, and neither do statuses that AWS may add later.
            return Ignored(reason=printable(f"status {other}"), job_id=job_id)
