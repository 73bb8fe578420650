"""Copies the events of S3 and MediaConvert to a queue of the proof's own, and removes the queue again.

This is the only part of a proof that creates something in the account, so it must be requested: `EVENTS=1`.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from prove.account import DeployedSystem
from prove.event_shapes import EventShapes

QUIET_S = 5
"""The queue counts as empty after this time without a message."""
READ_WITHIN_S = 60


class EventCopy:
    """The queue, and the shapes of the events that were read from it."""

    def __init__(self, sqs: Any, queue_url: str) -> None:  # noqa: ANN401 -- no type stubs
        self._sqs = sqs
        self._queue_url = queue_url

    async def read(self) -> EventShapes:
        """Return the shapes of all events so far."""
        shapes = EventShapes()
        end_s = time.monotonic() + READ_WITHIN_S
        while time.monotonic() < end_s:
            request = {"QueueUrl": self._queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": QUIET_S}
            messages = (await self._sqs.receive_message(**request)).get("Messages", [])
            if not messages:
                break
            for message in messages:
                shapes.add(json.loads(message["Body"]))
                await self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return shapes


@asynccontextmanager
async def copied_events(system: DeployedSystem) -> AsyncIterator[EventCopy]:
    """Yield a queue that gets a copy of each event that the deployment's rules match; remove everything at the end."""
    name = f"{system.deployment}-prove-{secrets.token_hex(4)}"
    sqs = await system.account.client("sqs")
    events = await system.account.client("events")
    async with AsyncExitStack() as created:
        queue_url = (await sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": "3600"}))["QueueUrl"]
        created.push_async_callback(sqs.delete_queue, QueueUrl=queue_url)
        attributes = (await sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"]))["Attributes"]
        arn = attributes["QueueArn"]
        policy = json.dumps(_policy(arn, system.account.account_id))
        await sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
        for number, rule in enumerate(await system.event_rules()):
            described = await events.describe_rule(Name=rule)
            copy = f"{name}-{number}"
            await events.put_rule(Name=copy, EventPattern=described["EventPattern"])
            created.push_async_callback(events.delete_rule, Name=copy)
            await events.put_targets(Rule=copy, Targets=[{"Id": "copy", "Arn": arn}])
            created.push_async_callback(events.remove_targets, Rule=copy, Ids=["copy"])
        yield EventCopy(sqs, queue_url)


def _policy(queue_arn: str, account_id: str) -> Mapping[str, object]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
