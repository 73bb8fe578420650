"""A deletion waits while AWS is at fault, works in buckets with versions, and finds jobs that no row names."""

import asyncio
import secrets
import time
from dataclasses import replace
from typing import Any

import pytest

from local.provision import Stack
from tests.integration.deletion_scene import DeletionScene, delete_message, now_s
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.queue_messages import job_event, object_created
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import dead_workers_claim, jobs_of
from tests.integration.waiting_messages import Responses
from transcode.attempt import JobExistsError
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.deletion.deleter import Deleter
from worker.deletion.invalidations import Invalidations, TooManyInvalidationsError
from worker.deletion.stored_objects import StoredObjects
from worker.messages.events import ObjectCreated
from worker.outcomes import Done, Retry

DAYS_15_MS = 15 * 86_400_000


@pytest.fixture
async def worker(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Pipeline:
    """A worker's handlers, with clients of their own."""
    return await open_pipeline(worker_aws, stack, mediaconvert_endpoint)


@pytest.fixture
def scene(stack: Stack, stores: Stores, aws: Aws, input_file: str) -> DeletionScene:
    """The upload of the test."""
    return DeletionScene(stack=stack, stores=stores, aws=aws, input_file=input_file)


def with_deleter(worker: Pipeline, **changes: Any) -> Pipeline:  # noqa: ANN401 -- any field of the deleter
    """Return the worker with a changed deleter."""
    deleter: Deleter = replace(worker.intake.batch.deleter, **changes)
    return replace(worker, intake=replace(worker.intake, batch=replace(worker.intake.batch, deleter=deleter)))


async def distribution(aws: Aws) -> str:
    """Create a CloudFront distribution, and return its id."""
    client = await aws.cloudfront()
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only", "CachePolicyId": secrets.token_hex(8)}
    created = await client.create_distribution(
        DistributionConfig={
            "CallerReference": secrets.token_hex(8),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
    )
    return str(created["Distribution"]["Id"])


async def invalidated(aws: Aws, distribution_id: str) -> list[list[str]]:
    """Return the paths of each invalidation."""
    client = await aws.cloudfront()
    listed = (await client.list_invalidations(DistributionId=distribution_id))["InvalidationList"].get("Items", [])
    found = [await client.get_invalidation(DistributionId=distribution_id, Id=each["Id"]) for each in listed]
    return [sorted(each["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]) for each in found]


@pytest.mark.localstack_cannot("it has no CloudFront")
async def test_two_deletions_share_one_invalidation(
    worker: Pipeline, scene: DeletionScene, stack: Stack, aws: Aws, worker_aws: Aws
) -> None:
    """Both paths are in one request, and a repeated deletion makes no second invalidation."""
    distribution_id = await distribution(aws)
    other = replace(scene, input_file=f"{scene.input_file}-other.mp4")
    invalidations = Invalidations(worker_aws.cloudfront, distribution_id=distribution_id)
    deleting = with_deleter(worker, invalidations=invalidations)
    messages = [delete_message(stack, each.input_file) for each in (scene, other)]
    assert await deleting.take_in(*messages) == [Done()] * 2
    expected = sorted(f"/{each.input_file}_*" for each in (scene, other))
    assert await invalidated(aws, distribution_id) == [expected]


@pytest.mark.localstack_cannot("it has no CloudFront")
async def test_too_many_invalidations_are_a_wait(
    worker: Pipeline, scene: DeletionScene, stack: Stack, aws: Aws, worker_aws: Aws
) -> None:
    """The deletion goes on when CloudFront accepts the request; the objects are removed before."""
    await scene.complete()
    invalidations = Invalidations(worker_aws.cloudfront, distribution_id=await distribution(aws))
    busy = Invalidations(worker_aws.cloudfront, distribution_id="E0NOTTHERE00")

    async def refuse(*_: object, **__: object) -> None:
        raise TooManyInvalidationsError

    busy.invalidate = refuse  # type: ignore[method-assign]  # the emulator accepts any number
    (outcome,) = await with_deleter(worker, invalidations=busy).take_in(delete_message(stack, scene.input_file))
    assert isinstance(outcome, Retry)
    assert outcome.delay_s == 60
    assert not outcome.is_outage
    assert await scene.objects() == []
    assert "DeletedTime" not in await scene.upload_row()
    deleting = with_deleter(worker, invalidations=invalidations)
    assert await deleting.take_in(delete_message(stack, scene.input_file)) == [Done()]


async def test_all_versions_are_removed(worker_aws: Aws, aws: Aws) -> None:
    """An operator's bucket may keep versions; a deleted object is then a version too."""
    s3, bucket = await aws.s3(), f"input-{secrets.token_hex(8)}"
    await s3.create_bucket(Bucket=bucket)
    await s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("uploads/a", "uploads/a", "uploads/a", "uploads/ab"):
        await s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    await s3.delete_object(Bucket=bucket, Key="uploads/a")
    objects = StoredObjects(await worker_aws.s3(), bucket)
    assert await objects.remove("uploads/a", is_owned=lambda key: key != "uploads/ab")
    listed = await s3.list_object_versions(Bucket=bucket)
    assert [each["Key"] for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]] == ["uploads/ab"]


async def test_a_key_that_xml_cannot_contain_is_removed(
    worker_aws: Aws, aws: Aws, stack: Stack, input_file: str
) -> None:
    """S3 would refuse a whole request with it. The emulator can't list such a key, so the test names it."""
    s3, key = await aws.s3(), f"{input_file}\x01"
    sent: list[str] = []
    await s3.put_object(Bucket=stack.input_bucket, Key=key, Body=b"x")
    client: Any = await worker_aws.s3()
    client.meta.events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    await StoredObjects(client, stack.input_bucket)._delete([{"Key": key, "VersionId": "null"}])  # noqa: SLF001
    assert sent == ["DeleteObject"]


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied"])
async def test_an_object_that_s3_does_not_remove_is_a_wait(
    worker: Pipeline, scene: DeletionScene, stack: Stack, code: str
) -> None:
    """The response of DeleteObjects is a 200 with an error for one object. The upload keeps its row until then."""
    await scene.complete()
    client: Any = worker.intake.batch.deleter.outputs._client  # noqa: SLF001 -- only the client's own events see its calls
    errors = [{"Key": "k", "Code": code, "Message": code}]

    def fail(parsed: dict[str, Any], **_: object) -> None:
        parsed["Errors"] = errors

    client.meta.events.register("after-call.s3.DeleteObjects", fail)
    (outcome,) = await worker.take_in(delete_message(stack, scene.input_file))
    client.meta.events.unregister("after-call.s3.DeleteObjects", fail)
    assert isinstance(outcome, Retry)
    assert not outcome.is_outage
    assert "DeletedTime" not in await scene.upload_row()
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]


async def test_a_delivery_ends_in_time_and_the_next_one_goes_on(
    worker: Pipeline, scene: DeletionScene, stack: Stack
) -> None:
    """A video can have a million segments, and the job events of the same batch wait."""
    await scene.complete()
    times = iter(range(0, 1_000_000, 20))
    slow = with_deleter(worker, work_clock=lambda: next(times))
    (outcome,) = await slow.take_in(delete_message(stack, scene.input_file))
    assert isinstance(outcome, Retry)
    assert (outcome.delay_s, outcome.is_outage) == (1, False)
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]


async def test_a_job_that_a_dead_worker_created_is_found_and_ended(
    worker: Pipeline, scene: DeletionScene, stack: Stack, stores: Stores, aws: Aws, mediaconvert_endpoint: str
) -> None:
    """The worker died between CreateJob and the record. No row names the job, but its claim does."""
    await stores.lookups.announce(Lookup(input_file=scene.input_file), now_s=now_s())
    claim = await dead_workers_claim(stores, scene.input_file)
    job_id = await worker.submission.submitter.mediaconvert.create(claim, now_s=time.time())
    await stores.lookups.queue(
        scene.input_file, claimed_ms=claim.claimed_ms, claim_id=claim.claim_id, now_s=now_s(), version="v1"
    )
    assert await until_done(worker, stack, scene.input_file) == Done()
    client = await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)
    (job,) = await jobs_of(client, stack, scene.input_file)
    assert job["Status"] in {"CANCELED", "ERROR", "COMPLETE"}
    assert (await scene.upload_row())["DeletedJobs"] == {"SS": [job_id]}
    assert await scene.key_rows(job_id, claim.claim_id) == []


async def test_a_job_that_is_created_during_the_deletion_is_removed(
    worker: Pipeline, scene: DeletionScene, stack: Stack, stores: Stores, aws: Aws, mediaconvert_endpoint: str
) -> None:
    """A submitter reads the row before the deletion marks it, and links the job after that."""
    created = object_created(stack, scene.input_file)
    await stores.lookups.announce(Lookup(input_file=scene.input_file), now_s=now_s())
    submitter = worker.submission.submitter
    create = submitter.mediaconvert.create

    async def delete_first(*arguments: Any, **options: Any) -> str:  # noqa: ANN401 -- those of the method
        await worker.intake.batch.deleter.rows.mark(scene.input_file, now_s=now_s())
        return await create(*arguments, **options)

    submitter.mediaconvert.create = delete_first  # type: ignore[method-assign]  # a deletion at this very moment
    outcome = await worker.submit(created)
    client = await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)
    (job,) = await jobs_of(client, stack, scene.input_file)
    if outcome != Done():  # the job failed before it was canceled
        await worker.take_in(job_event(stack, job["Id"], "ERROR", now_s() * 1000, errorCode=1010))
        outcome = await worker.submit(created)
    assert outcome == Done()
    assert "DeletedTime" in await scene.job_row(job["Id"])
    assert await scene.key_rows(job["Id"], scene.claim_id()) == []
    assert "JobId" not in await scene.upload_row()


