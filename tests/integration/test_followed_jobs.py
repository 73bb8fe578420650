"""Another program's jobs are visible from their first event to their end, and nothing else is done to them."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from types_aiobotocore_sqs import SQSClient

from local.embedded_aws import ROOT
from local.provision import LOCAL_EVENT_SOURCE, Stack, job_template
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.emulator_environment import make_video
from tests.fake_issuer import AUDIENCE, little_issuer
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.outcomes import Message
from worker.reconcile.assembly import open_pass
from worker.reconcile.open_pass import UNANNOUNCED_S
from worker.settings import WorkerSettings

from .process_settings import service_settings, with_webhooks, worker_settings
from .service_app import serve
from .stores import Stores

QUEUE = "arn:aws:mediaconvert:us-east-1:000000000000:queues/Default"
DEADLINE_S = 60


@pytest.fixture
def settings(stack: Stack, mediaconvert_endpoint: str) -> WorkerSettings:
    """The worker's settings, with every job of the default queue."""
    changes = {"follow_jobs": "all", "follow_queues": (QUEUE,)}
    return worker_settings(stack, mediaconvert_endpoint).model_copy(update=changes)


@pytest.fixture
async def following(worker_aws: Aws, settings: WorkerSettings) -> DeliveryHandler:
    """The worker's message handler with these settings."""
    return await open_handler(worker_aws, settings)


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, without access control."""
    async for client in serve(service_settings(stack).model_copy(update={"fresh_s": 0.0})):
        yield client


def event(job_id: str, status: str, *, time_ms: int = 1, **detail: object) -> Message:
    """Return the message of a job event of another program."""
    content = {"jobId": job_id, "status": status, "timestamp": time_ms, "queue": QUEUE, "userMetadata": {}, **detail}
    body = json.dumps({"detail-type": "MediaConvert Job State Change", "source": "aws.mediaconvert", "detail": content})
    return Message(message_id=secrets.token_hex(8), body=body)


def complete(job_id: str, bucket: str, **detail: object) -> Message:
    """Return the message of a COMPLETE event whose playlist is in the bucket."""
    groups = [{"type": "HLS_GROUP", "playlistFilePaths": [f"s3://{bucket}/news/{job_id}/a.m3u8"], "outputDetails": []}]
    return event(job_id, "COMPLETE", time_ms=9, outputGroupDetails=groups, **detail)


async def test_a_followed_job_is_visible_from_its_first_event(
    following: DeliveryHandler, api: httpx.AsyncClient, job_id: str
) -> None:
    """Its progress, its upload and its end; the worker never waits for a key row."""
    metadata = {"InputFile": "in/summer night.mp4", "Owner": "ada"}
    await following.handle([event(job_id, "PROGRESSING", userMetadata=metadata)])
    begun = (await api.get(f"/jobs/{job_id}")).json()
    progress = event(job_id, "STATUS_UPDATE", time_ms=5, jobProgress={"jobPercentComplete": 40}, userMetadata=metadata)
    await following.handle([progress])
    later = (await api.get(f"/jobs/{job_id}/progress")).json()
    await following.handle([event(job_id, "ERROR", time_ms=9, errorCode=1010, errorMessage="No.")])
    ended = (await api.get(f"/jobs/{job_id}")).json()
    assert (begun["status"], begun["input_file"], begun["file_name"]) == (
        "PROGRESSING",
        "in/summer night.mp4",
        "summer night.mp4",
    )
    assert later["progress_percent"] == 40
    assert (ended["status"], ended["error"]["code"]) == ("ERROR", 1010)


@pytest.mark.parametrize("is_ours", [True, False])
async def test_the_worker_writes_no_files_for_a_followed_job(
    following: DeliveryHandler, api: httpx.AsyncClient, aws: Aws, stack: Stack, job_id: str, *, is_ours: bool
) -> None:
    """There is a URL to play only if the output is in our bucket."""
    await following.handle([complete(job_id, stack.output_bucket if is_ours else "elsewhere")])
    job = (await api.get(f"/jobs/{job_id}")).json()
    listed = await (await aws.s3()).list_objects_v2(Bucket=stack.output_bucket, Prefix=f"news/{job_id}/")
    assert job["status"] == "COMPLETE"
    assert (job["output"]["playback_url"] is not None) == is_ours
    assert listed.get("KeyCount") == 0


@pytest.fixture
async def announcing(worker_aws: Aws, settings: WorkerSettings, stack: Stack) -> DeliveryHandler:
    """The same handler in a deployment with a bus and three endpoints of webhooks."""
    return await open_handler(worker_aws, with_webhooks(settings, stack, announce_event_bus="default"))


async def test_the_end_of_a_followed_job_is_announced_once(
    announcing: DeliveryHandler, aws: Aws, stack: Stack, job_id: str
) -> None:
    """It is sent to every subscriber before its message is done, with the owner that its program named."""
    metadata = {"InputFile": "in/summer night.mp4", "Owner": "ada"}
    await announcing.handle([event(job_id, "PROGRESSING", userMetadata=metadata)])
    begun = await announcing.submitter.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    end = event(job_id, "ERROR", time_ms=9, errorCode=1010, errorMessage="No.", userMetadata=metadata)
    for message in (end, replace(end, message_id="repeated")):
        await announcing.handle([message])
    webhooks = await _webhooks_of(await aws.sqs(), stack.webhook_1_queue_url, job_id)
    assert begun is not None
    assert [each["type"] for each in webhooks] == ["job.error"]
    data = webhooks[0]["data"]
    assert (data["owner"], data["followed"], data["job"]["file_name"]) == ("ada", True, "summer night.mp4")
    assert await _unannounced(aws, stack, job_id) is None


async def test_a_crash_before_the_announcement_of_a_followed_job_loses_nothing(
    announcing: DeliveryHandler, worker_aws: Aws, settings: WorkerSettings, aws: Aws, stack: Stack, job_id: str
) -> None:
    """The write of the end marked the row, and a pass of reconciliation finds the mark."""
    crashing = replace(announcing.applier, announce=_crash)
    batch = replace(announcing.batch, applier=crashing)
    await replace(announcing, batch=batch).handle([complete(job_id, "elsewhere")])
    marked = await _unannounced(aws, stack, job_id)
    reconciliation = await open_pass(worker_aws, with_webhooks(settings, stack), announcing, quiet_s=0)
    later = replace(reconciliation, clock=lambda: time.time() + UNANNOUNCED_S + 1, sleep=_no_sleep)
    await replace(later, overdue_s=10**8).run()
    webhooks = await _webhooks_of(await aws.sqs(), stack.webhook_1_queue_url, job_id)
    assert marked == {"SS": ["job.complete"]}
    assert [each["type"] for each in webhooks] == ["job.complete"]
    assert await _unannounced(aws, stack, job_id) is None


async def _crash(_key: str | None) -> None:
    """End the delivery before anything is sent."""
    raise ConnectionError


async def _unannounced(aws: Aws, stack: Stack, job_id: str) -> object:
    key = {"JobId": {"S": job_id}}
    row = (await (await aws.dynamodb()).get_item(TableName=stack.status_table, Key=key, ConsistentRead=True))["Item"]
    return row.get("Unannounced")


async def _webhooks_of(sqs: SQSClient, url: str, job_id: str) -> list[dict[str, Any]]:
    """Return the bodies of the job's webhooks in the queue, which are there; the first ones may be other tests'."""
    found: list[dict[str, Any]] = []
    receive = partial(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    while messages := (await receive()).get("Messages"):
        bodies = [json.loads(json.loads(each["Body"])["body"]) for each in messages]
        found += [each for each in bodies if each["data"].get("job", {}).get("job_id") == job_id]
    return found


async def test_a_followed_job_never_takes_the_place_of_an_uploads_job(
    following: DeliveryHandler, stores: Stores, job_id: str, input_file: str
) -> None:
    """Its metadata may name any upload, also one of another caller that waits for its own job."""
    now_s = int(time.time())
    await stores.lookups.announce(Lookup(input_file=input_file, owner="ada", announced_s=now_s), now_s=now_s)
    before = await stores.lookups.get(input_file, now_s=now_s, consistent=True)
    metadata = {"InputFile": input_file, "Owner": "mallory"}
    for message in (event(job_id, "PROGRESSING", userMetadata=metadata), complete(job_id, "x", userMetadata=metadata)):
        await following.handle([message])
    assert before is not None
    assert await stores.lookups.get(input_file, now_s=now_s, consistent=True) == before


async def test_a_followed_job_is_never_canceled(
    following: DeliveryHandler, api: httpx.AsyncClient, stores: Stores, job_id: str
) -> None:
    """The service refuses the request, and the worker refuses one that reached its queue."""
    await following.handle([event(job_id, "PROGRESSING")])
    response = await api.post(f"/jobs/{job_id}/cancel")
    await following.batch.canceller.cancel_job(job_id)
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert (response.status_code, response.json()["code"]) == (409, "job_of_another_program")
    assert job is not None
    assert not job.status.is_final


async def test_a_job_without_an_owner_needs_the_scope(following: DeliveryHandler, stack: Stack, job_id: str) -> None:
    """For every other caller it doesn't exist."""
    await following.handle([event(job_id, "PROGRESSING")])
    with little_issuer() as issuer:
        access = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE}
        async for api in serve(service_settings(stack).model_copy(update=access)):
            statuses = [
                (await api.get(f"/jobs/{job_id}", headers={"Authorization": f"Bearer {token}"})).status_code
                for token in (
                    issuer.token("ada"),
                    issuer.token("ada", scope="openid jobs:all"),
                    issuer.token("ada", scp=["jobs:all"]),
                    issuer.token("ada", scope="jobs:allowed"),
                )
            ]
    assert statuses == [404, 200, 200, 404]


