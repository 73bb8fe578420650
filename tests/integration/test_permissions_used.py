"""What each process declares that it asks of AWS, it has asked by the end of all integration tests: no more is granted.

Runs last. That nothing else was asked, each test sees to by itself: see conftest.py.
"""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import aioboto3
import pytest

from local.demo_clip import make_clip
from local.provision import Stack
from transcode.aws import Aws
from transcode.job import Status
from transcode.job_requested import job_requested
from worker.batch import BatchHandler
from worker.outcomes import Done, GiveUp, Message, Retry
from worker.queue import open_queue
from worker.reconcile.assembly import open_reconciler
from worker.redrive.command import RedriveOptions, run

from .aws_call_recorder import DECLARED, Calls
from .conftest import worker_settings


async def _send(stack: Stack, url: str, body: str) -> str:
    async with aioboto3.Session().client("sqs", endpoint_url=stack.endpoint_url) as client:
        return str((await client.send_message(QueueUrl=url, MessageBody=body))["MessageId"])


@pytest.mark.parametrize("name", ["uploads", "job_events"])
async def test_a_queues_messages_are_taken_and_settled(aws: Aws, deploy_stack: Callable[..., Stack], name: str) -> None:
    """Each of the three ways, on each of the two queues."""
    stack = deploy_stack()
    url = getattr(stack, f"{name}_queue_url")
    queue = await open_queue(await aws.sqs(), url)
    for outcome in (Done(), Retry(reason="test", delay_s=900), GiveUp(reason="test")):
        sent = await _send(stack, url, json.dumps({"Event": "s3:TestEvent"}))
        taken = await queue.receive()
        await queue.apply_outcomes(taken, {message.message_id: outcome for message in taken})
        assert sent in {message.message_id for message in taken}


async def test_reconciliation_looks_for_what_a_finished_job_wrote(
    handler: BatchHandler, aws: Aws, stack: Stack, mediaconvert_endpoint: str, input_file: str, tmp_path: Path
) -> None:
    """A COMPLETE job whose events nobody took is told of only once its playlists have been seen."""
    make_clip(tmp_path / "clip.mp4", duration_s=1, size="128x72")
    body = (tmp_path / "clip.mp4").read_bytes()
    made = await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=body)
    etag = made["ETag"].strip('"')
    wanted = job_requested(
        bucket=stack.input_bucket, key=input_file, size_bytes=len(body), etag=etag, version_id=None, replaces="1-a"
    )
    await handler.handle([Message(message_id="1", body=wanted)])
    reconciler = await open_reconciler(aws, worker_settings(stack, mediaconvert_endpoint), handler, quiet_s=0)
    async with asyncio.timeout(60):
        while True:
            await reconciler.run(lookback_s=600)
            lookup = await handler.submitter.lookups.get(input_file, now_s=int(time.time()))
            assert lookup is not None
            job = await handler.submitter.statuses.get(lookup.job_id or "", now_s=int(time.time()))
            if job is not None and job.status is Status.COMPLETE:
                break
            await asyncio.sleep(0.2)


async def test_an_operator_looks_through_sends_back_and_deletes(
    stack: Stack, mediaconvert_endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `python -m worker.redrive` does, on both queues."""
    body = job_requested(bucket="another", key="a", size_bytes=1, etag="e", version_id=None, replaces="1-a")
    dead = [stack.uploads_dead_letter_queue_url, stack.job_events_dead_letter_queue_url]
    deleted = [await _send(stack, url, body) for url in dead]
    sent_back = [await _send(stack, url, body) for url in dead]
    orders = RedriveOptions(
        queues=["uploads", "job-events"], is_sending=True, deleted_ids=frozenset(deleted), limit=100
    )
    await run(worker_settings(stack, mediaconvert_endpoint), orders)
    told = capsys.readouterr().out
    assert [f"deleted: {each}" in told for each in deleted] == [True, True]
    assert [f"sent back: {each}" in told for each in sent_back] == [True, True]


@pytest.mark.parametrize("asker", DECLARED)
def test_every_permission_is_used(asker: str, asked_of_aws: Calls) -> None:
    """A declared action that no test has exercised is one too many, or a test too few."""
    assert asked_of_aws.unused(asker) == set()