async def test_a_throttled_mediaconvert_is_a_wait(worker: Pipeline, scene: DeletionScene, stack: Stack) -> None:
    """The search for the jobs of an object that was not announced waits, and nothing is removed before."""
    await scene.put_input()
    assert await worker.submit(object_created(stack, scene.input_file)) == Done()
    responses = Responses(worker.submission)
    responses.by_call["SearchJobs"] = (429, "TooManyRequestsException")
    (outcome,) = await worker.take_in(delete_message(stack, scene.input_file))
    assert isinstance(outcome, Retry)
    assert not outcome.is_outage
    assert scene.input_file in await scene.objects()
    del responses.by_call["SearchJobs"]
    job_id = (await scene.upload_row())["JobId"]["S"]
    assert await until_done(worker, stack, scene.input_file, job_id=job_id) == Done()


async def test_a_notification_after_the_claim_has_expired_makes_no_second_job(
    worker: Pipeline, scene: DeletionScene, stack: Stack, stores: Stores, aws: Aws, mediaconvert_endpoint: str
) -> None:
    """A claim expires after 14 days, and the row of the upload stays. Its job and version decide."""
    await stores.lookups.announce(Lookup(input_file=scene.input_file), now_s=now_s())
    created = object_created(stack, scene.input_file)
    assert await worker.submit(created) == Done()
    before = await scene.upload_row()
    dynamodb = await aws.dynamodb()
    await dynamodb.delete_item(TableName=stack.output_table, Key={"JobId": {"S": f"claim:{scene.claim_id()}"}})
    assert await worker.take_in(created) == [Done()]
    assert await worker.submit(replace(created, message_id="again")) == Done()
    client = await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)
    assert len(await jobs_of(client, stack, scene.input_file)) == 1
    assert await scene.upload_row() == before


