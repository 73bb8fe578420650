"""The output of a COMPLETE job. Pure."""

from mediaconvert_status_client.api_types import Job, Output
from mediaconvert_status_client.errors import ClientError


def output_of(job: Job) -> Output:
    """Return the job's output.

    Raises:
        ClientError: the job has none, because it isn't COMPLETE.
    """
    if job["output"] is None:
        raise ClientError(f"the job has no output; its status is {job['status']}", code="no_output")
    return job["output"]


def playback_url_of(job: Job) -> str:
    """Return the URL of the master playlist.

    Raises:
        ClientError: the job isn't COMPLETE, or the deployment doesn't serve its outputs.
    """
    url = output_of(job)["playback_url"]
    if not url:
        raise ClientError("the job has no playback URL: set PLAYBACK_BASE_URL for the service", code="no_output")
    return url
