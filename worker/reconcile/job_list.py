"""MediaConvert's list of jobs, as reconciliation reads it.

No AWS type passes this boundary.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from transcode.permissions import Resource, allow
from worker.messages.sanitise import Sanitiser
from worker.reconcile.known_job import KnownJob, known_job
from worker.submission.job_request import of_queue

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = allow("mediaconvert:ListJobs", on=[Resource.MEDIACONVERT_QUEUE])

PAGE_SIZE = 20
"""The most that ListJobs gives at once."""


class JobList:
    """The jobs of one deployment, newest first."""

    def __init__(
        self, client: "MediaConvertClient", *, input_bucket: str, queue: str | None, sanitiser: Sanitiser
    ) -> None:
        self._client = client
        self._of_queue: dict[str, Any] = of_queue(queue)
        self._input_bucket = input_bucket
        self._sanitiser = sanitiser

    async def back_to(self, oldest_ms: int) -> AsyncIterator[list[KnownJob]]:
        """Give our jobs made since then (Unix milliseconds), a page at a time; pages of other programs' are empty."""
        token: dict[str, Any] = {}
        while True:
            answer = await self._client.list_jobs(Order="DESCENDING", MaxResults=PAGE_SIZE, **self._of_queue, **token)
            listed = answer.get("Jobs", [])
            known = [known_job(job, input_bucket=self._input_bucket, sanitiser=self._sanitiser) for job in listed]
            yield [job for job in known if job is not None and job.created_ms >= oldest_ms]
            is_past = bool(listed) and listed[-1]["CreatedAt"].timestamp() * 1000 < oldest_ms
            if is_past or not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}
