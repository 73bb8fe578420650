"""A job as ListJobs describes it, for reconciliation, and the final event that it would have sent.

Pure. For the outputs of a finished job, the API returns only duration and size, in the order of the job's settings.
Their names follow from the settings' destinations and name modifiers, so reconciliation must check that the files
exist in S3 before it records them.
https://docs.aws.amazon.com/mediaconvert/latest/ug/output-file-names-and-paths.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from transcode.billing import MadeOutput
from transcode.job import Canceled, Completed, Failed, Failure, JobWarning, Output, Status
from worker.messages.complete_event import folder_of, made_outputs, output_of
from worker.messages.followed_jobs import FollowedJob, FollowRule, followed_job
from worker.messages.parser import CLAIM_KEY, is_ours
from worker.messages.payloads import UNKNOWN_ERROR, JobDetail
from worker.messages.sanitise import Sanitiser
from worker.reconcile.file_suffix import file_suffix
from worker.submission.profile_rule import GROUP_SETTINGS

PLAYLISTS = {
    "HLS_GROUP_SETTINGS": (".m3u8",),
    "CMAF_GROUP_SETTINGS": (".mpd", ".m3u8"),
    "DASH_ISO_GROUP_SETTINGS": (".mpd",),
    "MS_SMOOTH_GROUP_SETTINGS": (".ism",),
    "FILE_GROUP_SETTINGS": (),
}
"""Suffixes of the playlists that an output group has beside its outputs, by group type."""

FinalEvent = Completed | Failed | Canceled


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job of this deployment in MediaConvert's list. Times are Unix milliseconds.

    `output` is the expected output of a COMPLETE job. `ended_ms` is None until the job ends.
    """

    job_id: str
    status: Status
    input_file: str
    created_ms: int
    claim_id: str | None = None
    ended_ms: int | None = None
    failure: Failure | None = None
    output: Output | None = None
    made: Sequence[MadeOutput] = ()
    warnings: frozenset[JobWarning] = frozenset()
    followed: FollowedJob | None = None
    """Set if another program created the job."""

    @property
    def is_final(self) -> bool:
        """True if the job has ended."""
        return self.status.is_final

    def final_event(self) -> FinalEvent:
        """Return the job's final event, with the job's finish time, which has a resolution of one second.

        Raises:
            ValueError: The job has not ended.
        """
        time_ms = self.ended_ms or self.created_ms
        match self.status:
            case Status.COMPLETE:
                output = self.output or Output(path="")
                return Completed(
                    job_id=self.job_id, time_ms=time_ms, output=output, warnings=self.warnings, made=self.made
                )
            case Status.CANCELED:
                return Canceled(job_id=self.job_id, time_ms=time_ms)
            case Status.ERROR:
                failure = self.failure or Failure(code=UNKNOWN_ERROR, message="The job failed.")
                return Failed(job_id=self.job_id, time_ms=time_ms, failure=failure)
            case Status.SUBMITTED | Status.PROGRESSING:
                raise ValueError(f"job {self.job_id} has not ended")


def parse_listed_job(
    job: Mapping[str, Any], *, input_bucket: str, sanitiser: Sanitiser, follow: FollowRule | None = None
) -> ListedJob | None:
    """Return the job that ListJobs or GetJob describes; None if it belongs to another program and isn't followed."""
    metadata = job.get("UserMetadata") or {}
    follow = follow or FollowRule()
    if is_ours(metadata, input_bucket=input_bucket, is_following=bool(follow.queues)):
        return _listed_job(job, metadata, input_bucket=input_bucket, sanitiser=sanitiser)
    if not follow.follows(job.get("Queue")):
        return None
    listed = _listed_job(job, metadata, input_bucket=input_bucket, sanitiser=sanitiser)
    followed = followed_job(metadata)
    output = listed.output and _followed_output(listed.output, follow.output_path(folder_of(_complete_event(job))))
    return replace(listed, followed=followed, input_file=followed.input_file or "", claim_id=None, output=output)


