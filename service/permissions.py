"""All AWS permissions of the service, collected from its stores and clients; none is for the table with the keys."""

from service.aws import (
    cancel_requests,
    delete_requests,
    idempotency_keys,
    job_requests,
    multipart,
    playback_secret,
    presigned,
    unfinished_bytes,
)
from service.live import batch_get, poll_ledger, upload_index
from transcode import deletion_marks, lookup_table, queue_table, status_table

SERVICE = (
    lookup_table.PERMISSIONS
    | lookup_table.ANNOUNCING
    | status_table.PERMISSIONS
    | queue_table.PERMISSIONS
    | batch_get.PERMISSIONS
    | poll_ledger.PERMISSIONS
    | presigned.PERMISSIONS
    | multipart.PERMISSIONS
    | unfinished_bytes.PERMISSIONS
    | idempotency_keys.PERMISSIONS
    | upload_index.PERMISSIONS
    | cancel_requests.PERMISSIONS
    | delete_requests.PERMISSIONS
    | deletion_marks.PERMISSIONS
    | job_requests.PERMISSIONS
    | playback_secret.PERMISSIONS
)
"""ServicePolicy of infra/permissions.yaml."""
