"""The message with which the service requests another job of a file, and a worker sends an upload on. Pure.

It has the shape of S3's Object Created event, and adds the id of the job that the new job replaces, if there is one.
"""

import json

SOURCE = "mediaconvert-status"
DETAIL_TYPE = "Job Requested"


def job_requested(
    *, bucket: str, key: str, size_bytes: int, etag: str, version_id: str | None, replaces: str | None
) -> str:
    """Return the message's body.

    `replaces` is the id of the job, or refused claim, that the new job replaces; None for a file's first job.
    """
    version = {"version-id": version_id} if version_id else {}
    detail = {
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size_bytes, "etag": etag, **version},
        **({"replaces": replaces} if replaces is not None else {}),
    }
    return json.dumps({"version": "0", "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail})
