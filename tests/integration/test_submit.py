"""One upload, one job: the worker's handler with the MediaConvert emulator and the tables."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.integration.process_settings import worker_settings
from tests.integration.queue_messages import object_created
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import dead_workers_claim, jobs_of
from transcode.aws import Aws
from transcode.job import Failure
from transcode.lookup import Lookup
from transcode.profiles import profiles_of
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Retry
from worker.submission.mediaconvert import QueueCounts

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient


def now_s() -> int:
    """Return the current time."""
    return int(time.time())


@pytest.fixture
async def mediaconvert(aws: Aws, mediaconvert_endpoint: str) -> "MediaConvertClient":
    """A client of the emulator."""
    return await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)


async def test_a_notification_delivered_many_times_creates_one_job(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """Ten concurrent deliveries and a later one: one job, which the file's row has."""
    message = object_created(stack, input_file)
    copies = [replace(message, message_id=str(at)) for at in range(10)]
    outcomes = await asyncio.gather(*(handler.handle([copy]) for copy in copies))
    assert {type(next(iter(outcome.values()))) for outcome in outcomes} <= {Done, Retry}
    assert await handler.handle([message]) == {message.message_id: Done()}
    jobs = await jobs_of(mediaconvert, stack, input_file)
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert [job["Id"] for job in jobs] == [lookup.job_id]


async def test_a_file_with_a_job_has_all_rows_of_the_job(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Key row, status row and lookup row of one job, with the uploader's file name."""
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="私の.mp4", owner="me"), now_s=now_s())
    await handler.handle([object_created(stack, input_file)])
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert lookup.job_id is not None
    job = await stores.statuses.get(lookup.job_id, now_s=now_s())
    destination = await stores.outputs.get(lookup.job_id, now_s=now_s())
    assert job is not None
    assert (job.input_file, job.file_name, job.owner) == (input_file, "私の.mp4", "me")
    assert destination is not None
    assert destination.output_path.startswith(f"{input_file}_20")


