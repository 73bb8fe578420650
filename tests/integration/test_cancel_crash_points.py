"""A worker dies before any one of the AWS calls of a cancellation: the job or the wait ends all the same.

A death after a call is one before the next call. Each end is announced, by the next worker or by a pass of
reconciliation, with one id.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from local.provision import Stack
from tests.integration.announcing_pipeline import (
    MAX_CALLS,
    AnnouncingScene,
    expect_deaths,
    idle_mediaconvert,
    new_files,
    open_scene,
    remove_time_limits,
)
from tests.integration.job_rows import read_job
from tests.integration.queue_messages import message, object_created
from tests.integration.submitted_jobs import dead_workers_claim
from transcode.aws import Aws
from transcode.cancel_requested import cancel_requested
from transcode.job import Failed, Failure, Status
from transcode.job_requested import job_requested
from worker.outcomes import Message

MAX_CALLS_OF_SUBMISSION = 34
"""More AWS calls than a worker makes that finds a job, announces its creation, cancels it and announces its end."""


def now_s() -> int:
    """Return the current time."""
    return int(time.time())


@pytest.fixture(autouse=True)
def _no_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time decides nothing here."""
    remove_time_limits(monkeypatch)


@pytest.fixture(scope="module")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline whose queues only these tests use. Each takes everything from them."""
    return deploy_stack({})


@pytest.fixture(scope="module")
def waiting_endpoint(own_stack: Stack) -> Iterator[str]:
    """The URL of a MediaConvert in which all jobs wait."""
    with idle_mediaconvert(own_stack) as url:
        yield url


@pytest.fixture
async def scene(own_stack: Stack, aws: Aws, shared_aws: Aws, worker_aws: Aws, waiting_endpoint: str) -> AnnouncingScene:
    """The pipeline on which workers die."""
    return await open_scene(own_stack, waiting_endpoint, aws=aws, shared_aws=shared_aws, worker_aws=worker_aws)


def cancel_message(stack: Stack, *, job_id: str | None = None, input_file: str | None = None) -> Message:
    """Return the service's message."""
    return message(cancel_requested(bucket=stack.input_bucket, job_id=job_id, input_file=input_file))


async def submitted_jobs(scene: AnnouncingScene, files: Sequence[str]) -> Sequence[str]:
    """Create the jobs of the files, and return their ids."""
    await scene.pipeline.finish_all([object_created(scene.pipeline.stack, each) for each in files])
    return [(await scene.upload(each)).job_id or "" for each in files]


async def waiting_uploads(scene: AnnouncingScene, files: Sequence[str]) -> Sequence[Message]:
    """Let the files wait for their jobs, and request that none is created; return the messages of the uploads."""
    messages = [object_created(scene.pipeline.stack, each) for each in files]
    await scene.pipeline.finish_all(messages, is_intake=True)
    for each in files:
        assert await scene.stores.lookups.request_cancel(await scene.upload(each))
    return messages


async def expect_canceled_without_a_job(
    scene: AnnouncingScene, files: Sequence[str], *, died_at: Sequence[str | None]
) -> None:
    """Check that the files show as canceled, that MediaConvert has no job of them, and that the ends are announced."""
    for each in files:
        lookup = await scene.upload(each)
        assert (lookup.is_over, lookup.canceled_s is not None) == (True, True)
        assert await scene.jobs(each) == []
    await scene.expect_once("job.canceled", files, died_at=died_at)


async def test_a_job_is_canceled_and_announced_wherever_a_worker_dies(scene: AnnouncingScene) -> None:
    """A worker dies at each call: reads, CancelJob, the end's write, the file's row, the announcement."""
    job_ids = await submitted_jobs(scene, new_files(MAX_CALLS))
    for job_id in job_ids:
        await scene.stores.statuses.request_cancel(job_id, now_s=now_s())
    requests = [cancel_message(scene.pipeline.stack, job_id=each) for each in job_ids]
    died_at = await scene.pipeline.die_at_the_last_calls(requests, is_before=True)
    await scene.pipeline.finish_all(requests)
    client = await scene.aws.mediaconvert(endpoint_url=scene.pipeline.mediaconvert)
    for job_id in job_ids:
        assert (await read_job(scene.stores, job_id)).status is Status.CANCELED
        assert (await client.get_job(Id=job_id))["Job"]["Status"] == "CANCELED"
    await scene.expect_once("job.canceled", job_ids, died_at=died_at)
    expect_deaths(died_at, "GetItem", "CancelJob", "UpdateItem", is_before=True)


