"""Deletion over HTTP: the service requests it and hides the upload; the worker's handler removes everything."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from local.provision import Stack
from tests.integration.deletion_scene import DeletionScene, delete_message, now_s
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.process_settings import service_settings
from tests.integration.queue_messages import complete_event, object_created, received, status_update
from tests.integration.service_app import serve, upload_request
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.messages.events import ObjectCreated
from worker.outcomes import Done, Retry


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    settings = service_settings(stack).model_copy(update={"uploads_queue_url": stack.uploads_queue_url, "fresh_s": 0.0})
    async for client in serve(settings):
        yield client


@pytest.fixture
async def worker(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> Pipeline:
    """A worker's handlers, with clients of their own."""
    return await open_pipeline(worker_aws, stack, mediaconvert_endpoint)


@pytest.fixture
def scene(stack: Stack, stores: Stores, aws: Aws, input_file: str) -> DeletionScene:
    """The upload of the test."""
    return DeletionScene(stack=stack, stores=stores, aws=aws, input_file=input_file)


async def delete(api: httpx.AsyncClient, input_file: str) -> httpx.Response:
    """Request the deletion."""
    return await api.delete("/uploads", params={"input_file": input_file})


async def test_a_deleted_upload_vanishes_at_once_and_leaves_nothing(
    api: httpx.AsyncClient, worker: Pipeline, scene: DeletionScene, stack: Stack, aws: Aws
) -> None:
    """Both routes of its job are 404 before the worker begins; then source, outputs, keys and rows are removed."""
    job_id = await scene.complete()
    await scene.begin_multipart()
    assert (await delete(api, scene.input_file)).status_code == 202
    paths = ("/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/progress")
    shown = [(await api.get(path, params={"input_file": scene.input_file})).status_code for path in paths]
    assert shown == [404] * 3
    assert len(await scene.objects()) == 9
    request = await received(aws, stack, scene.input_file)
    assert await worker.take_in(request) == [Done()]
    assert (await scene.objects(), await scene.multipart_uploads()) == ([], 0)
    assert await scene.key_rows(job_id, scene.claim_id()) == []
    assert set(await scene.job_row(job_id)) == {
        *("JobId", "JobStatus", "EventTime", "CreationTime", "DeletedTime", "ExpirationTime")
    }
    assert set(await scene.upload_row()) == {
        *("InputFile", "Owner", "Announced", "CreationTime", "DeleteRequestedTime", "DeletedTime", "DeletedJobs"),
        "ExpirationTime",
    }


async def test_a_repeated_request_is_accepted_before_and_after_the_deletion(
    api: httpx.AsyncClient, worker: Pipeline, scene: DeletionScene, stack: Stack
) -> None:
    """A client that lost a response may repeat its request; an unknown upload is a 404."""
    await scene.complete()
    first = [(await delete(api, scene.input_file)).status_code for _ in range(2)]
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]
    assert [*first, (await delete(api, scene.input_file)).status_code] == [202] * 3
    unknown = await delete(api, f"{scene.input_file}-unknown")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "upload_not_found")


async def test_every_job_of_an_upload_is_deleted(worker: Pipeline, scene: DeletionScene, stack: Stack) -> None:
    """A retry has a claim, a job and a folder of its own. The outputs of an upload with a longer name stay."""
    first = await scene.complete()
    await scene.stores.lookups.count_retry(scene.input_file, replaces=first, limit=5)
    retried = ObjectCreated(input_file=scene.input_file, size_bytes=5, version="v1", replaces=first)
    second = await scene.add_job(retried, claimed_ms=int(time.time() * 1000))
    await scene.stores.statuses.request_cancel(second, now_s=now_s())
    neighbour = DeletionScene(stack=stack, stores=scene.stores, aws=scene.aws, input_file=f"{scene.input_file}_2.mp4")
    await neighbour.complete()
    kept = await neighbour.objects()
    outcome = (await worker.take_in(delete_message(stack, scene.input_file)))[0]
    assert outcome == Done()
    claims = (scene.claim_id(), scene.claim_id(replaces=first))
    assert [await scene.key_rows(first, *claims), await scene.key_rows(second)] == [[], []]
    assert await scene.objects() == kept


async def test_nothing_restores_a_deleted_upload(
    api: httpx.AsyncClient, worker: Pipeline, scene: DeletionScene, stack: Stack
) -> None:
    """Late job events, a repeated notification, and the message of the submission queue change nothing."""
    job_id = await scene.complete()
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]
    before = (await scene.upload_row(), await scene.job_row(job_id))
    time_ms = int(time.time() * 1000)
    late = [status_update(stack, job_id, time_ms, 50), complete_event(stack, job_id, time_ms + 1)]
    created = object_created(stack, scene.input_file)
    assert await worker.take_in(*late, created) == [Done()] * 3
    assert await worker.submit(created) == Done()
    assert (await scene.upload_row(), await scene.job_row(job_id)) == before
    assert await scene.objects() == []
    assert (await api.get(f"/jobs/{job_id}")).status_code == 404


