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
        # Every test that uses the pipeline is the same caller.
        unfinished_bytes_per_caller=1_000_000 * UPLOAD_MAX_BYTES,
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


WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the published test vector


def with_webhooks(
    settings: WorkerSettings, stack: Stack, url: str = "http://127.0.0.1:9/", **more: object
) -> WorkerSettings:
    """Return the settings with three endpoints of webhooks at this URL; the path has the endpoint's number."""
    endpoints = {
        name: value
        for slot in (1, 2, 3)
        for name, value in {
            f"webhook_{slot}_url": f"{url}{slot}",
            f"webhook_{slot}_secrets": (WEBHOOK_SECRET,),
            f"webhook_{slot}_queue_url": getattr(stack, f"webhook_{slot}_queue_url"),
        }.items()
    }
    return settings.model_copy(update={"webhooks_allow_local": True, **endpoints, **more})
