"""Intake claims uploads, shows them as QUEUED and sends them on, without MediaConvert; submission makes their jobs."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.queue_messages import message as message_of
from tests.integration.queue_messages import object_created
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import dead_workers_claim, jobs_of
from tests.integration.waiting_messages import Responses, later
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.outcomes import FIRST_SEEN_KEY, Done, Retry

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture
async def pipeline(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Pipeline:
    """A worker's handlers."""
    return await open_pipeline(worker_aws, stack, mediaconvert_endpoint)


@pytest.fixture
async def mediaconvert(aws: Aws, mediaconvert_endpoint: str) -> "MediaConvertClient":
    """A client of the emulator."""
    return await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)


async def test_an_upload_passes_both_queues_and_costs_two_calls_of_mediaconvert(
    pipeline: Pipeline, stack: Stack, stores: Stores, input_file: str
) -> None:
    """QUEUED after intake, SUBMITTED after submission: a probe and CreateJob, without a search. The owner stays."""
    await stores.lookups.announce(Lookup(input_file=input_file, owner="me"), now_s=int(time.time()))
    responses = Responses(pipeline.submission)
    assert await pipeline.take_in(object_created(stack, input_file)) == [Done()]
    queued = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert responses.calls == []
    (message,) = await pipeline.queued(input_file)
    assert await pipeline.submit(message) == Done()
    submitted = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert queued is not None
    assert submitted is not None
    assert (queued.is_queued, submitted.is_queued, submitted.job_id is not None) == (True, False, True)
    assert submitted.owner == "me"
    assert [call for call in responses.calls if call != "GetJobTemplate"] == ["Probe", "CreateJob"]


