"""MediaConvert, as the service uses it: cancel a job.

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
    """Jobs that MediaConvert runs, or will."""

    def __init__(self, client: "LazyClient[MediaConvertClient]") -> None:
        self._client = client

    async def cancel(self, job_id: str) -> None:
        """Return once MediaConvert has cancelled the job, now or before. Safe to repeat.

        Raises:
            JobFinalError: It is over otherwise.
            JobNotFoundError: MediaConvert knows no such job.
        """
        client = await self._client.get()
        try:
            await client.cancel_job(Id=job_id)
        except client.exceptions.NotFoundException as error:
            raise JobNotFoundError("MediaConvert has no such job any more.") from error
        except (client.exceptions.ConflictException, client.exceptions.BadRequestException) as error:
            # Cancelled by an earlier call whose answer, or whose write after it, was lost; or over.
            answer = await client.get_job(Id=job_id)
            if answer["Job"].get("Status") != "CANCELED":
                raise JobFinalError from error
