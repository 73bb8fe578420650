"""Retries over HTTP, with real tables, queue and bucket, the worker's handler and the emulator."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.provision import Stack
from tests.integration.process_settings import service_settings
from tests.integration.service_app import serve
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.job import Canceled, Completed, Failed, Failure, Output
from transcode.lookup import Lookup
from transcode.profiles import profiles_of
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Message

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, which has a queue for retries."""
    changes = {"uploads_queue_url": stack.uploads_queue_url}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


def now_s() -> int:
    """Return the current time."""
    return int(time.time())


async def upload_invalid_video(aws: Aws, stack: Stack, input_file: str) -> Message:
    """Upload an object that is not a video, and return S3's event of it."""
    s3: S3Client = await aws.s3()
    response = await s3.put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"no video")
    there = {"key": input_file, "size": 8, "etag": response["ETag"].strip('"')}
    event = {"detail-type": "Object Created", "detail": {"bucket": {"name": stack.input_bucket}, "object": there}}
    return Message(message_id=secrets.token_hex(8), body=json.dumps(event))


async def job_of(api: httpx.AsyncClient, input_file: str) -> dict[str, Any]:
    """Return the file's job, as the API shows it."""
    response = await api.get("/jobs", params={"input_file": input_file})
    assert response.status_code == 200, response.text
    job: dict[str, Any] = response.json()
    return job


