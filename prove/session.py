"""A proof in progress: the clients, the files, and the jobs so far."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mediaconvert_status_client.api_client import ApiClient
from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.errors import ClientError
from mediaconvert_status_client.following import FINAL_STATUSES
from prove.exchanges import Recorder
from prove.sample_files import SampleFiles

POLL_S = 0.5
JOB_WITHIN_S = 900
"""Time limit for one job, including the time in MediaConvert's queue."""


class StepSkippedError(Exception):
    """The step doesn't apply here; the message says why."""


class StepFailedError(Exception):
    """The system did something else than it should; the message is one line."""


@dataclass(slots=True, kw_only=True)
class Session:
    """The state that the steps share."""

    client: ApiClient
    """With the caller's token, if there is one; its S3 client also plays."""
    anonymous: httpx.AsyncClient
    """Without a token and without cookies."""
    recorder: Recorder
    api_url: str
    files: SampleFiles
    folder: Path
    has_token: bool
    jobs: dict[str, Job] = field(default_factory=dict)
    """The ended jobs, by the name of the step that uploaded the file."""
    input_files: list[str] = field(default_factory=list)

    async def wait_for_job(self, input_file: str, is_expected: Callable[[Job], bool], what: str) -> Job:
        """Poll the file's newest job until it is as expected, and return it.

        Raises:
            StepFailedError: it was not within JOB_WITHIN_S.
        """
        end_s = time.monotonic() + JOB_WITHIN_S
        while True:
            job: Job = await self.client.call("GET", "/jobs", params={"input_file": input_file})
            if is_expected(job):
                return job
            if time.monotonic() > end_s:
                raise StepFailedError(f"{what} did not happen within {JOB_WITHIN_S} s; the status is {job['status']}")
            await asyncio.sleep(POLL_S)

    async def ended_job(self, name: str, input_file: str, *, after: str | None = None) -> Job:
        """Return the file's job when it has ended, and keep it; `after` is the id of an earlier job of the file."""
        job = await self.wait_for_job(
            input_file,
            lambda job: job["status"] in FINAL_STATUSES and job["job_id"] != after,
            "the end of the job",
        )
        self.jobs[name] = job
        return job

    def complete_job(self, name: str) -> Job:
        """Return the job of an earlier step.

        Raises:
            StepSkippedError: that step didn't complete it.
        """
        job = self.jobs.get(name)
        if job is None or job["status"] != "COMPLETE":
            raise StepSkippedError(f"needs the video of the step {name!r}")
        return job


@asynccontextmanager
async def open_session(
    api_url: str, *, token: str | None, openapi: Mapping[str, object], files: SampleFiles, folder: Path
) -> AsyncIterator[Session]:
    """Yield a session with clients that record the API's responses.

    Raises:
        ClientError: the API can't be reached.
    """
    recorder = Recorder(openapi=openapi, api_url=api_url)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    hooks = {"response": [recorder.record]}
    async with (
        httpx.AsyncClient(base_url=api_url, headers=headers, timeout=60, event_hooks=hooks) as api,
        httpx.AsyncClient(timeout=httpx.Timeout(60, write=300)) as s3,
        httpx.AsyncClient(timeout=60, event_hooks=hooks) as anonymous,
    ):
        try:
            yield Session(
                client=ApiClient(api=api, s3=s3),
                anonymous=anonymous,
                recorder=recorder,
                api_url=api_url,
                files=files,
                folder=folder,
                has_token=token is not None,
            )
        except httpx.TransportError as error:
            raise ClientError(f"{api_url} can't be reached: {str(error) or type(error).__name__}") from error


def server_sent_events(text: str) -> list[tuple[str, object]]:
    r"""Return the events of a stream: their type and their JSON.

    >>> server_sent_events('event: progress\ndata: {"a": 1}\n\n: comment\n\n')
    [('progress', {'a': 1})]
    """
    events: list[tuple[str, object]] = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        pairs = [line.partition(":")[::2] for line in block.split("\n")]
        data = "\n".join(value.removeprefix(" ") for name, value in pairs if name == "data")
        kind = next((value.strip() for name, value in pairs if name == "event"), "message")
        if data:
            events.append((kind, json.loads(data)))
    return events
