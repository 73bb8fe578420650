"""One upload, one job: the worker's handler against the MediaConvert emulator and the tables."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.embedded import ROOT
from local.provision import Stack
from mediaconvert_emulator import store as emulator_store
from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.integration.process_settings import worker_settings
from tests.integration.queue_messages import object_created
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.lookup import Lookup
from worker.assembly import open_handler
from worker.batch import BatchHandler
from worker.claim import Claim, Destination
from worker.outcomes import Done, Retry

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient


def now_s() -> int:
    """The present, as the handler sees it."""
    return int(time.time())


@pytest.fixture
async def mediaconvert(aws: Aws, mediaconvert_endpoint: str) -> "MediaConvertClient":
    """A client of the emulator."""
    return await aws.mediaconvert(endpoint_url=mediaconvert_endpoint)


async def jobs_of(client: "MediaConvertClient", stack: Stack, input_file: str) -> Sequence[Any]:
    """Every job that MediaConvert has for the file."""
    answer = await client.search_jobs(InputFile=f"s3://{stack.input_bucket}/{input_file}")
    return answer.get("Jobs", [])


async def test_a_notification_delivered_many_times_makes_one_job(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """Ten at once and one more later: one job, and the file finds it."""
    message = object_created(stack, input_file)
    copies = [replace(message, message_id=str(at)) for at in range(10)]
    outcomes = await asyncio.gather(*(handler.handle([copy]) for copy in copies))
    assert {type(next(iter(outcome.values()))) for outcome in outcomes} <= {Done, Retry}
    assert await handler.handle([message]) == {message.message_id: Done()}
    jobs = await jobs_of(mediaconvert, stack, input_file)
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert [job["Id"] for job in jobs] == [lookup.job_id]


async def test_the_jobs_rows_are_there_before_the_file_finds_it(
    handler: BatchHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """Key row, status row, lookup row: all of one job, with the uploader's file name."""
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


