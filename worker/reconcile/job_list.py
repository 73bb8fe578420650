"""MediaConvert's list of jobs, for reconciliation.

No AWS type passes this boundary.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from transcode.permissions import Resource, allow
from worker.messages.sanitise import Sanitiser
from worker.reconcile.listed_job import ListedJob, parse_listed_job
from worker.submission.job_request import queue_filter

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = allow("mediaconvert:ListJobs", on=[Resource.MEDIACONVERT_QUEUE])

PAGE_SIZE = 20
"""The maximum that ListJobs allows."""


class JobList:
    """The jobs of one deployment, newest first."""

    def __init__(
        self, client: "MediaConvertClient", *, input_bucket: str, queue: str | None, sanitiser: Sanitiser
    ) -> None:
        self._client = client
        self._queue_filter: dict[str, Any] = queue_filter(queue)
        self._input_bucket = input_bucket
        self._sanitiser = sanitiser

    async def created_since(self, oldest_ms: int) -> AsyncIterator[list[ListedJob]]:
        """Yield pages of this deployment's jobs created since `oldest_ms` (Unix milliseconds), newest first.

        A page is empty if it has only jobs of other programs.
        """
        token: dict[str, Any] = {}
        while True:
            response = await self._client.list_jobs(
                Order="DESCENDING", MaxResults=PAGE_SIZE, **self._queue_filter, **token
            )
            listed = response.get("Jobs", [])
            jobs = [parse_listed_job(job, input_bucket=self._input_bucket, sanitiser=self._sanitiser) for job in listed]
            yield [job for job in jobs if job is not None and job.created_ms >= oldest_ms]
            is_past_oldest = bool(listed) and listed[-1]["CreatedAt"].timestamp() * 1000 < oldest_ms
            if is_past_oldest or not response.get("NextToken"):
                return
            token = {"NextToken": response["NextToken"]}
