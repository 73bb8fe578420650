"""A job's events through the worker's handler: tables and files end up true, whatever the order and the crashes."""

import itertools
import json
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from local.provision import Stack
from tests.integration.conftest import Stores
from transcode.aws import Aws
from transcode.job import Job, Status
from worker.batch import BatchHandler
from worker.claim import Destination
from worker.outcomes import Done, GiveUp, Message, Retry

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

KEY_VALUE = "00112233445566778899aabbccddeeff"


def message(body: object) -> Message:
    """A message that carries this."""
    return Message(message_id=secrets.token_hex(8), body=body if isinstance(body, str) else json.dumps(body))


def event(stack: Stack, job_id: str, status: str, time_ms: int, **detail: object) -> Message:
    """MediaConvert's word about one of our jobs."""
    return message(
        {
            "detail-type": "MediaConvert Job State Change",
            "source": "aws.mediaconvert",
            "detail": {
                "jobId": job_id,
                "status": status,
                "timestamp": time_ms,
                "userMetadata": {"InputBucket": stack.input_bucket},
                **detail,
            },
        }
    )


def complete(stack: Stack, job_id: str, time_ms: int) -> Message:
    """COMPLETE of an HLS job whose first output is audio only."""
    folder = f"s3://{stack.output_bucket}/{job_id}/"
    outputs: list[Mapping[str, Any]] = [
        {"durationInMs": 20_053},
        {
            "outputFilePaths": [f"{folder}clip_720p.m3u8"],
            "durationInMs": 20_041,
            "videoDetails": {"widthInPx": 1280, "heightInPx": 720, "averageBitrate": 900_000},
        },
    ]
    group = {"type": "HLS_GROUP", "playlistFilePaths": [f"{folder}clip.m3u8"], "outputDetails": outputs}
    return event(stack, job_id, "COMPLETE", time_ms, outputGroupDetails=[group])


def update(stack: Stack, job_id: str, time_ms: int, percent: int) -> Message:
    """STATUS_UPDATE."""
    progress = {"jobPercentComplete": percent, "currentPhase": "TRANSCODING"}
    return event(stack, job_id, "STATUS_UPDATE", time_ms, jobProgress=progress)


async def submitted(stores: Stores, job_id: str) -> Destination:
    """The rows of a job that was just made."""
    destination = Destination(
        input_file=f"uploads/{job_id}/clip.mp4", output_path=f"{job_id}/", key_file="clip.key", key_value=KEY_VALUE
    )
    now_s = int(time.time())
    await stores.outputs.put(job_id, destination, now_s=now_s)
    await stores.statuses.submit(Job(job_id=job_id, input_file=destination.input_file), now_s=now_s)
    return destination


async def read(stores: Stores, job_id: str) -> Job:
    """The job's row, which must be there."""
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    return job


async def file_names(s3: "S3Client", stack: Stack, job_id: str) -> set[str]:
    """What stands in the job's folder."""
    answer = await s3.list_objects_v2(Bucket=stack.output_bucket, Prefix=f"{job_id}/")
    return {entry["Key"].rsplit("/", 1)[-1] for entry in answer.get("Contents", [])}


@pytest.fixture
async def s3(aws: Aws) -> "S3Client":
    """A client of the emulator's S3."""
    return await aws.s3()


async def test_whoever_reads_complete_can_play(
    handler: BatchHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """The key file holds the 16 raw bytes, and info.json says what there is."""
    await submitted(stores, job_id)
    await handler.handle([complete(stack, job_id, 9)])
    key = await (await s3.get_object(Bucket=stack.output_bucket, Key=f"{job_id}/clip.key"))["Body"].read()
    info = json.loads(await (await s3.get_object(Bucket=stack.output_bucket, Key=f"{job_id}/info.json"))["Body"].read())
    assert (await read(stores, job_id)).status is Status.COMPLETE
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
    }