async def test_an_object_that_arrives_at_a_tombstone_is_deleted(
    worker: Pipeline, scene: DeletionScene, stack: Stack
) -> None:
    """A signed URL is valid after the deletion. S3's event of the object removes it, and no job is created."""
    await scene.complete()
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]
    await scene.put_input()
    assert await worker.take_in(object_created(stack, scene.input_file, version="v2")) == [Done()]
    assert await scene.objects() == []


async def test_a_second_sweep_follows_the_last_signed_url(
    worker: Pipeline, scene: DeletionScene, stack: Stack, aws: Aws
) -> None:
    """The event of an object that arrives can be lost, and so the worker comes back once every URL has expired."""
    await scene.complete()
    assert await worker.take_in(delete_message(stack, scene.input_file, urls_until_s=now_s() - 59)) == [Done()]
    await scene.put_input()
    await scene.begin_multipart()
    sweep = await received(aws, stack, scene.input_file)
    deleter = worker.intake.batch.deleter
    later = replace(worker.intake.batch, deleter=replace(deleter, clock=lambda: time.time() + 60))
    assert await replace(worker.intake, batch=later).handle([sweep]) == {sweep.message_id: Done()}
    assert (await scene.objects(), await scene.multipart_uploads()) == ([], 0)


async def test_a_running_job_is_canceled_before_its_outputs_are_removed(
    api: httpx.AsyncClient, worker: Pipeline, scene: DeletionScene, stack: Stack, stores: Stores
) -> None:
    """The upload is deleted once the job is over. A wait is no error."""
    await stores.lookups.announce(Lookup(input_file=scene.input_file), now_s=now_s())
    assert await worker.submit(object_created(stack, scene.input_file)) == Done()
    job_id = str((await api.get("/jobs", params={"input_file": scene.input_file})).json()["job_id"])
    request, deadline_s = delete_message(stack, scene.input_file), time.monotonic() + 20
    (outcome,) = await worker.take_in(request)
    while isinstance(outcome, Retry) and time.monotonic() < deadline_s:
        await worker.take_in(complete_event(stack, job_id, int(time.time() * 1000)))
        (outcome,) = await worker.take_in(request)
    assert outcome == Done()
    assert "DeletedTime" in await scene.upload_row()
    assert await scene.objects() == []


async def test_a_file_that_waits_for_its_job_gets_none(
    worker: Pipeline, scene: DeletionScene, stack: Stack, stores: Stores
) -> None:
    """Its claim is refused, and the message in the submission queue ends without a job."""
    await stores.lookups.announce(Lookup(input_file=scene.input_file), now_s=now_s())
    await scene.put_input()
    assert await worker.take_in(object_created(stack, scene.input_file)) == [Done()]
    (queued,) = await worker.queued(scene.input_file)
    assert await worker.take_in(delete_message(stack, scene.input_file)) == [Done()]
    assert await worker.submit(queued) == Done()
    assert "DeletedTime" in await scene.upload_row()
    assert "JobId" not in await scene.upload_row()
    assert await scene.objects() == []


async def test_deleting_an_unfinished_upload_frees_its_bytes(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, scene: DeletionScene
) -> None:
    """The caller may begin another upload of the same size at once."""
    body = {"filename": "a.mp4", "type": "video/mp4", "metadata": {"size": "1000"}}
    begun = (await api.post("/s3/multipart", json=body)).json()
    upload = replace(scene, input_file=begun["key"])
    reserved_in = (await upload.upload_row())["ReservedIn"]["S"]
    before = await upload.row(stack.input_file_table, "InputFile", reserved_in)
    assert (await delete(api, begun["key"])).status_code == 202
    after = await upload.row(stack.input_file_table, "InputFile", reserved_in)
    assert await worker.take_in(delete_message(stack, begun["key"])) == [Done()]
    assert await upload.multipart_uploads() == 0
    assert int(before["Reserved"]["N"]) - int(after["Reserved"]["N"]) == 1000
    assert "ReservedIn" not in await upload.upload_row()


async def test_a_deletion_needs_a_queue(stack: Stack, scene: DeletionScene) -> None:
    """The response is a 501, and the upload stays."""
    await scene.complete()
    async for api in serve(service_settings(stack).model_copy(update={"job_events_queue_url": None})):
        response = await delete(api, scene.input_file)
        assert (response.status_code, response.json()["code"]) == (501, "delete_not_configured")
        assert (await api.get("/jobs", params={"input_file": scene.input_file})).status_code == 200


async def test_a_new_upload_can_be_deleted_before_its_object_arrives(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, scene: DeletionScene
) -> None:
    """The signed URL still works; the object is removed when its event comes."""
    input_file = (await api.post("/uploads", json=upload_request())).json()["input_file"]
    upload = replace(scene, input_file=input_file)
    assert (await delete(api, input_file)).status_code == 202
    assert await worker.take_in(delete_message(stack, input_file)) == [Done()]
    await upload.put_input()
    assert await worker.take_in(object_created(stack, input_file)) == [Done()]
    assert await upload.objects() == []
