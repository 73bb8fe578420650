"""The messages that Lambda receives for the functions."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.provision import Stack

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient


EVENTS = Path(__file__).parents[1] / "events"


def event(name: str, stack: Stack, job_id: str, **changes: object) -> dict[str, Any]:
    """Return a recorded MediaConvert event, changed to be about this job of the stack."""
    recorded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    recorded["detail"] |= {"jobId": job_id, "userMetadata": {"InputBucket": stack.input_bucket}, **changes}
    return recorded


async def send_and_receive(sqs: "SQSClient", url: str, body: str) -> dict[str, Any]:
    """Send a message, and return it as Lambda's poller would receive it."""
    sent = await sqs.send_message(QueueUrl=url, MessageBody=body)
    async with asyncio.timeout(20):
        while True:
            response = await sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["ApproximateReceiveCount"]
            )
            for message in response.get("Messages", []):
                if message["MessageId"] == sent["MessageId"]:
                    received: dict[str, Any] = dict(message)
                    return received


async def arn_of(sqs: "SQSClient", url: str) -> str:
    """Return the queue's ARN."""
    response = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return response["Attributes"]["QueueArn"]


async def dead_letter_bodies(sqs: "SQSClient", url: str) -> list[str]:
    """Return the bodies in a dead-letter queue, once it has some."""
    response = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    return [message["Body"] for message in response.get("Messages", [])]
