"""The message with which the service requests the end of a job, or of a file's wait for one. Pure.

It has the envelope of an EventBridge event. Only the worker cancels jobs in MediaConvert, and only it ends a job.
"""

import json

from transcode.job_requested import SOURCE

DETAIL_TYPE = "Cancel Requested"


def cancel_requested(*, bucket: str, input_file: str | None, job_id: str | None) -> str:
    """Return the message's body.

    With a job's id, that job is to be canceled. Without one, the file waits for its job, and the attempt that its row
    names is to be canceled. `input_file` of a job is for the log only.
    """
    names = {"inputFile": input_file, "jobId": job_id}
    detail = {"bucket": {"name": bucket}, **{name: value for name, value in names.items() if value is not None}}
    return json.dumps({"version": "0", "source": SOURCE, "detail-type": DETAIL_TYPE, "detail": detail})
