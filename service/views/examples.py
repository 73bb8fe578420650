"""Examples of bodies and events for the OpenAPI document. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from transcode.announcement_types import AnnouncementType
from transcode.job_view import EXAMPLE_FILE, EXAMPLE_JOB

EXAMPLE_POSTER = "guarded-files/1/Big-Buck-Bunny_poster.0000001.jpg"
AWAITING: dict[str, Any] = {
    "job_id": None,
    "input_file": EXAMPLE_FILE,
    "file_name": "Big Buck Bunny.mp4",
    "external_id": "order-4711",
    "metadata": {"title": "Big Buck Bunny"},
    "profile": "hls",
    "status": "AWAITING_UPLOAD",
    "queue": None,
    "progress_percent": None,
    "phase": None,
    "eta_s": None,
    "submitted_at": None,
    "updated_at": "2025-11-22T07:59:30Z",
    "estimate": None,
    "billed": None,
    "output": None,
    "error": None,
    "warnings": [],
    "cancel_requested": False,
}
QUEUED: dict[str, Any] = {
    **AWAITING,
    "status": "QUEUED",
    "queue": {"ahead": 12, "eta_s": 95},
    "updated_at": "2025-11-22T07:59:58Z",
}
PROGRESSING: dict[str, Any] = {
    **AWAITING,
    "job_id": EXAMPLE_JOB,
    "status": "PROGRESSING",
    "progress_percent": 42,
    "phase": "TRANSCODING",
    "eta_s": 12,
    "submitted_at": "2025-11-22T08:00:00Z",
    "updated_at": "2025-11-22T08:00:20Z",
    "estimate": {"duration_ms": 61440, "billable_minutes": 5.17, "usd": 0.03875},
}
COMPLETE: dict[str, Any] = {
    **PROGRESSING,
    "status": "COMPLETE",
    "progress_percent": 100,
    "phase": None,
    "eta_s": None,
    "updated_at": "2025-11-22T08:00:35Z",
    "billed": {"duration_ms": 61440, "billable_minutes": 5.17, "usd": 0.03875},
    "output": {
        "path": f"{EXAMPLE_FILE}_20251122080000-4be1c7/",
        "duration_ms": 61440,
        "width_px": 1920,
        "height_px": 1080,
        "playlists": {".m3u8": "Big-Buck-Bunny.m3u8"},
        "playback_url": f"https://video.example.com/{EXAMPLE_FILE}_20251122080000-4be1c7/Big-Buck-Bunny.m3u8",
        "renditions": [
            {
                "width_px": 1920,
                "height_px": 1080,
                "duration_ms": 61440,
                "playlist": "Big-Buck-Bunny_1080p.m3u8",
                "average_bitrate_bps": 4812000,
            }
        ],
        "poster_url": f"https://video.example.com/{EXAMPLE_FILE}_20251122080000-4be1c7/{EXAMPLE_POSTER}",
        "files": [
            {
                "kind": "poster",
                "name": EXAMPLE_POSTER,
                "size_bytes": 84120,
                "url": f"https://video.example.com/{EXAMPLE_FILE}_20251122080000-4be1c7/{EXAMPLE_POSTER}",
            }
        ],
    },
}
FAILED: dict[str, Any] = {
    **PROGRESSING,
    "status": "ERROR",
    "phase": None,
    "eta_s": None,
    "error": {"code": 1010, "message": "Unable to open input file [Big-Buck-Bunny.mp4]", "reason": None},
    "warnings": [{"code": 230001, "message": "The input's timestamps are odd."}],
}
CANCELED: dict[str, Any] = {**PROGRESSING, "status": "CANCELED", "phase": None, "eta_s": None}

BY_WEBHOOK: Mapping[AnnouncementType, dict[str, Any]] = {
    AnnouncementType.JOB_SUBMITTED: PROGRESSING,
    AnnouncementType.JOB_COMPLETE: COMPLETE,
    AnnouncementType.JOB_ERROR: FAILED,
    AnnouncementType.JOB_CANCELED: CANCELED,
    AnnouncementType.UPLOAD_DELETED: COMPLETE,
}
"""The job in the example of each webhook."""

BY_SCHEMA: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "UploadRequest": [
        {
            "file_name": "Big Buck Bunny.mp4",
            "content_type": "video/mp4",
            "size_bytes": 64657027,
            "duration_ms": 596474,
            "profile": "hls",
            "external_id": "order-4711",
            "metadata": {"title": "Big Buck Bunny"},
        }
    ],
    "Upload": [
        {
            "input_file": EXAMPLE_FILE,
            "method": "PUT",
            "url": f"https://uploads.s3.us-east-1.amazonaws.com/{EXAMPLE_FILE}?X-Amz-Signature=…",
            "headers": {"Content-Type": "video/mp4", "If-None-Match": "*"},
            "expires_at": "2025-11-22T08:59:30Z",
        }
    ],
    "Job": [PROGRESSING, AWAITING, QUEUED, COMPLETE, FAILED],
    "JobRequest": [{"input_file": EXAMPLE_FILE}],
    "Progress": [
        {
            name: PROGRESSING[name]
            for name in ("job_id", "status", "progress_percent", "phase", "eta_s", "updated_at", "cancel_requested")
        }
    ],
    "MultipartRequest": [
        {
            "filename": "Big Buck Bunny.mp4",
            "type": "video/mp4",
            "metadata": {"size": 164657027, "part_size": 16777216, "duration_ms": 596474},
        }
    ],
    "CompletionRequest": [{"parts": [{"PartNumber": 1, "ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}]}],
}
"""Examples by schema name."""

EVENT_STREAM = """\
retry: 2310

id: Zk3Qd0aB
event: progress
data: {"job_id": "1763798400123-a1b2c3", "status": "PROGRESSING", "progress_percent": 42, …}

:

id: fP1x_9Wc
event: progress
data: {"job_id": "1763798400123-a1b2c3", "status": "COMPLETE", "progress_percent": 100, …}

"""
"""A stream of one job: the time until a reconnect, and two changes with a heartbeat between them."""
