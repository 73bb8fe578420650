"""One announced upload is one object and one job, whatever a client sends: the attacks, and the rule of the worker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from local.provision import Stack
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.process_settings import service_settings
from tests.integration.queue_messages import object_created
from tests.integration.service_app import serve, upload_request
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import jobs_of
from transcode.aws import Aws
from transcode.job import Failed, Failure
from transcode.lookup import Lookup
from transcode.profiles import profiles_of
from worker.outcomes import Done, Message
from worker.refused_versions import RefusedVersionsTable
from worker.submission.submit import Submitter

RETRIES = 2


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, which allows two retries of a file."""
    changes = {"uploads_queue_url": stack.uploads_queue_url, "retries_per_upload": RETRIES}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


@pytest.fixture
async def pipeline(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Pipeline:
    """A worker's handlers."""
    return await open_pipeline(worker_aws, stack, mediaconvert_endpoint, retries_per_upload=RETRIES)


@pytest.fixture
async def workers(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Sequence[Pipeline]:
    """Two workers, with clients of their own."""
    return [await open_pipeline(worker_aws, stack, mediaconvert_endpoint) for _ in range(2)]


JobIds = Callable[[str], Awaitable[Sequence[str]]]


@pytest.fixture
async def job_ids(aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> JobIds:
    """A function that returns the ids of all of MediaConvert's jobs of a file."""
    client = await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)

    async def _job_ids(input_file: str) -> Sequence[str]:
        return [job["Id"] for job in await jobs_of(client, stack, input_file)]

    return _job_ids


async def put(upload: dict[str, Any], body: bytes = b"video", *, without: str = "") -> int:
    """Send the file as the response says, perhaps without a header; return S3's status."""
    headers = {name: value for name, value in upload["headers"].items() if name != without}
    async with httpx.AsyncClient() as s3:
        return (await s3.put(upload["url"], content=body, headers=headers)).status_code


async def events_of(aws: Aws, stack: Stack, input_file: str, *, count: int) -> Sequence[Message]:
    """Return the messages about the file in the uploads queue, at least `count` of them, and delete them."""
    sqs, found = await aws.sqs(), list[Message]()
    async with asyncio.timeout(20):
        while len(found) < count:
            response = await sqs.receive_message(
                QueueUrl=stack.uploads_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for each in response.get("Messages", []):
                if input_file in each["Body"]:
                    found.append(Message(message_id=each["MessageId"], body=each["Body"]))
                    await sqs.delete_message(QueueUrl=stack.uploads_queue_url, ReceiptHandle=each["ReceiptHandle"])
    return found


async def submitted(pipeline: Pipeline, input_file: str, messages: Sequence[Message], *, jobs: int = 1) -> None:
    """Handle the messages in both queues; intake sends on as many as there will be jobs."""
    assert set(await pipeline.take_in(*messages)) == {Done()}
    for message in await pipeline.queued(input_file, jobs):
        assert await pipeline.submit(message) == Done()


async def announced(stores: Stores, input_file: str) -> None:
    """Announce the file."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4"), now_s=int(time.time()))


async def end_with_error(stores: Stores | Submitter, input_file: str) -> None:
    """End the file's newest job in ERROR."""
    now_s = int(time.time())
    lookup = await stores.lookups.get(input_file, now_s=now_s)
    assert lookup is not None
    assert lookup.job_id is not None
    failed = Failed(job_id=lookup.job_id, time_ms=now_s * 1000, failure=Failure(code=1010, message="unreadable"))
    await stores.statuses.advance(failed, now_s=now_s)


async def test_a_url_that_is_sent_four_times_makes_one_job(
    api: httpx.AsyncClient, pipeline: Pipeline, aws: Aws, stack: Stack, job_ids: JobIds
) -> None:
    """S3 stores the first object only, and notifies once."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    statuses = [await put(upload, body) for body in (b"video", b"VIDEO", b"video")]
    statuses.append(await put(upload, b"other", without="If-None-Match"))
    await submitted(pipeline, upload["input_file"], await events_of(aws, stack, upload["input_file"], count=1))
    assert statuses == [200, 412, 412, 403]
    assert len(await job_ids(upload["input_file"])) == 1


async def test_concurrent_puts_of_one_url_store_one_object(api: httpx.AsyncClient) -> None:
    """One of them succeeds."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    statuses = await asyncio.gather(*(put(upload) for _ in range(4)))
    assert sorted(statuses) == [200, 412, 412, 412]


async def test_the_condition_is_signed(api: httpx.AsyncClient) -> None:
    """Without If-None-Match, S3 refuses the PUT, before and after the file's object exists."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert upload["headers"] == {"Content-Type": "video/mp4", "If-None-Match": "*"}
    assert await put(upload, without="If-None-Match") == 403
    assert await put(upload) == 200
    assert await put(upload, without="If-None-Match") == 403


async def test_a_form_that_is_sent_twice_makes_one_job(
    api: httpx.AsyncClient, pipeline: Pipeline, aws: Aws, stack: Stack, job_ids: JobIds
) -> None:
    """S3 stores both objects, because a form can't carry the condition; the worker refuses the second."""
    form = (await api.get("/s3/params", params={"filename": "a.mp4", "type": "video/mp4"})).json()
    input_file = form["fields"]["key"]
    async with httpx.AsyncClient() as s3:
        for body in (b"first", b"second"):
            assert (await s3.post(form["url"], data=form["fields"], files={"file": ("a.mp4", body)})).is_success
    await submitted(pipeline, input_file, await events_of(aws, stack, input_file, count=2))
    assert len(await job_ids(input_file)) == 1


async def test_a_second_version_of_an_announced_file_makes_no_job_and_is_logged_and_counted(
    pipeline: Pipeline, stack: Stack, stores: Stores, aws: Aws, job_ids: JobIds, input_file: str
) -> None:
    """The first job stays the file's job; repeated deliveries of both versions change nothing."""
    await announced(stores, input_file)
    first, second = (object_created(stack, input_file, version=version) for version in ("v1", "v2"))
    await submitted(pipeline, input_file, [first])
    with capture_logs() as logs:
        assert [await pipeline.take_in(second) for _ in range(2)] == [[Done()], [Done()]]
    assert await pipeline.submit(second) == Done()  # a worker of the version with one queue
    await submitted(pipeline, input_file, [first])
    refused = [line for line in logs if line["event"] == "upload.version_refused"]
    (job,) = await job_ids(input_file)
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    table = RefusedVersionsTable(await aws.dynamodb(), stack.status_table, ttl_s=60)
    counted = await table.read(now_s=int(time.time()))
    assert [(line["input_file"], line["version"]) for line in refused] == [(input_file, "v2")]
    assert lookup is not None
    assert lookup.job_id == job
    assert counted is not None
    assert counted.last_input_file == input_file


@pytest.mark.parametrize("attempt", range(5))
async def test_two_versions_that_arrive_at_the_same_time_make_one_job(
    workers: Sequence[Pipeline], stack: Stack, stores: Stores, job_ids: JobIds, input_file: str, attempt: int
) -> None:
    """Two workers race; the file's row decides for one of them, and the loser's later deliveries too."""
    del attempt
    await announced(stores, input_file)
    messages = [object_created(stack, input_file, version=version) for version in ("v1", "v2")]
    await asyncio.gather(*(worker.take_in(each) for worker, each in zip(workers, messages, strict=True)))
    (queued,) = await workers[0].queued(input_file)
    await workers[0].submit(queued)
    await asyncio.gather(*(workers[0].submit(each) for each in messages))
    assert len(await job_ids(input_file)) == 1


async def test_a_file_that_was_not_announced_gets_a_job_for_each_version(
    pipeline: Pipeline, stack: Stack, job_ids: JobIds, input_file: str
) -> None:
    """An operator copies it, perhaps again."""
    for version in ("v1", "v2"):
        await submitted(pipeline, input_file, [object_created(stack, input_file, version=version)])
    assert len(await job_ids(input_file)) == 2


async def test_another_version_is_no_free_job_after_a_refused_one(
    pipeline: Pipeline, stack: Stack, stores: Stores, job_ids: JobIds, input_file: str
) -> None:
    """MediaConvert refused the first version's job; the error stays."""
    encoder = pipeline.submission.submitter.mediaconvert
    missing = profiles_of(template="none", templates={})
    right, encoder._defaults = encoder._defaults, replace(encoder._defaults, profiles=missing)  # noqa: SLF001
    await announced(stores, input_file)
    await submitted(pipeline, input_file, [object_created(stack, input_file, version="v1")])
    encoder._defaults = right  # noqa: SLF001
    assert await pipeline.take_in(object_created(stack, input_file, version="v2")) == [Done()]
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    assert lookup.failure is not None
    assert await job_ids(input_file) == []


async def test_a_refused_version_that_is_given_up_leaves_the_files_job(
    pipeline: Pipeline, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Its message waited for twelve days of outage, so no worker could refuse it."""
    await announced(stores, input_file)
    await submitted(pipeline, input_file, [object_created(stack, input_file, version="v1")])
    late = replace(object_created(stack, input_file, version="v2"), sent_ms=int(time.time() * 1000))
    (parsed,) = pipeline.submission.batch.parser.parse_events(late.body)
    await pipeline.submission.submitter.give_up(parsed, Failure(code=504, message="waited"), late)  # type: ignore[arg-type]
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    assert (lookup.failure, lookup.job_id is None) == (None, False)


async def test_a_version_gets_a_job_if_it_is_requested(
    api: httpx.AsyncClient, pipeline: Pipeline, aws: Aws, stack: Stack, job_ids: JobIds
) -> None:
    """Two requests for one retry make one job, although another version arrives between them."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    input_file, s3 = upload["input_file"], await aws.s3()
    assert await put(upload) == 200
    await submitted(pipeline, input_file, await events_of(aws, stack, input_file, count=1))
    await end_with_error(pipeline.submission.submitter, input_file)
    for body in (b"second", b"third"):
        await s3.put_object(Bucket=stack.input_bucket, Key=input_file, Body=body)
        assert (await api.post("/jobs", json={"input_file": input_file})).status_code == 202
    messages = await events_of(aws, stack, input_file, count=4)
    requests = [each for each in messages if "Job Requested" in each.body]
    assert await pipeline.take_in(*messages) == [Done()] * 4
    for message in await pipeline.queued(input_file, len(requests)):
        assert await pipeline.submit(message) == Done()
    assert (len(requests), len(await job_ids(input_file))) == (2, 2)


async def test_a_file_is_retried_a_limited_number_of_times(
    api: httpx.AsyncClient, pipeline: Pipeline, aws: Aws, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Repeated requests for one retry count once."""
    await announced(stores, input_file)
    await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"video")
    await submitted(pipeline, input_file, await events_of(aws, stack, input_file, count=1))
    for _ in range(RETRIES):
        await end_with_error(stores, input_file)
        clicks = await asyncio.gather(*(api.post("/jobs", json={"input_file": input_file}) for _ in range(3)))
        assert {click.status_code for click in clicks} == {202}
        await submitted(pipeline, input_file, (await events_of(aws, stack, input_file, count=3))[:1])
    await end_with_error(stores, input_file)
    response = await api.post("/jobs", json={"input_file": input_file})
    assert (response.status_code, response.json()["code"]) == (409, "retries_exhausted")


async def test_the_worker_refuses_a_request_above_the_limit(
    pipeline: Pipeline, stack: Stack, stores: Stores, job_ids: JobIds, input_file: str
) -> None:
    """The service counts first; the worker's limit holds for any sender, and the file shows the error."""
    await announced(stores, input_file)
    created = object_created(stack, input_file)
    await submitted(pipeline, input_file, [created])
    body = created.body.replace("Object Created", "Job Requested").replace("aws.s3", "mediaconvert-status")
    requests = [replace(created, body=body.replace('"object":', f'"replaces": "{at}-a", "object":')) for at in range(3)]
    for request in requests[:RETRIES]:
        await submitted(pipeline, input_file, [request])
    assert await pipeline.take_in(requests[-1]) == [Done()]
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    assert lookup.failure is not None
    assert lookup.failure.code == 409
    assert len(await job_ids(input_file)) == 1 + RETRIES


@pytest.mark.parametrize(("limit", "allowed"), [(0, 0), (1, 1), (3, 3)])
async def test_concurrent_requests_never_exceed_the_limit(
    stores: Stores, input_file: str, limit: int, allowed: int
) -> None:
    """One conditional write counts and checks; a repeated request for the same replaced job counts once."""
    await announced(stores, input_file)

    async def count(replaces: str) -> bool:
        try:
            await stores.lookups.count_retry(input_file, replaces=replaces, limit=limit)
        except Exception as error:  # noqa: BLE001 -- any error is a refusal here
            assert type(error).__name__ == "RetriesExhaustedError"  # noqa: PT017
            return False
        return True

    counted = await asyncio.gather(*(count(f"{at}-a") for at in range(6)))
    assert sum(counted) == allowed
    assert await asyncio.gather(*(count(f"{at}-a") for at in range(6))) == counted


async def test_a_request_for_a_file_whose_row_has_expired_is_not_counted(stores: Stores, input_file: str) -> None:
    """An operator sends an old dead letter back; the write creates no row."""
    await stores.lookups.count_retry(input_file, replaces="1-a", limit=1)
    assert await stores.lookups.get(input_file, now_s=0) is None