async def test_the_row_of_a_failed_followed_job_expires(
    following: DeliveryHandler, aws: Aws, stack: Stack, job_id: str
) -> None:
    """There is no upload with which it could be deleted."""
    now_s = int(time.time())
    await following.handle([event(job_id, "ERROR", errorCode=1010, errorMessage="No.")])
    dynamodb = await aws.dynamodb()
    row = (await dynamodb.get_item(TableName=stack.status_table, Key={"JobId": {"S": job_id}}))["Item"]
    assert 86_400 <= int(row["ExpirationTime"]["N"]) - now_s < 90_000


async def test_with_the_default_setting_other_jobs_stay_unknown(
    handler: DeliveryHandler, stores: Stores, job_id: str
) -> None:
    """As before: their events change nothing."""
    await handler.handle([event(job_id, "PROGRESSING")])
    assert await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True) is None


async def test_reconciliation_ends_a_followed_job_whose_last_event_was_lost(
    following: DeliveryHandler, settings: WorkerSettings, worker_aws: Aws, stores: Stores, aws: Aws
) -> None:
    """It asks MediaConvert, as for our own jobs; the job's input doesn't exist, so MediaConvert has ended it."""
    client = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    job_id = (await client.create_job(**foreign_request("s3://nosuch-bucket/a.mp4", "s3://nosuch-bucket/out/a")))[
        "Job"
    ]["Id"]
    await following.handle([event(job_id, "PROGRESSING")])
    reconciliation = await open_pass(worker_aws, settings, following, quiet_s=0)
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if (await client.get_job(Id=job_id))["Job"]["Status"] == "ERROR":
                break
            await asyncio.sleep(0.05)
    await replace(reconciliation, clock=lambda: time.time() + 600, sleep=_no_sleep).run()
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    assert job.status == "ERROR"


