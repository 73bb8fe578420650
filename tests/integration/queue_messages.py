"""Messages as the worker gets them from its queues: S3's events of objects, MediaConvert's events of jobs."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any

from local.provision import Stack
from transcode.aws import Aws
from worker.outcomes import Message


def message(body: object) -> Message:
    """Return a message with this body, as JSON unless it is text."""
    return Message(message_id=secrets.token_hex(8), body=body if isinstance(body, str) else json.dumps(body))


def object_created(stack: Stack, input_file: str, *, version: str = "v1", size_bytes: int = 5) -> Message:
    """Return S3's event of a new object in the input bucket, as EventBridge sends it."""
    return message(
        {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "detail": {
                "bucket": {"name": stack.input_bucket},
                "object": {"key": input_file, "size": size_bytes, "etag": "e", "version-id": version},
            },
        }
    )


def job_event(stack: Stack, job_id: str, status: str, time_ms: int, **detail: object) -> Message:
    """Return MediaConvert's event of one of the program's jobs."""
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


def status_update(stack: Stack, job_id: str, time_ms: int, percent: int) -> Message:
    """Return a STATUS_UPDATE event with this percentage."""
    progress = {"jobPercentComplete": percent, "currentPhase": "TRANSCODING"}
    return job_event(stack, job_id, "STATUS_UPDATE", time_ms, jobProgress=progress)


def complete_event(stack: Stack, job_id: str, time_ms: int) -> Message:
    """Return the COMPLETE event of an HLS job whose first output is audio only."""
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
    return job_event(stack, job_id, "COMPLETE", time_ms, outputGroupDetails=[group])


async def received(aws: Aws, stack: Stack, name: str, *, queue_url: str | None = None) -> Message:
    """Return the message about this job or file from the queue of job events, which all tests use.

    This deletes the message, and all others that it receives: those of earlier tests.
    """
    sqs, url = await aws.sqs(), queue_url or stack.job_events_queue_url
    async with asyncio.timeout(20):
        while True:
            response = await sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            messages = response.get("Messages", [])
            entries: Any = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(messages)]
            if entries:
                await sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            for each in messages:
                if name in each["Body"] and "Requested" in each["Body"]:
                    return Message(message_id=each["MessageId"], body=each["Body"])
