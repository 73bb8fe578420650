"""Events in AWS reach the queue of their consumer, and no other events do."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aioboto3
import pytest
from types_aiobotocore_events import EventBridgeClient
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_sqs import SQSClient

from local.provision import LOCAL_EVENT_SOURCE, Stack

DEADLINE_S = 10


@pytest.fixture(scope="module")
def pipeline(deploy_stack: Callable[..., Stack]) -> Stack:
    """Queues that only the tests of this module fill and empty."""
    return deploy_stack()


@pytest.fixture
async def s3(aws_endpoint: str) -> AsyncIterator[S3Client]:
    """A client of S3."""
    async with aioboto3.Session().client("s3", endpoint_url=aws_endpoint) as client:
        yield client


@pytest.fixture
async def sqs(aws_endpoint: str) -> AsyncIterator[SQSClient]:
    """A client of SQS."""
    async with aioboto3.Session().client("sqs", endpoint_url=aws_endpoint) as client:
        yield client


@pytest.fixture
async def events(aws_endpoint: str) -> AsyncIterator[EventBridgeClient]:
    """A client of EventBridge."""
    async with aioboto3.Session().client("events", endpoint_url=aws_endpoint) as client:
        yield client


async def _next(sqs: SQSClient, queue_url: str) -> dict[str, Any]:
    """Receive and delete the next event of a queue; return it."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for message in (await sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=1)).get("Messages", []):
            await sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            event: dict[str, Any] = json.loads(message["Body"])
            return event
    raise AssertionError(f"nothing reached {queue_url} within {DEADLINE_S} s")


async def _put_event(events: EventBridgeClient, detail: Mapping[str, object], *, source: str) -> None:
    response = await events.put_events(
        Entries=[{"Source": source, "DetailType": "MediaConvert Job State Change", "Detail": json.dumps(detail)}]
    )
    assert response["FailedEntryCount"] == 0


async def test_only_uploads_reach_the_uploads_queue(pipeline: Stack, s3: S3Client, sqs: SQSClient) -> None:
    """Only the object under the upload prefix causes an event, which has the key unencoded."""
    await s3.put_object(Bucket=pipeline.input_bucket, Key="elsewhere/other.mp4", Body=b"other")
    key = f"{pipeline.upload_prefix}{uuid.uuid4().hex}/a.mp4"
    await s3.put_object(Bucket=pipeline.input_bucket, Key=key, Body=b"video")
    event = await _next(sqs, pipeline.uploads_queue_url)
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["bucket"]["name"] == pipeline.input_bucket
    assert (event["detail"]["object"]["key"], event["detail"]["object"]["size"]) == (key, 5)


async def test_only_events_of_own_jobs_reach_the_job_events_queue(
    pipeline: Stack, events: EventBridgeClient, sqs: SQSClient
) -> None:
    """Jobs of other programs, of another pipeline and without metadata run in the same account."""
    ours = {"jobId": uuid.uuid4().hex, "userMetadata": {"InputBucket": pipeline.input_bucket}}
    others: list[dict[str, object]] = [{}, {"userMetadata": {}}, {"userMetadata": {"InputBucket": "another-bucket"}}]
    for other in others:
        await _put_event(events, {"jobId": "other", **other}, source=LOCAL_EVENT_SOURCE)
    await _put_event(events, {**ours, "jobId": "other"}, source="another.program")
    await _put_event(events, ours, source=LOCAL_EVENT_SOURCE)
    assert (await _next(sqs, pipeline.job_events_queue_url))["detail"] == ours


async def test_a_message_given_up_goes_to_the_dead_letter_queue(
    deploy_stack: Callable[..., Stack], sqs: SQSClient
) -> None:
    """After its last delivery, the message is in the dead-letter queue, unchanged."""
    pipeline = deploy_stack({"VisibilityTimeoutS": "0", "MaxReceiveCount": "2"})
    for queue, dead_letters in (
        (pipeline.uploads_queue_url, pipeline.uploads_dead_letter_queue_url),
        (pipeline.job_events_queue_url, pipeline.job_events_dead_letter_queue_url),
    ):
        await sqs.send_message(QueueUrl=queue, MessageBody='{"poison": true}')
        async with asyncio.timeout(DEADLINE_S):
            while (await sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)).get("Messages"):
                pass
        assert await _next(sqs, dead_letters) == {"poison": True}
