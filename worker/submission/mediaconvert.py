"""MediaConvert's API for the worker: create a job, find the job of a claim, cancel a job, count the waiting jobs.

No AWS type passes this boundary.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from transcode.correlation import upload_of
from transcode.failures import THROTTLED_STATUS, FailureClass, classify, is_transient
from transcode.job import Failure
from transcode.permissions import Resource, allow
from transcode.telemetry import current_correlation
from worker.claim import Claim
from worker.messages.parser import CLAIM_KEY
from worker.messages.sanitise import Sanitiser
from worker.submission.job_request import (
    JobDefaults,
    input_uri,
    job_request,
    queue_filter,
    queue_name,
)
from worker.submission.profile_rule import UnusableTemplateError, check_template

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = (
    allow("mediaconvert:CreateJob", on=[Resource.MEDIACONVERT_QUEUE, Resource.MEDIACONVERT_JOB_TEMPLATES])
    | allow("iam:PassRole", on=[Resource.MEDIACONVERT_ROLE])  # CreateJob names it
    | allow("mediaconvert:GetJobTemplate", on=[Resource.MEDIACONVERT_JOB_TEMPLATES])
    | allow(
        "mediaconvert:GetQueue", "mediaconvert:ListJobs", "mediaconvert:SearchJobs", on=[Resource.MEDIACONVERT_QUEUE]
    )
    | allow("mediaconvert:CancelJob", "mediaconvert:GetJob", on=[Resource.MEDIACONVERT_JOBS])
)

TEMPLATE_CACHE_S = 300
"""Seconds for which the job template is cached. A change of the template takes effect after this time."""
PAGE_SIZE = 20
MAX_PAGES = 10
MAX_SEARCH_CHARACTERS = 300
"""Characters of an input's URI that SearchJobs accepts. It also finds a job by a part of the URI."""
CLOCK_TOLERANCE_MS = 60_000
OPEN_STATUSES = frozenset({"SUBMITTED", "PROGRESSING"})
"""MediaConvert's statuses of a job that has not ended."""


class JobRefusedError(Exception):
    """MediaConvert refused this job permanently; a retry would be refused too."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class MediaConvertBusyError(Exception):
    """MediaConvert throttled or denied the call. The upload waits, and its lease can be released.

    `is_jobless` is true if this was CreateJob, or a call before it: MediaConvert has no job. `is_denied` is true if an
    operator must give the worker access.
    """

    def __init__(self, error: Exception, *, is_jobless: bool, is_denied: bool = False) -> None:
        super().__init__(str(error))
        self.is_jobless = is_jobless
        self.is_denied = is_denied


class JobNotOverError(Exception):
    """MediaConvert refuses to cancel a job that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """The jobs in MediaConvert's queue, of all programs that use it: those that wait, and those that run."""

    submitted: int
    progressing: int