async def test_the_job_encrypts_with_the_key_that_the_row_keeps(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """Key, key file and folder of the job are those of the row."""
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


async def test_a_crash_after_the_job_was_made_finds_it_again(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The claim says which job was made for it; its key still fits. Nothing is made twice."""
    encoder = handler.submitter.encoder
    message = object_created(stack, input_file)
    claim = await dead_workers_claim(stores, input_file)
    job_id = await encoder.create(claim, now_s=time.time())
    assert await handler.handle([message]) == {message.message_id: Done()}
    jobs = await jobs_of(mediaconvert, stack, input_file)
    assert [job["Id"] for job in jobs] == [job_id]
    assert await stores.outputs.get(job_id, now_s=now_s()) == claim.destination


async def test_a_crash_before_the_job_was_made_makes_it_with_the_claimed_key(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The claim is taken up, not made anew."""
    claim = await dead_workers_claim(stores, input_file)
    await handler.handle([object_created(stack, input_file)])
    (job,) = await jobs_of(mediaconvert, stack, input_file)
    assert await stores.outputs.get(job["Id"], now_s=now_s()) == claim.destination


async def test_while_another_worker_makes_the_job_the_message_waits(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """A held lease is not broken; the message returns when it is over."""
    await dead_workers_claim(stores, input_file, lease_s=40)
    message = object_created(stack, input_file)
    outcome = (await handler.handle([message]))[message.message_id]
    assert isinstance(outcome, Retry)
    assert 30 <= outcome.delay_s <= 41
    assert await jobs_of(mediaconvert, stack, input_file) == []


@pytest.fixture
async def waiting_handler(
    aws: Aws, worker_aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[BatchHandler, "MediaConvertClient"]]:
    """A handler on a MediaConvert whose queue is long: no job leaves it, and request tokens are long forgotten."""
    monkeypatch.setattr(Scheduler, "start", lambda _: None)
    monkeypatch.setattr(emulator_store, "TOKEN_TTL_MS", 0)
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as url:
        yield await open_handler(worker_aws, worker_settings(stack, url)), await aws.mediaconvert(endpoint_url=url)


async def test_a_job_made_past_the_lease_is_canceled_when_another_stands(
    waiting_handler: tuple[BatchHandler, "MediaConvertClient"], stack: Stack, stores: Stores, input_file: str
) -> None:
    """Two jobs for one object version never run side by side: the one that was recorded goes on."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    await handler.handle([object_created(stack, input_file)])
    (standing,) = await jobs_of(mediaconvert, stack, input_file)
    late = await handler.submitter.encoder.create(claim, now_s=time.time())
    await handler.submitter._settle(claim, late)  # noqa: SLF001 -- what a worker does when it wakes up
    statuses = {job["Id"]: job["Status"] for job in await jobs_of(mediaconvert, stack, input_file)}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert statuses == {standing["Id"]: "SUBMITTED", late: "CANCELED"}
    assert lookup is not None
    assert lookup.job_id == standing["Id"]


async def test_a_job_made_before_the_crash_is_found_though_search_does_not_show_it_yet(
    waiting_handler: tuple[BatchHandler, "MediaConvertClient"],
    stack: Stack,
    stores: Stores,
    input_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing says how soon a job can be searched for; the list of the newest jobs has it, and its key fits."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    job_id = await handler.submitter.encoder.create(claim, now_s=time.time())
    seeing = Emulator.list_jobs
    with monkeypatch.context() as patch:
        patch.setattr(
            Emulator, "list_jobs", lambda self, query: {"jobs": []} if "inputFile" in query else seeing(self, query)
        )
        await handler.handle([object_created(stack, input_file)])
    assert [job["Id"] for job in await jobs_of(mediaconvert, stack, input_file)] == [job_id]
    assert await stores.outputs.get(job_id, now_s=now_s()) == claim.destination


async def test_a_job_made_long_before_the_crash_is_found_by_search(
    waiting_handler: tuple[BatchHandler, "MediaConvertClient"],
    stack: Stack,
    stores: Stores,
    input_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many jobs were made since: the list of the newest need not reach back so far."""
    handler, mediaconvert = waiting_handler
    claim = await dead_workers_claim(stores, input_file)
    job_id = await handler.submitter.encoder.create(claim, now_s=time.time())
    seeing = Emulator.list_jobs
    with monkeypatch.context() as patch:
        patch.setattr(
            Emulator, "list_jobs", lambda self, query: seeing(self, query) if "inputFile" in query else {"jobs": []}
        )
        await handler.handle([object_created(stack, input_file)])
    assert [job["Id"] for job in await jobs_of(mediaconvert, stack, input_file)] == [job_id]


async def test_a_new_version_of_a_file_makes_a_new_job_elsewhere(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """Even within a second, no two jobs share a folder; the file finds the newer."""
    await handler.handle([object_created(stack, input_file, version="v1")])
    await handler.handle([object_created(stack, input_file, version="v2")])
    jobs = await jobs_of(mediaconvert, stack, input_file)
    rows = [await stores.outputs.get(job["Id"], now_s=now_s()) for job in jobs]
    assert len({row.output_path for row in rows if row}) == 2
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    newest = max(jobs, key=lambda job: job["CreatedAt"])
    assert lookup is not None
    assert lookup.job_id == newest["Id"] or len({job["CreatedAt"] for job in jobs}) == 1


async def test_a_job_that_can_not_be_made_ends_as_an_error_that_the_file_shows(
    handler: BatchHandler, stack: Stack, stores: Stores, input_file: str
) -> None:
    """MediaConvert's 404 for a template that isn't there: no front end waits for ever, no duplicate asks again."""
    encoder = handler.submitter.encoder
    encoder._defaults = replace(encoder._defaults, template="no-such-template")  # noqa: SLF001 -- as misconfigured
    message = object_created(stack, input_file)
    assert await handler.handle([message]) == {message.message_id: Done()}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert lookup.failure is not None
    assert lookup.failure.code == 404


async def test_a_busy_mediaconvert_makes_the_message_wait_and_frees_the_claim(
    handler: BatchHandler, stack: Stack, stores: Stores, mediaconvert_endpoint: str, input_file: str
) -> None:
    """A 429 costs time, never the upload."""
    message = object_created(stack, input_file)
    async with httpx.AsyncClient(base_url=mediaconvert_endpoint) as client:
        answer = await client.put("/_emulator/chaos", json={"fail_create_job": {"count": 2, "status": 429}})
        answer.raise_for_status()
    outcome = (await handler.handle([message]))[message.message_id]
    assert isinstance(outcome, Retry)
    assert await handler.handle([message]) == {message.message_id: Done()}
    lookup = await stores.lookups.get(input_file, now_s=now_s())
    assert lookup is not None
    assert lookup.job_id is not None


async def dead_workers_claim(stores: Stores, input_file: str, *, lease_s: float = 0) -> Claim:
    """The claim of a worker that is gone, or that still has `lease_s` seconds."""
    claim_id = hashlib.sha256(f"{input_file}\nv1".encode()).hexdigest()[:40]
    now_ms = int(time.time() * 1000)
    claim = Claim(
        claim_id=claim_id,
        destination=Destination(
            input_file=input_file,
            output_path=f"{input_file}_20261122083000-0a1b2c/",
            key_file="clip.key",
            key_value=secrets.token_hex(16),
        ),
        claimed_ms=now_ms,
        lease_token="dead",  # noqa: S106 -- names a lease, opens nothing
        lease_until_ms=now_ms + round(lease_s * 1000),
    )
    assert (await stores.outputs.claim(claim, now_ms=now_ms)).is_fresh
    return claim