async def test_uploads_show_queued_within_seconds_while_mediaconvert_is_unavailable(
    worker_aws: Aws, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Intake calls no MediaConvert, so its outage changes nothing."""
    pipeline = await open_pipeline(worker_aws, stack, UNREACHABLE)
    assert await pipeline.take_in(object_created(stack, input_file)) == [Done()]
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    assert lookup.is_queued
    await pipeline.queued(input_file)


async def test_the_message_keeps_the_time_and_the_ids_of_its_upload(
    pipeline: Pipeline, stack: Stack, input_file: str
) -> None:
    """The upload's age counts from S3's event, and its request's id is in each log line."""
    sent_ms = int(time.time() * 1000) - 60_000
    first = replace(object_created(stack, input_file), sent_ms=sent_ms, attributes={"RequestId": "r-intake"})
    await pipeline.take_in(first)
    (message,) = await pipeline.queued(input_file)
    assert message.attributes == {"RequestId": "r-intake", FIRST_SEEN_KEY: str(sent_ms)}
    assert message.first_seen_ms == sent_ms


async def test_repeated_deliveries_of_both_queues_make_one_job(
    pipeline: Pipeline, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The send succeeded and the delete failed: the second message finds the claim, and then the job."""
    created = object_created(stack, input_file)
    await pipeline.take_in(*(replace(created, message_id=str(number)) for number in range(3)))
    messages = await pipeline.queued(input_file, 3)
    await asyncio.gather(*map(pipeline.submit, messages))
    assert [await pipeline.submit(message) for message in messages] == [Done()] * 3
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1
    assert await pipeline.take_in(created) == [Done()]
    (late,) = await pipeline.queued(input_file)
    assert await pipeline.submit(late) == Done()
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1


async def test_each_object_of_a_notification_has_a_message_of_its_own(
    pipeline: Pipeline, stack: Stack, input_file: str
) -> None:
    """So each of them waits, fails and ends alone."""
    keys = [f"{input_file}-{number}" for number in range(2)]
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": stack.input_bucket}, "object": {"key": key, "size": 5}},
        }
        for key in keys
    ]
    assert await pipeline.take_in(message_of({"Records": records})) == [Done()]
    messages = await pipeline.queued(input_file, 2)
    assert sorted(json.loads(each.body)["detail"]["object"]["key"] for each in messages) == keys


async def test_an_upload_of_an_old_worker_that_died_gets_no_second_job(
    pipeline: Pipeline, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """During an update, a worker of the version with one queue created the job and died before it recorded it."""
    claim = await dead_workers_claim(stores, input_file)
    job_id = await pipeline.submission.submitter.mediaconvert.create(claim, now_s=time.time())
    assert await pipeline.take_in(object_created(stack, input_file)) == [Done()]
    (message,) = await pipeline.queued(input_file)
    assert await pipeline.submit(message) == Done()
    assert [job["Id"] for job in await jobs_of(mediaconvert, stack, input_file)] == [job_id]


async def test_an_old_worker_takes_over_a_claim_of_intake(
    pipeline: Pipeline, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """It reads the uploads queue alone, and creates the job itself; the message in the submission queue finds it."""
    created = object_created(stack, input_file)
    await pipeline.take_in(created)
    assert await pipeline.submit(created) == Done()  # the submitter handles S3's own event as the old worker did
    (message,) = await pipeline.queued(input_file)
    assert await pipeline.submit(message) == Done()
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1


async def test_a_refused_upload_is_not_sent_again(pipeline: Pipeline, stack: Stack, input_file: str) -> None:
    """MediaConvert refuses the job permanently, so a late notification ends at intake."""
    created, responses = object_created(stack, input_file), Responses(pipeline.submission)
    await pipeline.take_in(created)
    (message,) = await pipeline.queued(input_file)
    responses.by_call["CreateJob"] = (400, "BadRequestException")
    assert await pipeline.submit(message) == Done()
    sent: list[Mapping[str, Any]] = []
    client: Any = pipeline.queue.client
    client.meta.events.register("before-call.sqs.SendMessage", lambda params, **_: sent.append(params))
    assert await pipeline.take_in(created) == [Done()]
    assert sent == []


async def test_a_failed_submission_is_searched_for_once(
    pipeline: Pipeline, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """After a 500 the job may exist, so the attempt after the lease searches; the claim of intake alone doesn't."""
    await pipeline.take_in(object_created(stack, input_file))
    (message,) = await pipeline.queued(input_file)
    responses = Responses(pipeline.submission)
    responses.by_call["CreateJob"] = (500, "InternalServerErrorException")
    await pipeline.submit(message)
    del responses.by_call["CreateJob"]
    after_lease = later(pipeline.submission, 61)
    assert (await after_lease.handle([message]))[message.message_id] == Done()
    calls = [call for call in responses.calls if call not in {"GetJobTemplate", "Probe"}]
    assert calls == ["CreateJob", "SearchJobs", "ListJobs", "CreateJob"]
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1


@pytest.mark.parametrize("is_fair", [True, False])
async def test_the_group_can_be_left_out(
    worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str, input_file: str, *, is_fair: bool
) -> None:
    """Uploads of one owner have one MessageGroupId, unless SUBMISSION_FAIRNESS is off."""
    pipeline = await open_pipeline(worker_aws, stack, mediaconvert_endpoint, submission_fairness=is_fair)
    groups: list[str | None] = []

    def record(params: Mapping[str, Any], **_: object) -> None:
        groups.append(json.loads(params["body"]).get("MessageGroupId"))

    batch = pipeline.intake.batch
    assert batch.intake is not None
    client: Any = batch.intake.queue.client
    client.meta.events.register("before-call.sqs.SendMessage", record)
    assert await pipeline.take_in(object_created(stack, input_file)) == [Done()]
    await pipeline.queued(input_file)
    assert [group is not None for group in groups] == [is_fair]


async def test_an_upload_that_waited_too_long_ends_in_the_submission_queues_dead_letter_queue(
    pipeline: Pipeline, stack: Stack, stores: Stores, aws: Aws, input_file: str
) -> None:
    """It is hidden after a throttled call, and given up by the age of S3's event, not by that of its second message."""
    sent_ms = int((time.time() - 12 * 86_400 - 60) * 1000)
    await pipeline.take_in(replace(object_created(stack, input_file), sent_ms=sent_ms))
    (message,) = await pipeline.queued(input_file, is_kept=True)
    responses = Responses(pipeline.submission)
    responses.by_call["CreateJob"] = (429, "TooManyRequestsException")
    recent = replace(message, attributes={})
    waiting = await pipeline.submission.handle([recent])
    assert isinstance(waiting[message.message_id], Retry)
    await pipeline.queue.apply_outcomes([message], waiting)
    await pipeline.queue.apply_outcomes([message], await pipeline.submission.handle([message]))
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    assert lookup.failure is not None
    assert lookup.failure.code == 504
    sqs = await aws.sqs()
    async with asyncio.timeout(20):
        letters = await sqs.receive_message(
            QueueUrl=stack.submission_dead_letter_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=10
        )
    assert any(input_file in letter["Body"] for letter in letters["Messages"])
