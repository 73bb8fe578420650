"""Generates job events as EventBridge delivers them, in the shapes of MediaConvert's user guide."""

import json
import time
from collections.abc import Iterator
from itertools import count

INTERVAL_MS = 10_000
"""Time between two events of one job."""


def status_update(job_id: str, *, time_ms: int, percent: int, input_bucket: str) -> dict[str, object]:
    """Return a STATUS_UPDATE."""
    return event(
        job_id,
        "STATUS_UPDATE",
        time_ms=time_ms,
        input_bucket=input_bucket,
        framesDecoded=24 * percent,
        jobProgress={
            "phaseProgress": {
                "PROBING": {"status": "COMPLETE", "percentComplete": 100},
                "TRANSCODING": {"status": "PROGRESSING", "percentComplete": percent},
                "UPLOADING": {"status": "PENDING", "percentComplete": 0},
            },
            "jobPercentComplete": percent,
            "currentPhase": "TRANSCODING",
            "retryCount": 0,
        },
    )


def event(job_id: str, status: str, *, time_ms: int, input_bucket: str, **detail: object) -> dict[str, object]:
    """Return a MediaConvert Job State Change."""
    return {
        "version": "0",
        "id": f"5d0f6a7e-0c4b-4a52-9e1d-{time_ms % 10**12:012d}",
        "detail-type": "MediaConvert Job State Change",
        "source": "local.mediaconvert",
        "account": "123456789012",
        "time": "2025-11-22T08:00:13Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:mediaconvert:us-east-1:123456789012:jobs/{job_id}"],
        "detail": {
            "timestamp": time_ms,
            "accountId": "123456789012",
            "queue": "arn:aws:mediaconvert:us-east-1:123456789012:queues/Default",
            "jobId": job_id,
            "status": status,
            "userMetadata": {"InputBucket": input_bucket, "Claim": "0f4c1d2b3a59687766554433221100ffeeddccbb"},
            **detail,
        },
    }


def job_ids(jobs: int, *, run: str = "bench") -> list[str]:
    """Return job ids in MediaConvert's format."""
    return [f"1763798400123-{run}{at:05d}" for at in range(jobs)]


def backlog(*, jobs: int, input_bucket: str, run: str = "bench") -> Iterator[str]:
    """Yield the next event of each job in turn, without end, as if all jobs ran at the same time."""
    ids = job_ids(jobs, run=run)
    began_ms = int(time.time() * 1000)
    for turn in count():
        for job_id in ids:
            time_ms = began_ms + turn * INTERVAL_MS
            yield json.dumps(status_update(job_id, time_ms=time_ms, percent=min(99, turn), input_bucket=input_bucket))
