"""The job's events in EventBridge, "MediaConvert Job State Change". Pure.

https://docs.aws.amazon.com/mediaconvert/latest/ug/eventbridge_events.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mediaconvert_emulator.job import Job
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.output_report import GroupReport, OutputReport
from mediaconvert_emulator.renditions import JobWarning

DETAIL_TYPE = "MediaConvert Job State Change"
FINAL_STATUSES = frozenset({"COMPLETE", "ERROR", "CANCELED"})
CODEC_NAMES = {"h264": "H_264", "hevc": "H_265", "mpeg2video": "MPEG2", "mpeg4": "MPEG4", "vp9": "VP9", "av1": "AV1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One event as PutEvents takes it, without source and bus."""

    job_arn: str
    detail: JsonObject

    @property
    def job_id(self) -> str:
        """The id of the event's job."""
        return str(self.detail["jobId"])

    @property
    def status(self) -> str:
        """The event's status: a job status, STATUS_UPDATE, INPUT_INFORMATION or NEW_WARNING."""
        return str(self.detail["status"])

    @property
    def is_final(self) -> bool:
        """True if no event of the job follows."""
        return self.status in FINAL_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The emulated AWS account and region."""

    region: str
    account_id: str

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a job, queue or job template; `kind` is jobs, queues or jobTemplates."""
        return f"arn:aws:mediaconvert:{self.region}:{self.account_id}:{kind}/{name}"


def job_event(job: Job, account: Account, now_ms: int, *, status: str, extra: JsonObject | None = None) -> JobEvent:
    """Return the job's next event; its timestamp is later than the previous event's.

    Args:
        job: The job; its last event's timestamp changes.
        account: The account and region that the event names.
        now_ms: The current time.
        status: The event's status.
        extra: Members of the detail that only this status has.
    """
    return JobEvent(
        job_arn=account.arn("jobs", job.id),
        detail={
            "timestamp": job.next_event_ms(now_ms),
            "accountId": account.account_id,
            "queue": account.arn("queues", job.queue),
            "jobId": job.id,
            "status": status,
            "userMetadata": job.user_metadata,
            **(extra or {}),
        },
    )


def status_update_detail(job: Job) -> JsonObject:
    """Return the members that only a STATUS_UPDATE has."""
    return {"framesDecoded": job.progress.frames_decoded, "jobProgress": job.progress.to_json()}


def complete_detail(job: Job) -> JsonObject:
    """Return the members that only a COMPLETE event has."""
    return {
        "outputGroupDetails": [_group_detail(group) for group in job.groups],
        "paddingInserted": 0,
        "blackVideoDetected": 0,
        **warnings_json(job.warnings),
    }


def warning_detail(warning: JobWarning) -> JsonObject:
    """Return the members that only a NEW_WARNING has."""
    return {"warningCode": str(warning.code), "warningMessage": warning.message}


def warnings_json(warnings: Iterable[JobWarning]) -> JsonObject:
    """Return the `warnings` of a COMPLETE event and of a Job: codes and counts, without messages."""
    counts: list[Any] = [{"code": warning.code, "count": 1} for warning in warnings]
    return {"warnings": counts} if counts else {}


def _group_detail(group: GroupReport) -> JsonObject:
    playlists = {"playlistFilePaths": list(group.playlist_paths)} if group.playlist_paths else {}
    return {"outputDetails": [output_detail(output) for output in group.outputs], "type": group.type, **playlists}


def output_detail(output: OutputReport, *, has_paths: bool = True) -> JsonObject:
    """Return one output's duration, file path, picture size and average bitrate.

    Only events have paths and bitrates. An audio-only HLS output has neither path nor size.
    """
    detail: JsonObject = {}
    if has_paths and output.file_path:
        detail["outputFilePaths"] = [output.file_path]
    detail["durationInMs"] = output.duration_ms
    if output.size_px:
        detail["videoDetails"] = {"widthInPx": output.size_px[0], "heightInPx": output.size_px[1]}
        if has_paths and output.average_bitrate_bps:
            detail["videoDetails"]["averageBitrate"] = output.average_bitrate_bps
    return detail


def queue_hop_detail(job: Job, account: Account, previous: tuple[str, int]) -> JsonObject:
    """Return the members that only a QUEUE_HOP has; `previous` is the queue and the priority before the hop."""
    previous_queue, previous_priority = previous
    return {
        "previousQueue": account.arn("queues", previous_queue),
        "priority": job.priority,
        "previousPriority": previous_priority,
    }


def error_detail(code: int, message: str) -> JsonObject:
    """Return the members that only an ERROR event has."""
    return {"errorCode": code, "errorMessage": message}


def input_information_detail(uri: str, media: Media) -> JsonObject:
    """Return the members that only an INPUT_INFORMATION event has."""
    detail: JsonObject = {"id": 1, "uri": uri}
    if media.audios:
        detail["audio"] = [
            {
                "channels": audio.channels,
                "codec": CODEC_NAMES.get(audio.codec, audio.codec.upper()),
                "language": audio.language,
                "sampleRate": audio.sample_rate_hz,
                "streamId": audio.stream_id,
            }
            for audio in media.audios
        ]
    if media.video:
        detail["video"] = [_input_video_detail(media)]
    return {"inputDetails": [detail]}


def _input_video_detail(media: Media) -> JsonObject:
    video = media.video
    if video is None:
        return {}
    rate = float(video.frame_rate)
    return {
        "bitDepth": video.bit_depth,
        "codec": CODEC_NAMES.get(video.codec, video.codec.upper()),
        "colorFormat": video.color_format,
        "fourCC": video.four_cc,
        "frameRate": int(rate) if rate.is_integer() else round(rate, 3),
        "height": video.height_px,
        "interlaceMode": "INTERLACED" if video.is_interlaced else "PROGRESSIVE",
        "sar": f"{video.pixel_aspect.numerator}:{video.pixel_aspect.denominator}",
        "standard": "UNSPECIFIED",
        "streamId": video.stream_id,
        "width": video.width_px,
    }