async def retry_messages(aws: Aws, stack: Stack, input_file: str) -> list[Message]:
    """Receive the service's messages about the file; they stay in the queue, hidden for some time."""
    sqs = await aws.sqs()
    found: list[Message] = []
    deadline_s = time.monotonic() + 10
    while not found and time.monotonic() < deadline_s:
        response = await sqs.receive_message(
            QueueUrl=stack.uploads_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in response.get("Messages", []):
            body = json.loads(message["Body"])
            if body["detail-type"] == "Job Requested" and body["detail"]["object"]["key"] == input_file:
                found.append(Message(message_id=message["MessageId"], body=message["Body"]))
    return found


async def failed_job(handler: DeliveryHandler, api: httpx.AsyncClient, stores: Stores, message: Message) -> str:
    """Create a job for the message's object, and end it in ERROR."""
    input_file = json.loads(message.body)["detail"]["object"]["key"]
    await handler.handle([message])
    job_id = str((await job_of(api, input_file))["job_id"])
    failure = Failure(code=1010, message="unreadable")
    await stores.statuses.advance(Failed(job_id=job_id, time_ms=now_s() * 1000, failure=failure), now_s=now_s())
    return job_id


async def test_a_retry_creates_a_new_job_for_the_same_file(
    api: httpx.AsyncClient, handler: DeliveryHandler, stores: Stores, aws: Aws, stack: Stack, input_file: str
) -> None:
    """The file is QUEUED at once and has no error; the worker then creates the job."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a b.mp4"), now_s=now_s())
    old = await failed_job(handler, api, stores, await upload_invalid_video(aws, stack, input_file))
    response = await api.post("/jobs", json={"input_file": input_file})
    between = await job_of(api, input_file)
    (request,) = await retry_messages(aws, stack, input_file)
    assert (response.status_code, response.json()) == (202, between)
    assert (between["status"], between["job_id"], between["error"]) == ("QUEUED", None, None)
    assert await handler.handle([request]) == {request.message_id: Done()}
    new = await job_of(api, input_file)
    assert (new["file_name"], new["error"]) == ("a b.mp4", None)
    assert new["job_id"] not in {None, old}


async def test_two_retries_create_one_job(
    api: httpx.AsyncClient, handler: DeliveryHandler, stores: Stores, aws: Aws, stack: Stack, input_file: str
) -> None:
    """Concurrent and repeated requests, and repeated deliveries of their messages, create one new job."""
    original = await upload_invalid_video(aws, stack, input_file)
    await failed_job(handler, api, stores, original)
    clicks = await asyncio.gather(*(api.post("/jobs", json={"input_file": input_file}) for _ in range(3)))
    last = await api.post("/jobs", json={"input_file": input_file})
    (request, *_) = await retry_messages(aws, stack, input_file)
    for delivery in range(3):
        await handler.handle([replace(request, message_id=str(delivery))])
    await handler.handle([replace(original, message_id="late")])
    s3_uri = f"s3://{stack.input_bucket}/{input_file}"
    client = await aws.mediaconvert(endpoint_url=handler.submitter.mediaconvert._client.meta.endpoint_url)  # noqa: SLF001
    jobs = (await client.search_jobs(InputFile=s3_uri))["Jobs"]
    assert {click.status_code for click in (*clicks, last)} == {202}
    assert len(jobs) == 2
    assert (await job_of(api, input_file))["job_id"] == max(jobs, key=lambda job: job["CreatedAt"])["Id"]


async def test_a_file_whose_job_was_refused_can_be_retried(
    api: httpx.AsyncClient, handler: DeliveryHandler, aws: Aws, stack: Stack, input_file: str
) -> None:
    """For example after a quota was raised or the job template was corrected."""
    encoder = handler.submitter.mediaconvert
    missing = profiles_of(template="none", templates={})
    right, encoder._defaults = encoder._defaults, replace(encoder._defaults, profiles=missing)  # noqa: SLF001
    await handler.handle([await upload_invalid_video(aws, stack, input_file)])
    assert (await job_of(api, input_file))["error"]["code"] == 404
    encoder._defaults = right  # noqa: SLF001
    assert (await api.post("/jobs", json={"input_file": input_file})).status_code == 202
    await handler.handle(await retry_messages(aws, stack, input_file))
    assert (await job_of(api, input_file))["job_id"] is not None


async def test_a_repeated_event_of_the_old_upload_does_not_restore_the_old_job(
    api: httpx.AsyncClient, handler: DeliveryHandler, stores: Stores, aws: Aws, stack: Stack, input_file: str
) -> None:
    """S3 delivers its event again before the new job is created."""
    original = await upload_invalid_video(aws, stack, input_file)
    await failed_job(handler, api, stores, original)
    await api.post("/jobs", json={"input_file": input_file})
    await handler.handle([original])
    assert (await job_of(api, input_file))["status"] == "QUEUED"


async def test_a_refused_retry_has_a_reason(
    api: httpx.AsyncClient, handler: DeliveryHandler, stores: Stores, aws: Aws, stack: Stack, input_file: str
) -> None:
    """A file that is unknown, not uploaded, in progress, complete or deleted."""

    async def retry() -> tuple[int, str]:
        response = await api.post("/jobs", json={"input_file": input_file})
        return response.status_code, response.json()["code"]

    assert await retry() == (404, "upload_not_found")
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s())
    assert await retry() == (409, "nothing_to_retry")
    await handler.handle([await upload_invalid_video(aws, stack, input_file)])
    assert await retry() == (409, "nothing_to_retry")
    job_id = (await job_of(api, input_file))["job_id"]
    await stores.statuses.advance(Canceled(job_id=job_id, time_ms=2), now_s=now_s())
    await (await aws.s3()).delete_object(Bucket=stack.input_bucket, Key=input_file)
    assert await retry() == (404, "input_file_gone")


async def test_a_complete_file_is_not_transcoded_again(
    api: httpx.AsyncClient, stores: Stores, job_id: str, input_file: str
) -> None:
    """It would cost money and change nothing; a caller can upload the file again."""
    await stores.statuses.advance(Completed(job_id=job_id, time_ms=2, output=Output(path="a/")), now_s=now_s())
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s())
    assert (await api.post("/jobs", json={"input_file": input_file})).status_code == 409


async def test_a_retry_needs_a_queue(stack: Stack, stores: Stores, aws: Aws, job_id: str, input_file: str) -> None:
    """The response is a 501, and the file's job is unchanged."""
    await upload_invalid_video(aws, stack, input_file)
    await stores.statuses.advance(Canceled(job_id=job_id, time_ms=2), now_s=now_s())
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s())
    async for api in serve(service_settings(stack)):
        response = await api.post("/jobs", json={"input_file": input_file})
        assert (response.status_code, response.json()["code"]) == (501, "retry_not_configured")
        assert (await job_of(api, input_file))["status"] == "CANCELED"
