"""The settings of the service and the worker for a deployed pipeline."""

from local.provision import Stack
from service.settings import ServiceSettings
from worker.settings import WorkerSettings

PLAYBACK_BASE_URL = "https://play.example"
UPLOAD_MAX_BYTES = 1_000_000


def service_settings(stack: Stack) -> ServiceSettings:
    """Return the service's settings."""
    return ServiceSettings(
        input_bucket=stack.input_bucket,
        output_bucket=stack.output_bucket,
        input_file_table=stack.input_file_table,
        status_table=stack.status_table,
        job_events_queue_url=stack.job_events_queue_url,
        aws_endpoint_url=stack.endpoint_url,
        playback_base_url=PLAYBACK_BASE_URL,
        upload_max_bytes=UPLOAD_MAX_BYTES,
        stop_spread_s=0.0,
    )


def worker_settings(stack: Stack, mediaconvert_endpoint: str) -> WorkerSettings:
    """Return the worker's settings."""
    return WorkerSettings(
        input_bucket=stack.input_bucket,
        output_bucket=stack.output_bucket,
        input_file_table=stack.input_file_table,
        output_table=stack.output_table,
        status_table=stack.status_table,
        uploads_queue_url=stack.uploads_queue_url,
        submission_queue_url=stack.submission_queue_url,
        job_events_queue_url=stack.job_events_queue_url,
        mediaconvert_role="arn:aws:iam::000000000000:role/MediaConvert",
        mediaconvert_endpoint_url=mediaconvert_endpoint,
        mediaconvert_queue="Default",
        aws_endpoint_url=stack.endpoint_url,
    )