async def test_a_waiting_file_is_canceled_and_announced_wherever_a_worker_dies(scene: AnnouncingScene) -> None:
    """A worker dies at each call: the claim's refusal, the end of the wait, the announcement."""
    files = new_files(MAX_CALLS)
    await waiting_uploads(scene, files)
    requests = [cancel_message(scene.pipeline.stack, input_file=each) for each in files]
    died_at = await scene.pipeline.die_at_the_last_calls(requests, is_before=True)
    await scene.pipeline.finish_all(requests)
    await expect_canceled_without_a_job(scene, files, died_at=died_at)
    expect_deaths(died_at, "GetItem", "UpdateItem", "TransactWriteItems", is_before=True)


async def test_a_submitter_that_finds_the_request_cancels_the_file_wherever_it_dies(scene: AnnouncingScene) -> None:
    """The message of the request was handled while the submitter had the lease: only the upload's message is left."""
    files = new_files(MAX_CALLS)
    uploads = await waiting_uploads(scene, files)
    died_at = await scene.pipeline.die_at_the_last_calls(uploads, is_before=True)
    await scene.pipeline.finish_all(uploads)
    await expect_canceled_without_a_job(scene, files, died_at=died_at)
    expect_deaths(died_at, "GetItem", "UpdateItem", "TransactWriteItems", is_before=True)


async def test_intake_that_finds_the_request_cancels_the_retry_wherever_it_dies(scene: AnnouncingScene) -> None:
    """The request to cancel came before the retry had a claim, so only the retry's own message is left."""
    files = await scene.announced_files(MAX_CALLS)
    job_ids = await submitted_jobs(scene, files)
    retries = []
    for each, job_id in zip(files, job_ids, strict=True):
        failure = Failure(code=1010, message="unreadable")
        await scene.stores.statuses.advance(Failed(job_id=job_id, time_ms=5, failure=failure), now_s=now_s())
        await scene.stores.lookups.request(await scene.upload(each), replaces=job_id, now_s=now_s())
        assert await scene.stores.lookups.request_cancel(await scene.upload(each))
        bucket = scene.pipeline.stack.input_bucket
        request = job_requested(bucket=bucket, key=each, size_bytes=5, etag="e", version_id="v1", replaces=job_id)
        retries.append(message(request))
    died_at = await scene.pipeline.die_at_the_last_calls(retries, is_before=True, is_intake=True)
    await scene.pipeline.finish_all(retries, is_intake=True)
    for each, job_id in zip(files, job_ids, strict=True):
        assert (await scene.upload(each)).canceled_s is not None
        assert [job["Id"] for job in await scene.jobs(each)] == [job_id]
    await scene.expect_once("job.canceled", files, died_at=died_at)
    expect_deaths(died_at, "PutItem", "UpdateItem", "TransactWriteItems", is_before=True)


async def test_a_job_that_was_created_during_the_request_is_canceled_wherever_a_worker_dies(
    scene: AnnouncingScene,
) -> None:
    """The first worker died after CreateJob; the next ones die at each call, from the search to the end's mark."""
    files, uploads = new_files(MAX_CALLS_OF_SUBMISSION), list[Message]()
    jobs = (await scene.pipeline.worker()).submitter.mediaconvert
    for each in files:
        claim = await dead_workers_claim(scene.stores, each)
        await scene.stores.lookups.queue(
            each, claimed_ms=claim.claimed_ms, claim_id=claim.claim_id, now_s=now_s(), version="v1"
        )
        await jobs.create(claim, now_s=time.time())
        assert await scene.stores.lookups.request_cancel(await scene.upload(each))
        uploads.append(object_created(scene.pipeline.stack, each))
    died_at = await scene.pipeline.die_at_the_last_calls(uploads, is_before=True)
    await scene.pipeline.finish_all(uploads)
    job_ids = []
    for each in files:
        (job,) = await scene.jobs(each)
        assert (job["Status"], (await scene.upload(each)).job_id) == ("CANCELED", job["Id"])
        job_ids.append(job["Id"])
    await scene.expect_once("job.canceled", job_ids, died_at=died_at)
    expect_deaths(died_at, "SearchJobs", "PutItem", "UpdateItem", "CancelJob", is_before=True)
    assert died_at.count(None) > 1, "there are more deaths than calls"