class MediaConvertJobs:
    """Creates, finds and cancels the MediaConvert jobs of one deployment.

    The client makes one attempt at each call. AWS may throttle a second attempt after a first one that created a job,
    and a 429 would then seem to say that there is no job. Under throttling, each attempt also costs one call.
    """

    def __init__(self, client: "MediaConvertClient", defaults: JobDefaults, sanitiser: Sanitiser) -> None:
        self._client = client
        self._defaults = defaults
        self._sanitiser = sanitiser
        self._templates: dict[str, tuple[float, Mapping[str, Any]]] = {}

    async def create(self, claim: Claim, *, now_s: float, profile: str | None = None) -> str:
        """Create the claim's job with the template of the profile, and return the job's id.

        Raises:
            JobRefusedError: A 400, 402 or 404, or an unusable template: a retry fails until an operator changes the
                configuration or the input.
            MediaConvertBusyError: A 403 or 429, or the template can't be read at the moment; no job was created.
            Exception: Any other error, such as a timeout or a 5xx; the job may exist or not.
        """
        template = await self.template(profile, now_s=now_s)
        try:
            correlation = current_correlation(
                upload=upload_of(claim.destination.input_file), job_created_ms=round(now_s * 1000)
            )
            request = job_request(claim, template["Settings"], self._defaults, correlation, profile=profile)
            response = await self._client.create_job(**request)
        except UnusableTemplateError as error:
            raise JobRefusedError(Failure(code=404, message=str(error))) from error
        except ClientError as error:
            raise self._translate(error) from error
        return response["Job"]["Id"]

    async def find(self, claim: Claim) -> str | None:
        """Return the id of the claim's job; None if no job was created for the claim.

        SearchJobs finds old jobs too, but AWS doesn't document how soon it finds a new one. So this also reads the
        newest jobs from ListJobs, back to the time of the claim.

        Raises:
            MediaConvertBusyError: A 403 or 429.
            Exception: Any other error.
        """
        try:
            return await self._find(claim)
        except ClientError as error:
            raise _busy(error, is_jobless=False) or error from error

    async def _find(self, claim: Claim) -> str | None:
        uri = input_uri(self._defaults.input_bucket, claim.destination.input_file)
        oldest_ms = claim.claimed_ms - CLOCK_TOLERANCE_MS
        newest_first = {**queue_filter(self._defaults.queue), "Order": "DESCENDING", "MaxResults": PAGE_SIZE}
        for call, arguments in (
            (self._client.search_jobs, {"InputFile": uri[-MAX_SEARCH_CHARACTERS:], **newest_first}),
            (self._client.list_jobs, newest_first),
        ):
            async with aclosing(_jobs(call, arguments)) as jobs:
                async for job in jobs:
                    if job.get("UserMetadata", {}).get(CLAIM_KEY) == claim.claim_id:
                        return str(job["Id"])
                    if job["CreatedAt"].timestamp() * 1000 < oldest_ms:
                        break
        return None

    async def find_open(self, input_file: str) -> set[str]:
        """Return the ids of this deployment's jobs of the input file that have not ended.

        Raises:
            MediaConvertBusyError: A 403 or 429.
            Exception: Any other error.
        """
        uri, found = input_uri(self._defaults.input_bucket, input_file), set[str]()
        arguments = {
            "InputFile": uri[-MAX_SEARCH_CHARACTERS:],
            **queue_filter(self._defaults.queue),
            "Order": "DESCENDING",
            "MaxResults": PAGE_SIZE,
        }
        try:
            async with aclosing(_jobs(self._client.search_jobs, arguments)) as jobs:
                async for job in jobs:
                    inputs = [each.get("FileInput") for each in job.get("Settings", {}).get("Inputs", [])]
                    is_ours = CLAIM_KEY in job.get("UserMetadata", {}) and inputs == [uri]
                    if is_ours and job.get("Status") in OPEN_STATUSES:
                        found.add(str(job["Id"]))
        except ClientError as error:
            raise _busy(error, is_jobless=False) or error from error
        return found

    async def cancel(self, job_id: str) -> None:
        """Cancel the job; do nothing if it has already ended."""
        try:
            await self._client.cancel_job(Id=job_id)
        except (self._client.exceptions.ConflictException, self._client.exceptions.NotFoundException):
            return

    async def end(self, job_id: str) -> bool:
        """Cancel the job; return False if it ended in another way. Safe to repeat.

        A job that MediaConvert doesn't have counts as canceled, because nothing runs. A conflict means that the job has
        ended, or that an earlier call canceled it and its response was lost.

        Raises:
            JobNotOverError: MediaConvert refuses to cancel the job, which runs.
            Exception: MediaConvert throttled or denied a call, or doesn't respond.
        """
        exceptions = self._client.exceptions
        try:
            await self._client.cancel_job(Id=job_id)
        except exceptions.NotFoundException:
            return True
        except (exceptions.ConflictException, exceptions.BadRequestException) as error:
            status = (await self._client.get_job(Id=job_id))["Job"].get("Status")
            if status in OPEN_STATUSES:
                raise JobNotOverError(f"MediaConvert doesn't cancel a job that is {status}") from error
            return status == "CANCELED"
        return True

    async def queue_counts(self) -> QueueCounts:
        """Return the numbers of jobs in the deployment's queue, with one GetQueue.

        Raises:
            Exception: MediaConvert throttled or denied the call, or doesn't respond.
        """
        queue = (await self._client.get_queue(Name=queue_name(self._defaults.queue)))["Queue"]
        return QueueCounts(
            submitted=queue.get("SubmittedJobsCount", 0), progressing=queue.get("ProgressingJobsCount", 0)
        )

    @property
    def profiles(self) -> Sequence[str]:
        """The profiles of this deployment, the default one first."""
        return self._defaults.profiles.names

    async def check(self, profile: str, *, now_s: float) -> None:
        """Check that jobs can be made of the profile's template.

        Raises:
            UnusableTemplateError: They can't, or their outputs could be read without a cookie where one is needed.
            JobRefusedError: The template is missing.
            MediaConvertBusyError: The template can't be read at the moment.
        """
        template = await self.template(profile, now_s=now_s)
        name = self._defaults.template(profile)
        check_template(name, template["Settings"], needs_cookies=self._defaults.needs_cookies)

    def profile(self, chosen: str | None) -> str:
        """Return the profile of a job: the chosen one, or the default one."""
        return chosen or self._defaults.profiles.default

    async def template(self, profile: str | None, *, now_s: float) -> Mapping[str, Any]:
        """Return the profile's job template; it is read at most every five minutes.

        Raises:
            JobRefusedError: The profile or its template is missing.
            MediaConvertBusyError: The template can't be read at the moment.
        """
        try:
            name = self._defaults.template(profile)
        except UnusableTemplateError as error:
            raise JobRefusedError(Failure(code=404, message=str(error))) from error
        cached = self._templates.get(name)
        if cached is None or cached[0] + TEMPLATE_CACHE_S < now_s:
            try:
                response = await self._client.get_job_template(Name=name)
            except ClientError as error:
                if is_transient(error):
                    raise MediaConvertBusyError(error, is_jobless=True) from error
                raise self._translate(error) from error
            except Exception as error:
                if is_transient(error):
                    raise MediaConvertBusyError(error, is_jobless=True) from error
                raise
            cached = self._templates[name] = (now_s, response["JobTemplate"])
        return cached[1]

    def _translate(self, error: ClientError) -> Exception:
        if busy := _busy(error, is_jobless=True):
            return busy
        status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        if is_transient(error) or status not in {400, 402, 404}:
            return error
        message = self._sanitiser.clean(error.response["Error"].get("Message") or "MediaConvert refused the job.")
        return JobRefusedError(Failure(code=status, message=message))


def _busy(error: ClientError, *, is_jobless: bool) -> MediaConvertBusyError | None:
    is_throttled = int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == THROTTLED_STATUS
    is_denied = classify(error) is FailureClass.DENIED
    if not is_throttled and not is_denied:
        return None
    return MediaConvertBusyError(error, is_jobless=is_jobless, is_denied=is_denied)


async def _jobs(call: Any, arguments: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:  # noqa: ANN401 -- a client's method
    token: str | None = None
    for _ in range(MAX_PAGES):
        response = await call(**arguments, **({"NextToken": token} if token else {}))
        for job in response.get("Jobs", []):
            yield job
        token = response.get("NextToken")
        if not token:
            return
