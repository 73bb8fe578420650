"""Reconciliation checks in S3 what a finished job wrote, before it records the job as COMPLETE."""

import asyncio
import time
from pathlib import Path

import pytest

from local.demo_clip import make_clip
from local.provision import Stack
from transcode.aws import Aws
from transcode.job import Job, Status
from transcode.job_requested import job_requested
from worker.deliveries import DeliveryHandler
from worker.outcomes import Message
from worker.reconcile.assembly import open_pass

from .process_settings import worker_settings

DEADLINE_S = 60


async def _job_of(handler: DeliveryHandler, input_file: str) -> Job | None:
    lookup = await handler.submitter.lookups.get(input_file, now_s=int(time.time()))
    assert lookup is not None
    return await handler.submitter.statuses.get(lookup.job_id or "", now_s=int(time.time()))


@pytest.fixture
async def request_for_job(aws: Aws, stack: Stack, input_file: str, tmp_path: Path) -> Message:
    """A message that requests a job for a video in the input bucket."""
    make_clip(tmp_path / "clip.mp4", duration_s=1, size="128x72")
    body = (tmp_path / "clip.mp4").read_bytes()
    stored = await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=body)
    etag = stored["ETag"].strip('"')
    request = job_requested(
        bucket=stack.input_bucket, key=input_file, size_bytes=len(body), etag=etag, version_id=None, replaces="1-a"
    )
    return Message(message_id="1", body=request)


async def test_a_job_without_events_becomes_complete_once_its_playlists_exist(
    handler: DeliveryHandler,
    worker_aws: Aws,
    stack: Stack,
    mediaconvert_endpoint: str,
    request_for_job: Message,
    input_file: str,
) -> None:
    """No worker reads the job's events; reconciliation alone asks MediaConvert about the job."""
    await handler.handle([request_for_job])
    settings = worker_settings(stack, mediaconvert_endpoint)
    settings = settings.model_copy(update={"reconcile_overdue_s": 0, "reconcile_calls_per_s": 100})
    reconciler = await open_pass(worker_aws, settings, handler, quiet_s=0)
    async with asyncio.timeout(DEADLINE_S):
        while True:
            await reconciler.run()
            job = await _job_of(handler, input_file)
            if job is not None and job.status is Status.COMPLETE:
                break
            await asyncio.sleep(0.2)
