"""The worker's settings, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from transcode.settings import Settings, TableName, Url

whole_number = BeforeValidator(
    lambda text: int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else text
)
"""Reads a number from the environment where only certain numbers are allowed: a Literal takes no text for one."""


def _can_be_written(path: Path) -> Path:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError("its folder must exist and be writable")
    return path


class WorkerSettings(Settings):
    """What the worker needs beside the common settings."""

    output_table: TableName = "MediaConvertJobIdToOutput"
    """The table with the encryption keys; no other process may read it."""
    uploads_queue_url: Url
    job_events_queue_url: Url
    mediaconvert_role: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
    """The role with which MediaConvert reads the input bucket and writes the output bucket."""
    mediaconvert_job_template: Annotated[str, Field(min_length=1)] = "mediaconvert-status-hls"
    mediaconvert_endpoint_url: Url | None = None
    mediaconvert_queue: str | None = None
    """Name or ARN of the MediaConvert queue; the account's default where not given."""
    status_update_interval_s: Annotated[
        Literal[10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600], whole_number
    ] = 10
    """Seconds between a job's progress events: the values that MediaConvert allows."""
    s3_event_keys_encoded: bool = False
    """Whether keys are percent-encoded in S3's EventBridge events. AWS doesn't; LocalStack does."""
    pollers: Annotated[int, Field(ge=1, le=50)] = 2
    """Long polls kept open on each queue at once."""
    stop_grace_s: Annotated[float, Field(gt=0, le=110)] = 25
    """Seconds that messages in hand get after SIGTERM; Fargate kills after 30."""
    health_file: Annotated[Path, AfterValidator(_can_be_written)] | None = None
    """Touched as long as the poll loop goes round, for `python -m worker.health`; none is written where not set."""
    claim_lease_s: Annotated[int, Field(ge=3, le=900)] = 60
    """Seconds for which one worker alone may make an upload's job; after its crash the upload waits so long."""
    reconcile_interval_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    """Seconds between two looks for jobs whose last event was lost, by one of all workers; 0 for never."""
    reconcile_lookback_s: Annotated[int, Field(ge=60)] = 6 * 3_600
    """Age of the jobs that such a look begins with; older ones are for `python -m worker.reconcile`."""
