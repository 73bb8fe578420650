"""The message by which the service asks the worker for another job of a file: sent to the uploads' queue. Pure.

It has the shape of S3's Object Created, and says beside the object's version what the new job replaces.
"""

import json

SOURCE = "mediaconvert-status"
DETAIL_TYPE = "Job Requested"


def job_requested(*, bucket: str, key: str, size_bytes: int, etag: str, version_id: str | None, replaces: str) -> str:
    """Return the message's body. `replaces` is the job, or the refused claim, that another try was asked for."""
    version = {"version-id": version_id} if version_id else {}
    detail = {
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size_bytes, "etag": etag, **version},
        "replaces": replaces,
    }
    return json.dumps({"version": "0", "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail})