@pytest.mark.parametrize("failing", ["clip.key", "info.json"])
async def test_a_file_that_can_not_be_written_keeps_the_status_back(
    handler: BatchHandler, stores: Stores, stack: Stack, job_id: str, failing: str
) -> None:
    """Nobody reads COMPLETE before both files are there; the next delivery finishes the work."""
    await submitted(stores, job_id)
    done = complete(stack, job_id, 9)
    failures = iter([True])

    def fail_once(params: Mapping[str, Any], **_: object) -> None:
        if params["url_path"].endswith(failing) and next(failures, False):
            raise ConnectionResetError

    handler.applier.artifacts.client.meta.events.register("before-call.s3.PutObject", fail_once)
    outcome = (await handler.handle([done]))[done.message_id]
    assert isinstance(outcome, Retry)
    assert (await read(stores, job_id)).status is Status.SUBMITTED
    assert await handler.handle([done]) == {done.message_id: Done()}
    assert (await read(stores, job_id)).status is Status.COMPLETE


async def test_complete_waits_for_the_keys_row(
    handler: BatchHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """An event that overtakes our own writes is left for a later delivery, and nothing is written."""
    done = complete(stack, job_id, 9)
    assert isinstance((await handler.handle([done]))[done.message_id], Retry)
    assert await file_names(s3, stack, job_id) == set()
    await submitted(stores, job_id)
    assert await handler.handle([done]) == {done.message_id: Done()}
    assert await file_names(s3, stack, job_id) == {"clip.key", "info.json"}


async def test_an_error_writes_nothing_to_s3_and_shows_no_address(
    handler: BatchHandler, stores: Stores, stack: Stack, s3: "S3Client", job_id: str
) -> None:
    """The message names the file, not the bucket."""
    await submitted(stores, job_id)
    text = f"Unable to open input file [s3://{stack.input_bucket}/uploads/{job_id}/clip.mp4]: [No parser found]"
    await handler.handle([event(stack, job_id, "ERROR", 9, errorCode=1010, errorMessage=text)])
    job = await read(stores, job_id)
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == (
        1010,
        "Unable to open input file [clip.mp4]: [No parser found]",
    )
    assert await file_names(s3, stack, job_id) == set()


async def test_every_order_of_a_jobs_events_ends_in_the_same_row(
    handler: BatchHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """All 24 orders of four events, each delivered twice."""
    rows = set()
    for at, order in enumerate(itertools.permutations(range(4))):
        each_id = f"{job_id}{at}"
        await submitted(stores, each_id)
        messages = [
            event(stack, each_id, "PROGRESSING", 1),
            update(stack, each_id, 2, 30),
            update(stack, each_id, 3, 80),
            complete(stack, each_id, 4),
        ]
        for position in (*order, *order):
            await handler.handle([messages[position]])
        job = await read(stores, each_id)
        rows.add((job.status, job.progress_percent, job.event_time_ms))
    assert rows == {(Status.COMPLETE, 100, 4)}


async def test_a_backlog_of_one_job_is_one_write(
    handler: BatchHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """Ten updates in one batch: the newest is applied, all ten are done."""
    await submitted(stores, job_id)
    writes: list[str] = []
    client = handler.applier.statuses.client
    client.meta.events.register("before-call.dynamodb.UpdateItem", lambda model, **_: writes.append(model.name))
    messages = [update(stack, job_id, time_ms, time_ms * 10) for time_ms in (3, 1, 2, 9, 5, 7, 4, 6, 8, 10)]
    outcomes = await handler.handle(messages)
    assert len(writes) == 1
    assert set(outcomes.values()) == {Done()}
    assert (await read(stores, job_id)).progress_percent == 100


async def test_bad_messages_do_not_touch_the_good_ones_beside_them(
    handler: BatchHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """Malformed is buried with a reason, foreign is dropped, the rest is handled."""
    await submitted(stores, job_id)
    malformed, foreign = message("{not json"), event(stack, "1-abc", "COMPLETE", 9, userMetadata={})
    good = update(stack, job_id, 2, 30)
    outcomes = await handler.handle([malformed, foreign, good])
    assert isinstance(outcomes[malformed.message_id], GiveUp)
    assert (outcomes[foreign.message_id], outcomes[good.message_id]) == (Done(), Done())
    assert (await read(stores, job_id)).progress_percent == 30


async def test_progress_of_an_unknown_job_makes_its_row(
    handler: BatchHandler, stores: Stores, stack: Stack, job_id: str
) -> None:
    """The event came before our own write, or the row had expired: the bar moves all the same."""
    await handler.handle([update(stack, job_id, 2, 30)])
    assert (await read(stores, job_id)).progress_percent == 30