@pytest.mark.parametrize("has_been", ["linked", "retried", "replaced", "canceled"])
async def test_a_version_that_had_its_attempt_gets_no_new_claim(scene: DeletionScene, has_been: str) -> None:
    """Whatever happened to the attempt: a job, its retry, or a cancellation before the job existed."""
    lookups, key, old_ms = scene.stores.lookups, scene.input_file, int(time.time() * 1000) - DAYS_15_MS
    await lookups.announce(Lookup(input_file=key), now_s=now_s())
    await lookups.queue(key, claimed_ms=old_ms, claim_id="c", now_s=now_s(), version="v1")
    match has_been:
        case "canceled":
            await lookups.cancel(key, claimed_ms=old_ms, now_s=now_s())
        case _:
            await lookups.link(key, "1-a", claimed_ms=old_ms, now_s=now_s())
    if has_been in {"retried", "replaced"}:
        await lookups.count_retry(key, replaces="1-a", limit=5)
    if has_been == "replaced":
        await lookups.request(Lookup(input_file=key, claimed_ms=old_ms), replaces="1-a", now_s=now_s())
    before = await scene.upload_row()
    with pytest.raises(JobExistsError):
        await lookups.queue(key, claimed_ms=now_s() * 1000, claim_id="c", now_s=now_s(), version="v1")
    assert await scene.upload_row() == before


async def test_a_version_without_a_job_may_be_claimed_again(scene: DeletionScene) -> None:
    """Its claim expired while it waited, or MediaConvert refused it: nothing was paid."""
    lookups, key, old_ms = scene.stores.lookups, scene.input_file, int(time.time() * 1000) - DAYS_15_MS
    await lookups.announce(Lookup(input_file=key), now_s=now_s())
    await lookups.queue(key, claimed_ms=old_ms, claim_id="c", now_s=now_s(), version="v1")
    queued = await lookups.queue(key, claimed_ms=now_s() * 1000, claim_id="c", now_s=now_s(), version="v1")
    assert queued.is_queued


async def test_a_folder_of_another_upload_stays(worker: Pipeline, scene: DeletionScene, stack: Stack) -> None:
    """Two keys that an operator chose can have one prefix: info.json names the other one."""
    key = scene.input_file.replace("clip", "clip_")
    other, own = replace(scene, input_file=key.replace("_", "$")), replace(scene, input_file=key)
    job_id = await other.add_job(
        ObjectCreated(input_file=other.input_file, size_bytes=5, version="v1"), claimed_ms=now_s() * 1000
    )
    before = set(await own.objects())
    await other.put_outputs(f"{key}_20261122083000-0a1b2c/", job_id)
    others = set(await own.objects()) - before
    await own.put_outputs(f"{key}_20261122083000-ffffff/", "1-own")
    assert await until_done(worker, stack, key) == Done()
    assert others
    assert set(await own.objects()) == before | others


async def until_done(worker: Pipeline, stack: Stack, input_file: str, *, job_id: str | None = None) -> object:
    """Deliver the request until it is done, with the last event of the job if it has ended by itself."""
    async with asyncio.timeout(20):
        while (outcome := (await worker.take_in(delete_message(stack, input_file)))[0]) != Done():
            if job_id is not None:
                await worker.take_in(job_event(stack, job_id, "ERROR", now_s() * 1000, errorCode=1010))
            await asyncio.sleep(0.2)
    return outcome
