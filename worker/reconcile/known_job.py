"""A job as MediaConvert's API tells of it, read for reconciliation: what its lost event would have said.

Pure. The API gives of a finished job's outputs only length and size, in the order of the job's settings; their names
follow from the settings' destinations and name modifiers, and must be looked for in S3 before anybody is told of them.
https://docs.aws.amazon.com/mediaconvert/latest/ug/output-file-names-and-paths.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from transcode.job import FINAL, Canceled, Completed, Failed, Failure, JobWarning, Output, Status
from worker.messages.complete_event import output_of
from worker.messages.parser import INPUT_BUCKET_KEY
from worker.messages.payloads import UNKNOWN_ERROR, JobDetail
from worker.messages.sanitise import Sanitiser
from worker.submission.job_request import CLAIM_KEY, GROUP_SETTINGS

PLAYLISTS = {
    "HLS_GROUP_SETTINGS": (".m3u8",),
    "CMAF_GROUP_SETTINGS": (".mpd", ".m3u8"),
    "DASH_ISO_GROUP_SETTINGS": (".mpd",),
    "MS_SMOOTH_GROUP_SETTINGS": (".ism",),
    "FILE_GROUP_SETTINGS": (),
}
"""Suffixes of the playlists that a group of each type has beside its outputs."""

FinalEvent = Completed | Failed | Canceled


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """A job of ours, as MediaConvert knows it; times are Unix milliseconds.

    `output` is what the job should have written, of a COMPLETE one. `ended_ms` is None for one that isn't over.
    """

    job_id: str
    status: Status
    input_file: str
    created_ms: int
    claim_id: str | None = None
    ended_ms: int | None = None
    failure: Failure | None = None
    output: Output | None = None
    warnings: frozenset[JobWarning] = frozenset()

    @property
    def is_over(self) -> bool:
        """Whether MediaConvert has done with it."""
        return self.status in FINAL

    def final_event(self) -> FinalEvent:
        """Return the event that ended the job, with the job's own finish time (of one second's resolution)."""
        time_ms = self.ended_ms or self.created_ms
        match self.status:
            case Status.COMPLETE:
                output = self.output or Output(path="")
                return Completed(job_id=self.job_id, time_ms=time_ms, output=output, warnings=self.warnings)
            case Status.CANCELED:
                return Canceled(job_id=self.job_id, time_ms=time_ms)
            case _:
                failure = self.failure or Failure(code=UNKNOWN_ERROR, message="The job failed.")
                return Failed(job_id=self.job_id, time_ms=time_ms, failure=failure)


def known_job(job: Mapping[str, Any], *, input_bucket: str, sanitiser: Sanitiser) -> KnownJob | None:
    """Return the job that ListJobs or GetJob describes; None where it is another program's."""
    metadata = job.get("UserMetadata") or {}
    if metadata.get(INPUT_BUCKET_KEY) != input_bucket:
        return None
    status = Status(job["Status"])
    finish = (job.get("Timing") or {}).get("FinishTime")
    address = next((each.get("FileInput", "") for each in job["Settings"].get("Inputs", ())), "")
    return KnownJob(
        job_id=job["Id"],
        status=status,
        input_file=address.removeprefix(f"s3://{input_bucket}/"),
        created_ms=_ms(job["CreatedAt"]),
        claim_id=metadata.get(CLAIM_KEY),
        ended_ms=_ms(finish or job["CreatedAt"]) if status.is_final else None,
        failure=_failure(job, sanitiser) if status is Status.ERROR else None,
        output=_output(job) if status is Status.COMPLETE else None,
        warnings=frozenset(JobWarning(code=int(each["Code"])) for each in job.get("Warnings") or ()),
    )


def _failure(job: Mapping[str, Any], sanitiser: Sanitiser) -> Failure:
    message = sanitiser.clean(job.get("ErrorMessage") or "") or "The job failed."
    return Failure(code=int(job.get("ErrorCode") or UNKNOWN_ERROR), message=message)


def _output(job: Mapping[str, Any]) -> Output:
    """Read the outputs by way of the event that would have told them, so that both say the same."""
    settings: Sequence[Mapping[str, Any]] = job["Settings"].get("OutputGroups", ())
    details: Sequence[Mapping[str, Any]] = job.get("OutputGroupDetails") or ()
    groups = [_group(each, detail or {}) for each, detail in zip_longest(settings, details[: len(settings)])]
    return output_of(
        JobDetail.model_validate(
            {"jobId": job["Id"], "status": "COMPLETE", "timestamp": 1, "outputGroupDetails": groups}
        )
    )


def _group(settings: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    group_settings = settings.get("OutputGroupSettings", {})
    kind = group_settings.get("Type", "")
    base = group_settings.get(GROUP_SETTINGS.get(kind, ""), {}).get("Destination", "")
    outputs, described = settings.get("Outputs", ()), detail.get("OutputDetails") or ()
    # With automated ABR MediaConvert makes outputs of its own, whose names the settings don't tell.
    named = outputs if len(outputs) == len(described) else [{}] * len(described)
    return {
        "type": kind.removesuffix("_SETTINGS"),
        "playlistFilePaths": [f"{base}{suffix}" for suffix in PLAYLISTS.get(kind, ())],
        "outputDetails": [
            {
                "outputFilePaths": list(_paths(kind, base, each)),
                "durationInMs": of_it.get("DurationInMs"),
                "videoDetails": _video(of_it.get("VideoDetails")),
            }
            for each, of_it in zip(named, described, strict=True)
        ],
    }


def _video(details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if details is None:
        return None
    return {"widthInPx": details.get("WidthInPx"), "heightInPx": details.get("HeightInPx")}


def _paths(kind: str, base: str, output: Mapping[str, Any]) -> Iterator[str]:
    if kind == "HLS_GROUP_SETTINGS" and "NameModifier" in output:
        yield f"{base}{output['NameModifier']}.m3u8"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
