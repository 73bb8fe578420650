"""A message waits while the environment is at fault, and ends for its own fault or age: on real tables and queues."""

import json
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from local.provision import Stack
from tests.integration.process_settings import worker_settings
from tests.integration.queue_messages import complete_event, object_created
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import jobs_of
from tests.integration.waiting_messages import DAY_S, Response, Responses, deliver, later, sent
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler, Screening
from worker.outcomes import Done, GiveUp, Message, Retry
from worker.retry import ALONE_GRACE_S, MAX_DEATHS, MAX_FAILURES, backoff_s

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient


@pytest.fixture
async def handler(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> DeliveryHandler:
    """Return a handler with clients of its own, whose calls a test may change."""
    return await open_handler(worker_aws, worker_settings(stack, mediaconvert_endpoint))


@pytest.fixture
async def mediaconvert(aws: Aws, mediaconvert_endpoint: str) -> "MediaConvertClient":
    """Return a client of the emulator."""
    return await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)


async def test_a_throttled_create_job_costs_one_call(
    handler: DeliveryHandler, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """One attempt, and no search or probe before the next one: the 429 says that there is no job."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (429, "TooManyRequestsException")
    outcomes = [await deliver(handler, replace(message, deliveries=number)) for number in (1, 2, 3)]
    del responses.by_call["CreateJob"]
    assert [type(outcome) for outcome in outcomes] == [Retry] * 3
    assert await deliver(handler, replace(message, deliveries=4)) == Done()
    assert [call for call in responses.calls if call != "GetJobTemplate"] == ["Probe", *["CreateJob"] * 4]
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1


@pytest.mark.parametrize("response", [(429, "TooManyRequestsException"), (503, "ServiceUnavailableException")])
async def test_an_upload_is_queued_while_no_job_can_be_created(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str, response: Response
) -> None:
    """From the first delivery on; then the job takes its place."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = response
    assert isinstance(await deliver(handler, message), Retry)
    queued = await stores.lookups.get(input_file, now_s=int(time.time()))
    del responses.by_call["CreateJob"]
    assert await deliver(later(handler, 61), replace(message, deliveries=2)) == Done()
    created = await stores.lookups.get(input_file, now_s=int(time.time()))
    assert queued is not None
    assert created is not None
    assert (queued.is_queued, created.is_queued, created.job_id is not None) == (True, False, True)


@pytest.mark.parametrize("call", ["SearchJobs", "ListJobs"])
async def test_a_throttled_search_frees_the_claim(
    handler: DeliveryHandler, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str, call: str
) -> None:
    """The next attempt needn't wait for the lease, and searches again, because a job may exist."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (500, "InternalServerErrorException")
    assert isinstance(await deliver(handler, message), Retry)
    del responses.by_call["CreateJob"]
    responses.by_call[call] = (429, "TooManyRequestsException")
    after_lease = later(handler, 61)
    outcome = await deliver(after_lease, replace(message, deliveries=2))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "MediaConvert is busy"
    del responses.by_call[call]
    responses.calls.clear()
    assert await deliver(after_lease, replace(message, deliveries=3)) == Done()
    assert responses.calls[:2] == ["SearchJobs", "ListJobs"]
    assert len(await jobs_of(mediaconvert, stack, input_file)) == 1


async def test_denied_access_waits_and_is_logged_as_an_error(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """The upload has no error that its user could read, because an operator can repair the policy."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (403, "ForbiddenException")
    with capture_logs() as lines:
        assert isinstance(await deliver(handler, message), Retry)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["encoder.denied"]
    lookup = await stores.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    assert (lookup.failure, lookup.is_queued) == (None, True)
    del responses.by_call["CreateJob"]
    assert await deliver(handler, replace(message, deliveries=2)) == Done()


async def test_an_upload_that_waited_too_long_shows_an_error(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Its row keeps the owner. If an operator sends the dead letter back, the job takes the error's place."""
    await announce(stores, input_file, days_ago=13)
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (429, "TooManyRequestsException")
    outcome = await deliver(handler, sent(message, days_ago=12.01))
    assert isinstance(outcome, GiveUp)
    assert outcome.reason == "it waited 12 days, the last time because: MediaConvert is busy"
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
    assert lookup is not None
    assert lookup.failure is not None
    assert (lookup.failure.code, lookup.owner) == (504, "me")
    del responses.by_call["CreateJob"]
    sent_back = replace(message, message_id="new", attributes={"Reason": outcome.reason})
    assert await deliver(handler, sent(sent_back, days_ago=0, deliveries=1)) == Done()
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
    assert lookup is not None
    assert (lookup.failure, lookup.owner, lookup.job_id is None) == (None, "me", False)


async def announce(stores: Stores, input_file: str, *, days_ago: int) -> None:
    """Announce the upload as the service did some days ago."""
    announced_s = int(time.time()) - days_ago * DAY_S
    await stores.lookups.announce(Lookup(input_file=input_file, owner="me"), now_s=announced_s, good_for_s=3_600)


async def test_an_upload_that_is_handled_13_days_late_has_its_owner(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """The announcement's row lives for as long as the message can wait."""
    await announce(stores, input_file, days_ago=13)
    assert await deliver(handler, sent(object_created(stack, input_file), days_ago=13)) == Done()
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    job = await stores.statuses.get(lookup.job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    assert (job.owner, lookup.owner) == ("me", "me")


async def test_a_claim_lives_for_as_long_as_its_upload_waits(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Each attempt renews the claim, so that a late attempt still knows of a job that an earlier one may have made."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (500, "InternalServerErrorException")
    for days in (0, 10, 20):
        await deliver(later(handler, days * DAY_S), message)
    assert responses.calls.count("SearchJobs") == 2
    lookup = await stores.lookups.get(input_file, now_s=int(time.time()) + 30 * DAY_S, consistent=True)
    assert lookup is not None
    assert lookup.is_queued


async def test_five_defects_end_a_message_whatever_its_deliveries(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """A parameter that botocore refuses is a defect of ours. Waiting in between doesn't count."""
    message, responses = object_created(stack, input_file), Responses(handler)
    outcomes = []
    for attempt in range(MAX_FAILURES):
        after_lease = later(handler, attempt * 61)
        responses.by_call["CreateJob"] = (429, "TooManyRequestsException")
        await deliver(after_lease, sent(message, days_ago=0, deliveries=2 * attempt + 1))
        responses.by_call["CreateJob"] = KeyError("a defect")
        outcomes.append(await deliver(after_lease, sent(message, days_ago=0, deliveries=2 * attempt + 2)))
    assert [type(outcome) for outcome in outcomes] == [Retry] * 4 + [GiveUp]
    lookup = await stores.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    assert lookup.failure is not None
    assert lookup.failure.code == 500


async def test_a_message_that_kills_workers_is_handled_alone_and_then_given_up(
    handler: DeliveryHandler, stack: Stack, input_file: str
) -> None:
    """Five workers die; the sixth takes it alone and dies; the seventh sends it to the dead-letter queue unread."""
    message = object_created(stack, input_file)
    for deliveries in range(2, MAX_DEATHS + 1):
        screening = await handler.screen([replace(message, deliveries=deliveries)])
        assert len(screening.ready) == 1  # and the worker dies
    sixth = replace(message, deliveries=MAX_DEATHS + 1)
    assert (await handler.screen([sixth])).suspects == [sixth]
    assert await handler.notes.begin_alone(sixth, now_ms=round(time.time() * 1000))  # and the worker dies
    seventh = replace(message, deliveries=MAX_DEATHS + 2)
    assert isinstance(await deliver(handler, seventh), Retry)
    assert isinstance(await deliver(later(handler, ALONE_GRACE_S), seventh), GiveUp)
    assert await deliver(handler, replace(message, deliveries=1)) == Done()  # sent back, it begins again


async def test_a_message_that_was_beside_a_killer_is_handled_alone_and_done(
    handler: DeliveryHandler, stack: Stack, input_file: str
) -> None:
    """Five deaths of which it was innocent cost it nothing."""
    message = object_created(stack, input_file)
    for deliveries in range(2, MAX_DEATHS + 1):
        await handler.screen([replace(message, deliveries=deliveries)])
    assert await deliver(handler, replace(message, deliveries=MAX_DEATHS + 1)) == Done()


async def test_waiting_and_stops_are_not_deaths(handler: DeliveryHandler, stack: Stack, input_file: str) -> None:
    """Any recorded end of a delivery forgets the deaths before it."""
    message, responses = object_created(stack, input_file), Responses(handler)
    responses.by_call["CreateJob"] = (429, "TooManyRequestsException")
    for deliveries in range(2, 20):
        delivered = replace(message, deliveries=deliveries)
        if deliveries % 2:
            assert isinstance(await deliver(handler, delivered), Retry)
        else:
            assert (await handler.screen([delivered])).suspects == []
            await handler.release([delivered])


async def test_complete_waits_for_its_key_row_for_longer_than_an_outage(
    handler: DeliveryHandler, stack: Stack, job_id: str
) -> None:
    """The worker that created the job can't write the row while DynamoDB is unavailable."""
    done = sent(complete_event(stack, job_id, 9), days_ago=2)
    assert isinstance(await deliver(handler, done), Retry)
    assert isinstance(await deliver(handler, sent(done, days_ago=12.01)), GiveUp)


async def test_without_its_table_a_message_waits_unhandled(
    handler: DeliveryHandler, worker_aws: Aws, stack: Stack, input_file: str
) -> None:
    """A worker that can't record the delivery can't tell a message that kills workers."""
    client = await worker_aws.dynamodb()

    def refuse(**_: object) -> None:
        raise ConnectionError("no route")

    client.meta.events.register("before-call.dynamodb.UpdateItem", refuse)
    handler = replace(handler, notes=type(handler.notes)(client, stack.output_table))
    message = replace(object_created(stack, input_file), deliveries=2)
    waiting = Retry(reason="ConnectionError", delay_s=backoff_s(message), is_outage=True)
    assert await handler.screen([message]) == Screening(outcomes={message.message_id: waiting})


async def test_several_items_of_one_message_wait_together(handler: DeliveryHandler, stack: Stack) -> None:
    """A notification with one upload that waits isn't given up because another one of it fails."""
    responses = Responses(handler)
    first_and_second: list[Response] = [KeyError("a defect"), (429, "TooManyRequestsException")]
    responses.by_call["CreateJob"] = iter(first_and_second)
    outcome = await deliver(handler, notification(stack, uploads=2))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "MediaConvert is busy"


def notification(stack: Stack, *, uploads: int) -> Message:
    """Return S3's own notification, with several uploads."""
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": stack.input_bucket},
                "object": {"key": f"uploads/{secrets.token_hex(4)}/clip.mp4", "size": 5, "eTag": "e"},
            },
        }
        for _ in range(uploads)
    ]
    return Message(message_id="1", body=json.dumps({"Records": records}))
