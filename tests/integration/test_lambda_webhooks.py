"""Webhooks through the worker's Lambda function: sent, hidden until the next attempt, given up, and stopped."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.provision import Stack
from tests.integration.lambda_events import from_queue
from tests.integration.lambda_queues import arn_of, dead_letter_bodies, send_and_receive
from tests.integration.lambda_runtime import Container, container
from tests.integration.process_settings import WEBHOOK_SECRET
from tests.process_environment import environment_of
from transcode.aws import Aws
from worker.webhooks.webhook_message import WebhookMessage

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

VISIBLE_AGAIN_S = 30
"""Seconds in which a message with the shortest delay, 5 s, is visible again. The queue itself hides it for longer."""


@dataclass(kw_only=True)
class Receiver:
    """A back end with one path for each endpoint. It verifies each webhook."""

    statuses: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, str]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """Verify the signature, keep the id, and return the status of the endpoint."""
        slot, body = request.match_info["slot"], await request.text()
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.{body}".encode()
        key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if request.headers["webhook-signature"] != f"v1,{digest}":
            return web.Response(status=400)
        self.received.append((slot, request.headers["webhook-id"]))
        return web.Response(status=self.statuses.get(slot, 204))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A worker's function with two endpoints, and their receiver."""

    stack: Stack
    sqs: "SQSClient"
    receiver: Receiver
    function: Container

    async def queue(self, slot: int, webhook_id: str, body: str | None = None) -> dict[str, Any]:
        """Put a webhook into the endpoint's queue, and return it as Lambda's poller receives it."""
        message = WebhookMessage(webhook_id=webhook_id, body=json.dumps({"type": "job.complete", "data": {}}))
        return await send_and_receive(self.sqs, self.url(slot), body or message.to_json())

    async def invoke(self, slot: int, *messages: dict[str, Any]) -> list[str]:
        """Invoke the function with messages of the endpoint's queue, and return the ids that it reports as failed."""
        event = from_queue(await arn_of(self.sqs, self.url(slot)), messages)
        response = await asyncio.to_thread(self.function.invoke, event)
        return [each["itemIdentifier"] for each in response["batchItemFailures"]]

    def url(self, slot: int) -> str:
        """Return the URL of the endpoint's queue."""
        return str(getattr(self.stack, f"webhook_{slot}_queue_url"))


@pytest.fixture
async def scene(
    deploy_stack: Callable[..., Stack], aws: Aws, mediaconvert_endpoint: str, tmp_path: Path
) -> AsyncIterator[Scene]:
    """A deployment of the test's own."""
    receiver, stack, app = Receiver(), await asyncio.to_thread(deploy_stack), web.Application()
    app.router.add_post("/{slot}", receiver.receive)
    async with TestServer(app) as server:
        settings = {**environment_of(stack), "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint}
        settings["WEBHOOKS_ALLOW_LOCAL"] = "true"
        for slot in (1, 2):
            settings |= {
                f"WEBHOOK_{slot}_URL": str(server.make_url(f"/{slot}")),
                f"WEBHOOK_{slot}_SECRETS": WEBHOOK_SECRET,
            }
            settings[f"WEBHOOK_{slot}_QUEUE_URL"] = str(getattr(stack, f"webhook_{slot}_queue_url"))
        with container("worker.lambda_handler.handler", settings, log=tmp_path / "worker.log") as function:
            yield Scene(stack=stack, sqs=await aws.sqs(), receiver=receiver, function=function)


async def test_a_batch_of_webhooks_is_delivered_and_only_the_failed_one_stays(scene: Scene) -> None:
    """Lambda deletes what was delivered; what is no webhook goes to the endpoint's dead-letter queue."""
    good, no_webhook = await scene.queue(1, "evt_good"), await scene.queue(1, "", '{"hello": "world"}')
    assert await scene.invoke(1, good, no_webhook) == []
    assert scene.receiver.received == [("1", "evt_good")]
    assert await dead_letter_bodies(scene.sqs, scene.stack.webhook_1_dead_letter_queue_url) == ['{"hello": "world"}']


async def test_the_function_hides_a_failed_webhook_until_its_next_attempt(scene: Scene) -> None:
    """Without that, SQS would hide it for the queue's visibility timeout. Another endpoint goes on."""
    scene.receiver.statuses["1"] = 503
    failed = await scene.queue(1, "evt_failed")
    attributes = await scene.sqs.get_queue_attributes(QueueUrl=scene.url(1), AttributeNames=["VisibilityTimeout"])
    assert int(attributes["Attributes"]["VisibilityTimeout"]) > VISIBLE_AGAIN_S
    assert await scene.invoke(1, failed) == [failed["MessageId"]]
    assert await scene.invoke(2, await scene.queue(2, "evt_other")) == []
    messages: Sequence[Any] = []
    async with asyncio.timeout(VISIBLE_AGAIN_S):
        while not messages:
            response = await scene.sqs.receive_message(QueueUrl=scene.url(1), WaitTimeSeconds=5)
            messages = response.get("Messages", [])
    assert [each["MessageId"] for each in messages] == [failed["MessageId"]]


async def test_410_stops_the_endpoint_for_every_invocation(scene: Scene) -> None:
    """The messages stay in the queue, hidden, and the receiver gets nothing more."""
    scene.receiver.statuses["1"] = 410
    first, second = await scene.queue(1, "evt_1"), await scene.queue(1, "evt_2")
    assert await scene.invoke(1, first) == [first["MessageId"]]
    scene.receiver.statuses["1"] = 204
    assert await scene.invoke(1, second) == [second["MessageId"]]
    assert scene.receiver.received == [("1", "evt_1")]
