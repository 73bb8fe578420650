"""MediaConvert, as the worker uses it: make a job, find one made before, cancel one.

No AWS type passes this boundary.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from transcode.aws import THROTTLED_STATUS, is_transient
from transcode.correlation import upload_of
from transcode.job import Failure
from transcode.permissions import Resource, allow
from transcode.telemetry import outgoing
from worker.claim import Claim
from worker.messages.sanitise import Sanitiser
from worker.submission.job_request import (
    CLAIM_KEY,
    JobDefaults,
    UnusableTemplateError,
    input_uri,
    job_request,
    of_queue,
)

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = (
    allow("mediaconvert:CreateJob", on=[Resource.MEDIACONVERT_QUEUE, Resource.MEDIACONVERT_JOB_TEMPLATE])
    | allow("iam:PassRole", on=[Resource.MEDIACONVERT_ROLE])  # CreateJob names it
    | allow("mediaconvert:GetJobTemplate", on=[Resource.MEDIACONVERT_JOB_TEMPLATE])
    | allow("mediaconvert:ListJobs", "mediaconvert:SearchJobs", on=[Resource.MEDIACONVERT_QUEUE])
    | allow("mediaconvert:CancelJob", on=[Resource.MEDIACONVERT_JOBS])
)

TEMPLATE_AGE_S = 300
"""Seconds that a template read is good for; whoever changes one waits no longer for it to count."""
PAGE_SIZE = 20
MOST_PAGES = 10
LONGEST_SEARCH = 300
"""Characters that SearchJobs takes of an input's address; a part of it finds the job as well."""
CLOCK_SLACK_MS = 60_000


class JobRefusedError(Exception):
    """MediaConvert will not make this job, however often it is asked."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class MediaConvertBusyError(Exception):
    """MediaConvert asks to be called less often; no job was made."""


class MediaConvertJobs:
    """Makes and finds MediaConvert jobs for one deployment."""

    def __init__(self, client: "MediaConvertClient", defaults: JobDefaults, sanitiser: Sanitiser) -> None:
        self._client = client
        self._defaults = defaults
        self._sanitiser = sanitiser
        self._template: tuple[float, Mapping[str, Any]] | None = None

    async def create(self, claim: Claim, *, now_s: float) -> str:
        """Make the claim's job and return its id.

        Raises:
            JobRefusedError: A 400, 402, 403 or 404: no retry will help until somebody changes something.
            MediaConvertBusyError: A 429; no job was made.
            Exception: Anything else, a timeout or a 5xx among them, leaves open whether the job exists.
        """
        try:
            correlation = outgoing(upload=upload_of(claim.destination.input_file), made_ms=round(now_s * 1000))
            request = job_request(claim, await self._template_settings(now_s), self._defaults, correlation)
            answer = await self._client.create_job(**request)
        except UnusableTemplateError as error:
            raise JobRefusedError(Failure(code=404, message=str(error))) from error
        except ClientError as error:
            raise self._translate(error) from error
        return answer["Job"]["Id"]

    async def find(self, claim: Claim) -> str | None:
        """Return the id of the job that was already made for the claim, if there is one.

        Search finds it however old it is, but nothing says how soon a job can be searched for, so the newest jobs
        are listed as well, back to the time of the claim.
        """
        address = input_uri(self._defaults.input_bucket, claim.destination.input_file)
        oldest_ms = claim.claimed_ms - CLOCK_SLACK_MS
        for call, arguments in (
            (self._client.search_jobs, {"InputFile": address[-LONGEST_SEARCH:]}),
            (self._client.list_jobs, {}),
        ):
            everything = {**arguments, **of_queue(self._defaults.queue), "Order": "DESCENDING", "MaxResults": PAGE_SIZE}
            async with aclosing(_pages(call, everything)) as jobs:
                async for job in jobs:
                    if job.get("UserMetadata", {}).get(CLAIM_KEY) == claim.claim_id:
                        return str(job["Id"])
                    if job["CreatedAt"].timestamp() * 1000 < oldest_ms:
                        break
        return None

    async def cancel(self, job_id: str) -> None:
        """Cancel the job; one that is over already stays as it is."""
        try:
            await self._client.cancel_job(Id=job_id)
        except (self._client.exceptions.ConflictException, self._client.exceptions.NotFoundException):
            return

    async def _template_settings(self, now_s: float) -> Mapping[str, Any]:
        if self._template is None or self._template[0] + TEMPLATE_AGE_S < now_s:
            answer = await self._client.get_job_template(Name=self._defaults.template)
            self._template = (now_s, answer["JobTemplate"]["Settings"])
        return self._template[1]

    def _translate(self, error: ClientError) -> Exception:
        status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        if status == THROTTLED_STATUS:
            return MediaConvertBusyError(str(error))
        if is_transient(error) or status not in {400, 402, 403, 404}:
            return error
        message = self._sanitiser.clean(error.response["Error"].get("Message") or "MediaConvert refused the job.")
        return JobRefusedError(Failure(code=status, message=message))


async def _pages(call: Any, arguments: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:  # noqa: ANN401 -- a client's method
    token: str | None = None
    for _ in range(MOST_PAGES):
        answer = await call(**arguments, **({"NextToken": token} if token else {}))
        for job in answer.get("Jobs", []):
            yield job
        token = answer.get("NextToken")
        if not token:
            return
