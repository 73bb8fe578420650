"""The worker's queues: a received message is settled in each of the three ways."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.provision import Stack
from transcode.aws import Aws
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry
from worker.queue import open_queue


@pytest.fixture(scope="module")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """Queues that no other test module uses."""
    return deploy_stack()


@pytest.mark.parametrize("outcome", [Done(), Retry(reason="test", delay_s=900), GiveUp(reason="test")], ids=repr)
@pytest.mark.parametrize("name", ["uploads", "job_events"])
async def test_a_received_message_is_settled(
    aws: Aws, worker_aws: Aws, own_stack: Stack, name: str, outcome: Outcome
) -> None:
    """Afterwards, no message can be received, whichever outcome it had."""
    url = getattr(own_stack, f"{name}_queue_url")
    body = json.dumps({"Event": "s3:TestEvent"})
    sent = await (await aws.sqs()).send_message(QueueUrl=url, MessageBody=body)
    queue = await open_queue(await worker_aws.sqs(), url)
    messages = await queue.receive()
    await queue.apply_outcomes(messages, {message.message_id: outcome for message in messages})
    assert [message.message_id for message in messages] == [sent["MessageId"]]
    assert await queue.receive(wait_s=0) == []


async def test_a_dead_letter_keeps_its_group(worker_aws: Aws, own_stack: Stack) -> None:
    """A redrive gives it back, so that the letters of one owner don't delay those of the others."""
    client: Any = await worker_aws.sqs()
    queue = await open_queue(client, own_stack.submission_queue_url)
    groups: list[str | None] = []

    def record(params: Mapping[str, Any], **_: object) -> None:
        groups.append(json.loads(params["body"]).get("MessageGroupId"))

    client.meta.events.register("before-call.sqs.SendMessage", record)
    for group in ("owner-1", None):
        letter = Message(message_id="m", body="{}", group=group)
        await queue.copy_to_dead_letter_queue(letter, "test")
    assert groups == ["owner-1", None]
