"""The service's calls to MediaConvert: it cancels jobs.

No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from service.aws.lazy_client import LazyClient
from transcode.errors import JobFinalError, JobNotFoundError
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = allow("mediaconvert:CancelJob", "mediaconvert:GetJob", on=[Resource.MEDIACONVERT_JOBS])


class JobCanceller:
    """Cancels jobs that are queued or running in MediaConvert."""

    def __init__(self, client: "LazyClient[MediaConvertClient]") -> None:
        self._client = client

    async def cancel(self, job_id: str) -> None:
        """Cancel the job. Safe to repeat: a job that was cancelled before is no error.

        Raises:
            JobFinalError: The job ended in another way.
            JobNotFoundError: MediaConvert has no such job.
        """
        client = await self._client.get()
        try:
            await client.cancel_job(Id=job_id)
        except client.exceptions.NotFoundException as error:
            raise JobNotFoundError("MediaConvert no longer has this job.") from error
        except (client.exceptions.ConflictException, client.exceptions.BadRequestException) as error:
            # The job has ended, or an earlier call cancelled it but its response, or the write after it, was lost.
            response = await client.get_job(Id=job_id)
            if response["Job"].get("Status") != "CANCELED":
                raise JobFinalError from error
