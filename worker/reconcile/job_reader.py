"""MediaConvert's answer about one job, for reconciliation.

No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

from transcode.permissions import Resource, allow
from worker.messages.followed_jobs import FollowRule
from worker.messages.sanitise import Sanitiser
from worker.reconcile.listed_job import ListedJob, parse_listed_job

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = allow("mediaconvert:GetJob", on=[Resource.MEDIACONVERT_JOBS])


class JobReader:
    """Reads jobs of one deployment, and those that it follows, from MediaConvert."""

    def __init__(
        self, client: "MediaConvertClient", *, input_bucket: str, sanitiser: Sanitiser, follow: FollowRule
    ) -> None:
        self._client = client
        self._input_bucket = input_bucket
        self._sanitiser = sanitiser
        self._follow = follow

    async def get(self, job_id: str) -> ListedJob | None:
        """Return the job, with one GetJob; None if MediaConvert has no such job, or it isn't followed."""
        try:
            response = await self._client.get_job(Id=job_id)
        except self._client.exceptions.NotFoundException:
            return None
        return parse_listed_job(
            response["Job"], input_bucket=self._input_bucket, sanitiser=self._sanitiser, follow=self._follow
        )
