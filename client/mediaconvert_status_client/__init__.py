"""A client of mediaconvert-status: uploads videos, follows their jobs, verifies webhooks; and the `upload` command.

Imports nothing of the program.
"""

from mediaconvert_status_client.api_types import Job, JobStatus, Limits
from mediaconvert_status_client.async_client import AsyncClient
from mediaconvert_status_client.errors import (
    ApiError,
    ClientError,
    EmptyFileError,
    JobFailedError,
    RefusedError,
    StorageError,
    TimedOutError,
    UnreachableError,
    UploadMissingError,
)
from mediaconvert_status_client.sync_client import Client
from mediaconvert_status_client.webhooks import Webhook, WebhookError, verify_webhook

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "ClientError",
    "EmptyFileError",
    "Job",
    "JobFailedError",
    "JobStatus",
    "Limits",
    "RefusedError",
    "StorageError",
    "TimedOutError",
    "UnreachableError",
    "UploadMissingError",
    "Webhook",
    "WebhookError",
    "verify_webhook",
]
