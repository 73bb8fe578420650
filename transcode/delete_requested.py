"""The message with which the service requests the deletion of an upload, and the worker its second sweep. Pure.

It has the envelope of an EventBridge event. Only the worker deletes.
"""

import json

from transcode.job_requested import SOURCE

DETAIL_TYPE = "Delete Requested"


def delete_requested(*, bucket: str, input_file: str, urls_until_s: int) -> str:
    """Return the message's body.

    `urls_until_s` (Unix seconds) is the time until which a signed URL can still write the input file.
    """
    detail = {"bucket": {"name": bucket}, "inputFile": input_file, "urlsUntil": urls_until_s}
    return json.dumps({"version": "0", "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail})
