"""`python -m worker.redrive`, as an operator uses it, on both dead-letter queues."""

import pytest

from local.provision import Stack
from transcode.aws import Aws
from transcode.job_requested import job_requested
from worker.redrive.command import RedriveOptions, run

from .process_settings import worker_settings


async def test_an_operator_sends_back_and_deletes_dead_letters(
    aws: Aws, stack: Stack, mediaconvert_endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message of each queue is deleted by its id, and another is sent back; the output names all of them."""
    body = job_requested(bucket="another", key="a", size_bytes=1, etag="e", version_id=None, replaces="1-a")
    sqs = await aws.sqs()

    async def send(queue_url: str) -> str:
        return (await sqs.send_message(QueueUrl=queue_url, MessageBody=body))["MessageId"]

    urls = [stack.uploads_dead_letter_queue_url, stack.job_events_dead_letter_queue_url]
    deleted = [await send(url) for url in urls]
    sent_back = [await send(url) for url in urls]
    options = RedriveOptions(
        queues=["uploads", "job-events"], is_sending=True, deleted_ids=frozenset(deleted), limit=100
    )
    await run(worker_settings(stack, mediaconvert_endpoint), options)
    output = capsys.readouterr().out
    assert [f"deleted: {each}" in output for each in deleted] == [True, True]
    assert [f"sent back: {each}" in output for each in sent_back] == [True, True]