async def test_the_job_encrypts_with_the_key_of_the_row(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The job has the key, key file and folder of the row."""
    await handler.handle([object_created(stack, input_file)])
    (job,) = await jobs_of(mediaconvert, stack, input_file)
    group = job["Settings"]["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]
    destination = await stores.outputs.get(job["Id"], now_s=now_s())
    assert destination is not None
    assert group["Encryption"]["StaticKeyProvider"] == {
        "StaticKeyValue": destination.key_value,
        "Url": destination.key_file,
    }
    assert group["Destination"] == f"s3://{stack.output_bucket}/{destination.output_path}clip"


async def test_a_job_is_found_again_after_a_crash(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The claim identifies the job that was created for it, and its key is the job's. No second job is created."""
    encoder = handler.submitter.mediaconvert
    message = object_created(stack, input_file)
    claim = await dead_workers_claim(stores, input_file)
    job_id = await encoder.create(claim, now_s=time.time())
    assert await handler.handle([message]) == {message.message_id: Done()}
    jobs = await jobs_of(mediaconvert, stack, input_file)
    assert [job["Id"] for job in jobs] == [job_id]
    assert await stores.outputs.get(job_id, now_s=now_s()) == claim.destination


async def test_a_refusal_stays_after_a_crash(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The worker died before it refused the claim. The error may be announced, so a readable file makes no job now."""
    claim, failure = await dead_workers_claim(stores, input_file), Failure(code=422, message="The file is too long.")
    await stores.lookups.refuse(input_file, failure, claimed_ms=claim.claimed_ms, now_s=now_s())
    message = replace(object_created(stack, input_file), deliveries=2)
    assert await handler.handle([message]) == {message.message_id: Done()}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    refused_claim = await stores.outputs.get_claim(claim.claim_id)
    assert lookup is not None
    assert lookup.failure == failure
    assert refused_claim is not None
    assert refused_claim.refused
    assert await jobs_of(mediaconvert, stack, input_file) == []


async def test_a_job_is_created_with_the_claimed_key_after_a_crash(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The next worker resumes the claim instead of making another one."""
    claim = await dead_workers_claim(stores, input_file)
    await handler.handle([object_created(stack, input_file)])
    (job,) = await jobs_of(mediaconvert, stack, input_file)
    assert await stores.outputs.get(job["Id"], now_s=now_s()) == claim.destination


async def test_a_message_waits_while_another_worker_creates_the_job(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """A held lease is kept; the message returns when the lease is over."""
    await dead_workers_claim(stores, input_file, lease_s=40)
    message = object_created(stack, input_file)
    outcome = (await handler.handle([message]))[message.message_id]
    assert isinstance(outcome, Retry)
    assert 30 <= outcome.delay_s <= 41
    assert await jobs_of(mediaconvert, stack, input_file) == []


@pytest.fixture
async def waiting_handler(
    aws: Aws, worker_aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[DeliveryHandler, "MediaConvertClient"]]:
    """A handler on a MediaConvert whose queue is full: no job starts, and request tokens have expired."""
    monkeypatch.setattr(Scheduler, "start", lambda _: None)
    monkeypatch.setattr(emulator_store, "TOKEN_TTL_MS", 0)
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as url:
        yield await open_handler(worker_aws, worker_settings(stack, url)), await aws.mediaconvert(endpoint_url=url)


async def test_a_job_that_was_created_after_the_lease_is_canceled(
    waiting_handler: tuple[DeliveryHandler, "MediaConvertClient"], stack: Stack, stores: Stores, input_file: str
) -> None:
    """Two jobs of one object version never run concurrently: the recorded one continues."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    await handler.handle([object_created(stack, input_file)])
    (recorded,) = await jobs_of(mediaconvert, stack, input_file)
    late = await handler.submitter.mediaconvert.create(claim, now_s=time.time())
    await handler.submitter._record_job(claim, late, None)  # noqa: SLF001 -- a worker that resumes after its lease
    statuses = {job["Id"]: job["Status"] for job in await jobs_of(mediaconvert, stack, input_file)}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert statuses == {recorded["Id"]: "SUBMITTED", late: "CANCELED"}
    assert lookup is not None
    assert lookup.job_id == recorded["Id"]


async def test_a_job_that_search_does_not_show_yet_is_found_in_the_newest_jobs(
    waiting_handler: tuple[DeliveryHandler, "MediaConvertClient"],
    stack: Stack,
    stores: Stores,
    input_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS doesn't say how soon a job can be searched for. The list of the newest jobs has it, with the claim's key."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    job_id = await handler.submitter.mediaconvert.create(claim, now_s=time.time())
    original_list_jobs = Emulator.list_jobs
    with monkeypatch.context() as patch:
        patch.setattr(
            Emulator,
            "list_jobs",
            lambda self, query: {"jobs": []} if "inputFile" in query else original_list_jobs(self, query),
        )
        await handler.handle([object_created(stack, input_file)])
    assert [job["Id"] for job in await jobs_of(mediaconvert, stack, input_file)] == [job_id]
    assert await stores.outputs.get(job_id, now_s=now_s()) == claim.destination


async def test_a_job_that_was_created_long_ago_is_found_by_search(
    waiting_handler: tuple[DeliveryHandler, "MediaConvertClient"],
    stack: Stack,
    stores: Stores,
    input_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list of the newest jobs need not have it, however many jobs were created since."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    job_id = await handler.submitter.mediaconvert.create(claim, now_s=time.time())
    original_list_jobs = Emulator.list_jobs
    with monkeypatch.context() as patch:
        patch.setattr(
            Emulator,
            "list_jobs",
            lambda self, query: original_list_jobs(self, query) if "inputFile" in query else {"jobs": []},
        )
        await handler.handle([object_created(stack, input_file)])
    assert [job["Id"] for job in await jobs_of(mediaconvert, stack, input_file)] == [job_id]


async def test_a_new_version_of_a_file_creates_a_job_in_another_folder(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """Two jobs never share a folder, even within a second; the file's row has the newer job."""
    await handler.handle([object_created(stack, input_file, version="v1")])
    await handler.handle([object_created(stack, input_file, version="v2")])
    jobs = await jobs_of(mediaconvert, stack, input_file)
    rows = [await stores.outputs.get(job["Id"], now_s=now_s()) for job in jobs]
    assert len({row.output_path for row in rows if row}) == 2
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    newest = max(jobs, key=lambda job: job["CreatedAt"])
    assert lookup is not None
    assert lookup.job_id == newest["Id"] or len({job["CreatedAt"] for job in jobs}) == 1


async def test_the_jobs_in_mediaconverts_queue_are_counted(
    waiting_handler: tuple[DeliveryHandler, "MediaConvertClient"], stack: Stack, input_file: str
) -> None:
    """The queue without a setting is the account's default queue."""
    handler, _ = waiting_handler
    counts = [await handler.submitter.mediaconvert.queue_counts()]
    for number in range(2):
        await handler.handle([object_created(stack, f"{input_file}-{number}.mp4")])
        counts.append(await handler.submitter.mediaconvert.queue_counts())
    assert counts == [QueueCounts(submitted=number, progressing=0) for number in range(3)]


async def test_a_refused_job_is_an_error_of_its_file(
    handler: DeliveryHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """MediaConvert returns 404 for a missing template: no client waits forever, and no duplicate tries again."""
    encoder = handler.submitter.mediaconvert
    missing = profiles_of(template="no-such-template", templates={})
    encoder._defaults = replace(encoder._defaults, profiles=missing)  # noqa: SLF001 -- a wrong setting
    message = object_created(stack, input_file)
    assert await handler.handle([message]) == {message.message_id: Done()}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert lookup.failure is not None
    assert lookup.failure.code == 404


async def test_a_throttled_request_releases_the_claim_and_is_retried(
    handler: DeliveryHandler, stack: Stack, stores: Stores, mediaconvert_endpoint: str, input_file: str
) -> None:
    """A 429 costs time, and never loses the upload."""
    message = object_created(stack, input_file)
    async with httpx.AsyncClient(base_url=mediaconvert_endpoint) as client:
        response = await client.put("/_emulator/chaos", json={"fail_create_job": {"count": 1, "status": 429}})
        response.raise_for_status()
    outcome = (await handler.handle([message]))[message.message_id]
    assert isinstance(outcome, Retry)
    assert await handler.handle([message]) == {message.message_id: Done()}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert lookup.job_id is not None
