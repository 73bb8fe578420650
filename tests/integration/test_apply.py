"""Job events through the worker's handler: rows and files end up correct, in any order of the events."""

import itertools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from tests.integration.job_rows import KEY_VALUE, output_file_names, put_submitted_job, read_job
from tests.integration.queue_messages import complete_event, job_event, message, status_update
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.job import Status
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, GiveUp, Retry

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


@pytest.fixture
async def s3(aws: Aws) -> "S3Client":
    """A client of the emulator's S3."""
    return await aws.s3()


async def test_a_complete_job_can_be_played(
    handler: DeliveryHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """The key file has the 16 raw bytes, and info.json describes the output."""
    await put_submitted_job(stores, job_id)
    await handler.handle([complete_event(stack, job_id, 9)])
    key = await (await s3.get_object(Bucket=stack.output_bucket, Key=f"{job_id}/clip.key"))["Body"].read()
    info = json.loads(await (await s3.get_object(Bucket=stack.output_bucket, Key=f"{job_id}/info.json"))["Body"].read())
    assert (await read_job(stores, job_id)).status is Status.COMPLETE
    assert key == bytes.fromhex(KEY_VALUE)
    assert info == {
        "duration_ms": 20_041,
        "width_px": 1280,
        "height_px": 720,
        "playlists": {".m3u8": "clip.m3u8"},
        "job_id": job_id,
        "input_file": f"uploads/{job_id}/clip.mp4",
        "completed_at": "1970-01-01T00:00:00.009000Z",
        "renditions": [
            {
                "width_px": 1280,
                "height_px": 720,
                "duration_ms": 20_041,
                "playlist": "clip_720p.m3u8",
                "average_bitrate_bps": 900_000,
            }
        ],
        "files": [],
    }


@pytest.mark.parametrize("failing", ["clip.key", "info.json"])
async def test_a_job_is_not_complete_while_a_file_could_not_be_written(
    handler: DeliveryHandler, stores: Stores, stack: Stack, job_id: str, failing: str
) -> None:
    """The status is COMPLETE only when both files exist; the next delivery finishes the work."""
    await put_submitted_job(stores, job_id)
    done = complete_event(stack, job_id, 9)
    failures = iter([True])

    def fail_once(params: Mapping[str, Any], **_: object) -> None:
        if params["url_path"].endswith(failing) and next(failures, False):
            raise ConnectionResetError

    handler.applier.artifacts.client.meta.events.register("before-call.s3.PutObject", fail_once)
    outcome = (await handler.handle([done]))[done.message_id]
    assert isinstance(outcome, Retry)
    assert (await read_job(stores, job_id)).status is Status.SUBMITTED
    assert await handler.handle([done]) == {done.message_id: Done()}
    assert (await read_job(stores, job_id)).status is Status.COMPLETE


async def test_a_complete_event_waits_for_the_key_row(
    handler: DeliveryHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """The worker leaves an event that comes before its own rows for a later delivery, and writes nothing."""
    done = complete_event(stack, job_id, 9)
    assert isinstance((await handler.handle([done]))[done.message_id], Retry)
    assert await output_file_names(s3, stack, job_id) == set()
    await put_submitted_job(stores, job_id)
    assert await handler.handle([done]) == {done.message_id: Done()}
    assert await output_file_names(s3, stack, job_id) == {"clip.key", "info.json"}


async def test_a_failed_job_writes_nothing_to_s3_and_stores_no_s3_uri(
    handler: DeliveryHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """The stored message has the file's name, and not the bucket's."""
    await put_submitted_job(stores, job_id)
    text = f"Unable to open input file [s3://{stack.input_bucket}/uploads/{job_id}/clip.mp4]: [No parser found]"
    await handler.handle([job_event(stack, job_id, "ERROR", 9, errorCode=1010, errorMessage=text)])
    job = await read_job(stores, job_id)
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == (
        1010,
        "Unable to open input file [clip.mp4]: [No parser found]",
    )
    assert await output_file_names(s3, stack, job_id) == set()


async def test_every_order_of_a_jobs_events_ends_in_the_same_row(
    handler: DeliveryHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """All 24 orders of four events, each delivered twice."""
    rows = set()
    for at, order in enumerate(itertools.permutations(range(4))):
        each_id = f"{job_id}{at}"
        await put_submitted_job(stores, each_id)
        messages = [
            job_event(stack, each_id, "PROGRESSING", 1),
            status_update(stack, each_id, 2, 30),
            status_update(stack, each_id, 3, 80),
            complete_event(stack, each_id, 4),
        ]
        for position in (*order, *order):
            await handler.handle([messages[position]])
        job = await read_job(stores, each_id)
        rows.add((job.status, job.progress_percent, job.event_time_ms))
    assert rows == {(Status.COMPLETE, 100, 4)}


async def test_a_batch_of_events_of_one_job_is_one_write(
    handler: DeliveryHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """For ten updates in one batch, the worker applies the newest and acknowledges all ten."""
    await put_submitted_job(stores, job_id)
    writes: list[str] = []
    client = handler.applier.statuses.client
    client.meta.events.register("before-call.dynamodb.UpdateItem", lambda model, **_: writes.append(model.name))
    messages = [status_update(stack, job_id, time_ms, time_ms * 10) for time_ms in (3, 1, 2, 9, 5, 7, 4, 6, 8, 10)]
    outcomes = await handler.handle(messages)
    assert len(writes) == 1
    assert set(outcomes.values()) == {Done()}
    assert (await read_job(stores, job_id)).progress_percent == 100


async def test_bad_messages_do_not_affect_the_others_in_their_batch(
    handler: DeliveryHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """The malformed message is given up with a reason, the foreign one is ignored, the third one is applied."""
    await put_submitted_job(stores, job_id)
    malformed, foreign = message("{not json"), job_event(stack, "1-abc", "COMPLETE", 9, userMetadata={})
    good = status_update(stack, job_id, 2, 30)
    outcomes = await handler.handle([malformed, foreign, good])
    assert isinstance(outcomes[malformed.message_id], GiveUp)
    assert (outcomes[foreign.message_id], outcomes[good.message_id]) == (Done(), Done())
    assert (await read_job(stores, job_id)).progress_percent == 30


async def test_progress_of_an_unknown_job_creates_its_row(
    handler: DeliveryHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """The event came before the worker's own row, or the row had expired."""
    await handler.handle([status_update(stack, job_id, 2, 30)])
    assert (await read_job(stores, job_id)).progress_percent == 30