async def _no_sleep(_seconds: float) -> None:
    """Skip the wait between two calls."""


def foreign_request(uri: str, destination: str) -> dict[str, Any]:
    """Return the CreateJob request of a program that knows nothing of this system."""
    playlists = {"OutputGroupSettings": {"HlsGroupSettings": {"Destination": destination}}}
    poster = {"OutputGroupSettings": {"FileGroupSettings": {"Destination": destination}}}
    return {
        "Role": "arn:aws:iam::000000000000:role/Newsroom",
        "JobTemplate": job_template()["Name"],
        "Settings": {"Inputs": [{"FileInput": uri}], "OutputGroups": [playlists, poster]},
        "UserMetadata": {"Team": "news"},
    }


@pytest.fixture
async def sqs(aws: Aws) -> SQSClient:
    """A client of SQS."""
    return await aws.sqs()


async def test_the_events_of_another_programs_job_come_through_the_rule(
    deploy_stack: Callable[..., Stack], sqs: SQSClient, tmp_path: Path, worker_aws: Aws
) -> None:
    """From a boto3 script's CreateJob to COMPLETE, on the stack that the setting deploys; no event comes twice."""
    stack = deploy_stack({"FollowJobs": "all", "FollowQueues": QUEUE})
    emulator = EmulatorSettings(
        port=0, aws_endpoint_url=stack.endpoint_url, time_factor=100, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(emulator) as url:
        settings = worker_settings(stack, url).model_copy(update={"follow_jobs": "all", "follow_queues": (QUEUE,)})
        following = await open_handler(worker_aws, settings)
        s3 = boto3.client("s3", endpoint_url=stack.endpoint_url)
        s3.upload_file(str(make_video(tmp_path / "a.mp4")), stack.input_bucket, "elsewhere/a.mp4")
        request = foreign_request(f"s3://{stack.input_bucket}/elsewhere/a.mp4", f"s3://{stack.output_bucket}/news/a")
        job_id = boto3.client("mediaconvert", endpoint_url=url).create_job(**request)["Job"]["Id"]
        bodies = await _handle_until_complete(following, sqs, stack, job_id)
    ids = [json.loads(body)["id"] for body in bodies]
    assert len(ids) == len(set(ids))
    async for api in serve(service_settings(stack)):
        job = (await api.get(f"/jobs/{job_id}")).json()
    assert (job["status"], job["progress_percent"], job["output"]["path"]) == ("COMPLETE", 100, "news/")
    assert job["output"]["playback_url"].endswith("/news/a.m3u8")


async def _handle_until_complete(handler: DeliveryHandler, sqs: SQSClient, stack: Stack, job_id: str) -> list[str]:
    """Handle the messages of the queue of job events until the job is COMPLETE, and return their bodies."""
    bodies: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        while True:
            received = await sqs.receive_message(QueueUrl=stack.job_events_queue_url, WaitTimeSeconds=1)
            for each in received.get("Messages", []):
                bodies.append(each["Body"])
                await handler.handle([Message(message_id=each["MessageId"], body=each["Body"])])
                await sqs.delete_message(QueueUrl=stack.job_events_queue_url, ReceiptHandle=each["ReceiptHandle"])
            job = await handler.submitter.statuses.get(job_id, now_s=int(time.time()), consistent=True)
            if job is not None and job.status.is_final:
                return bodies


async def test_the_rule_sends_only_the_followed_queues_jobs(deploy_stack: Callable[..., Stack], sqs: SQSClient) -> None:
    """A job of ours in a followed queue comes once, and a job of another queue never."""
    stack = deploy_stack({"FollowJobs": "all", "FollowQueues": f"{QUEUE}A,{QUEUE}B"})
    events = boto3.client("events", endpoint_url=stack.endpoint_url)
    ours = {"InputBucket": stack.input_bucket}
    details: list[dict[str, object]] = [
        {"jobId": "other-queue", "queue": QUEUE, "userMetadata": {}},
        {"jobId": "first", "queue": f"{QUEUE}A", "userMetadata": {"Team": "news"}},
        {"jobId": "other-bucket", "queue": f"{QUEUE}A", "userMetadata": {"InputBucket": "another"}},
        {"jobId": "ours", "queue": f"{QUEUE}B", "userMetadata": ours},
        {"jobId": "last", "queue": f"{QUEUE}B", "userMetadata": {}},
    ]
    for detail in details:
        entry = {"Source": LOCAL_EVENT_SOURCE, "DetailType": "MediaConvert Job State Change"}
        events.put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])
    received: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        while "last" not in received:
            response = await sqs.receive_message(
                QueueUrl=stack.job_events_queue_url, WaitTimeSeconds=1, MaxNumberOfMessages=10
            )
            received += [json.loads(each["Body"])["detail"]["jobId"] for each in response.get("Messages", [])]
    assert sorted(received) == ["first", "last", "other-bucket", "ours"]
