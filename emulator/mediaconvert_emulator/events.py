"""The job's events in EventBridge: "MediaConvert Job State Change".

https://docs.aws.amazon.com/mediaconvert/latest/ug/eventbridge_events.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mediaconvert_emulator.job import Job
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.package import GroupReport, OutputReport
from mediaconvert_emulator.renditions import Note

DETAIL_TYPE = "MediaConvert Job State Change"
FINAL_STATUSES = frozenset({"COMPLETE", "ERROR", "CANCELED"})
CODEC_NAMES = {"h264": "H_264", "hevc": "H_265", "mpeg2video": "MPEG2", "mpeg4": "MPEG4", "vp9": "VP9", "av1": "AV1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One event: what goes into PutEvents, but for source and bus."""

    job_arn: str
    detail: JsonObject

    @property
    def job_id(self) -> str:
        """The job that the event is of."""
        return str(self.detail["jobId"])

    @property
    def status(self) -> str:
        """The event's status: a job's, or STATUS_UPDATE, INPUT_INFORMATION."""
        return str(self.detail["status"])

    @property
    def is_final(self) -> bool:
        """Whether the event ends its job."""
        return self.status in FINAL_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """ARNs of this emulator's account and region."""

    region: str
    account_id: str

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a job, queue or job template."""
        return f"arn:aws:mediaconvert:{self.region}:{self.account_id}:{kind}/{name}"


def job_event(job: Job, names: Names, now_ms: int, *, status: str, added: JsonObject | None = None) -> JobEvent:
    """An event of `job`, its timestamp later than those before it, with what the status adds to the detail."""
    return JobEvent(
        job_arn=names.arn("jobs", job.id),
        detail={
            "timestamp": job.next_event_ms(now_ms),
            "accountId": names.account_id,
            "queue": names.arn("queues", job.queue),
            "jobId": job.id,
            "status": status,
            "userMetadata": job.user_metadata,
            **(added or {}),
        },
    )


def status_update_detail(job: Job) -> JsonObject:
    """What a STATUS_UPDATE adds."""
    return {"framesDecoded": job.progress.frames_decoded, "jobProgress": job.progress.wire()}


def complete_detail(job: Job) -> JsonObject:
    """What COMPLETE adds."""
    return {
        "outputGroupDetails": [_group(group) for group in job.groups],
        "paddingInserted": 0,
        "blackVideoDetected": 0,
        **warnings_json(job.notes),
    }


def warning_detail(note: Note) -> JsonObject:
    """What NEW_WARNING adds."""
    return {"warningCode": str(note.code), "warningMessage": note.text}


def warnings_json(notes: Iterable[Note]) -> JsonObject:
    """The `warnings` of COMPLETE and of a Job, which are without words."""
    warnings: list[Any] = [{"code": note.code, "count": 1} for note in notes]
    return {"warnings": warnings} if warnings else {}


def _group(group: GroupReport) -> JsonObject:
    playlists = {"playlistFilePaths": [group.playlist_path]} if group.playlist_path else {}
    return {"outputDetails": [output_detail(output) for output in group.outputs], "type": group.type, **playlists}


def output_detail(output: OutputReport, *, has_paths: bool = True) -> JsonObject:
    """One output: its duration, its paths (events only) and its size; of audio-only HLS the duration alone."""
    detail: JsonObject = {}
    if has_paths and output.file_path:
        detail["outputFilePaths"] = [output.file_path]
    detail["durationInMs"] = output.duration_ms
    if output.size_px:
        detail["videoDetails"] = {"widthInPx": output.size_px[0], "heightInPx": output.size_px[1]}
    return detail


def error_detail(code: int, message: str) -> JsonObject:
    """What ERROR adds."""
    return {"errorCode": code, "errorMessage": message}


def input_information_detail(uri: str, media: Media) -> JsonObject:
    """What INPUT_INFORMATION adds."""
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
        detail["video"] = [_video(media)]
    return {"inputDetails": [detail]}


def _video(media: Media) -> JsonObject:
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