def _followed_output(output: Output, path: str) -> Output:
    """Return the output without playlists: their names are a guess, and the worker may not read foreign buckets."""
    return replace(
        output,
        path=path,
        playlists={},
        renditions=tuple(replace(each, playlist=None) for each in output.renditions),
    )


def _listed_job(
    job: Mapping[str, Any], metadata: Mapping[str, str], *, input_bucket: str, sanitiser: Sanitiser
) -> ListedJob:
    status = Status(job["Status"])
    finish = (job.get("Timing") or {}).get("FinishTime")
    uri = next((each.get("FileInput", "") for each in job["Settings"].get("Inputs", ())), "")
    return ListedJob(
        job_id=job["Id"],
        status=status,
        input_file=uri.removeprefix(f"s3://{input_bucket}/"),
        created_ms=_ms(job["CreatedAt"]),
        claim_id=metadata.get(CLAIM_KEY),
        ended_ms=_ms(finish or job["CreatedAt"]) if status.is_final else None,
        failure=_failure(job, sanitiser) if status is Status.ERROR else None,
        output=output_of(_complete_event(job)) if status is Status.COMPLETE else None,
        made=tuple(made_outputs(_complete_event(job))) if status is Status.COMPLETE else (),
        warnings=frozenset(JobWarning(code=int(each["Code"])) for each in job.get("Warnings") or ()),
    )


def _failure(job: Mapping[str, Any], sanitiser: Sanitiser) -> Failure:
    message = sanitiser.clean(job.get("ErrorMessage") or "") or "The job failed."
    return Failure(code=int(job.get("ErrorCode") or UNKNOWN_ERROR), message=message)


def _complete_event(job: Mapping[str, Any]) -> JobDetail:
    """Return the COMPLETE event that the job would have sent, so that both sources agree."""
    settings: Sequence[Mapping[str, Any]] = job["Settings"].get("OutputGroups", ())
    details: Sequence[Mapping[str, Any]] = job.get("OutputGroupDetails") or ()
    groups = [_group(each, detail or {}) for each, detail in zip_longest(settings, details[: len(settings)])]
    return JobDetail.model_validate(
        {"jobId": job["Id"], "status": "COMPLETE", "timestamp": 1, "outputGroupDetails": groups}
    )


def _group(settings: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    group_settings = settings.get("OutputGroupSettings", {})
    group_type = group_settings.get("Type", "")
    base = group_settings.get(GROUP_SETTINGS.get(group_type, ""), {}).get("Destination", "")
    outputs, output_details = settings.get("Outputs", ()), detail.get("OutputDetails") or ()
    # With automated ABR, MediaConvert adds outputs whose names aren't in the settings.
    named = outputs if len(outputs) == len(output_details) else [{}] * len(output_details)
    return {
        "type": group_type.removesuffix("_SETTINGS"),
        "playlistFilePaths": [f"{base}{suffix}" for suffix in PLAYLISTS.get(group_type, ())],
        "outputDetails": [
            {
                "outputFilePaths": list(_paths(group_type, base, output, details)),
                "durationInMs": details.get("DurationInMs"),
                "videoDetails": _video(details.get("VideoDetails")),
            }
            for output, details in zip(named, output_details, strict=True)
        ],
    }


def _video(details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if details is None:
        return None
    return {"widthInPx": details.get("WidthInPx"), "heightInPx": details.get("HeightInPx")}


def _paths(group_type: str, base: str, output: Mapping[str, Any], details: Mapping[str, Any]) -> Iterator[str]:
    if group_type == "HLS_GROUP_SETTINGS" and "NameModifier" in output:
        yield f"{base}{output['NameModifier']}.m3u8"
    if group_type == "FILE_GROUP_SETTINGS" and output:
        yield f"{base}{output.get('NameModifier', '')}.{file_suffix(output, details.get('DurationInMs') or 0)}"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
