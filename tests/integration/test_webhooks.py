"""Webhooks from their queues to a receiver: signed, tried again, given up, stopped and resumed."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from local.provision import Stack
from transcode.aws import Aws
from transcode.job import Canceled, Job
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.health import HealthFile
from worker.loop import Loop
from worker.messages.events import DeleteRequested
from worker.outcomes import Done, GiveUp, Message, NotYet, Retry
from worker.pollers import open_webhook_pollers
from worker.queue import open_queue
from worker.settings import WorkerSettings
from worker.webhooks import http_client
from worker.webhooks.assembly import open_deliveries
from worker.webhooks.command import run
from worker.webhooks.delivery import WebhookDelivery
from worker.webhooks.http_client import WebhookClient
from worker.webhooks.secrets import EndpointSecrets, SecretUnusableError
from worker.webhooks.webhook_message import WebhookMessage

from .process_settings import WEBHOOK_SECRET, with_webhooks, worker_settings

DEADLINE_S = 60


@dataclass
class Receiver:
    """A back end that receives webhooks. It checks their signatures as Standard Webhooks defines them."""

    statuses: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    """Endpoints that answer only once `silence` is set."""
    silence: asyncio.Event = field(default_factory=asyncio.Event)
    received: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {"1": [], "2": [], "3": []})

    async def receive(self, request: web.Request) -> web.Response:
        """Verify and keep the webhook, and return the status of its endpoint."""
        slot, body = request.match_info["slot"], await request.text()
        webhook_id, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        digest = hmac.new(key, f"{webhook_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        assert abs(time.time() - int(timestamp)) < 300
        self.received[slot].append((webhook_id, body))
        if slot in self.silent:
            await self.silence.wait()
        return web.Response(status=self.statuses.get(slot, 204), headers=self.headers)

    def types(self, slot: str) -> set[str]:
        """Return the types that an endpoint received."""
        return {json.loads(body)["type"] for _, body in self.received[slot]}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A deployment with three endpoints, all at one receiver."""

    stack: Stack
    aws: Aws
    settings: WorkerSettings
    receiver: Receiver
    deliveries: list[WebhookDelivery]

    async def announcing(self) -> DeliveryHandler:
        """Return a worker's handler that announces to the three queues."""
        return await open_handler(self.aws, self.settings)

    async def deliver(self, *, until: Callable[[], bool]) -> None:
        """Run the pollers of the webhooks until the condition holds."""
        async with self.delivering() as wait:
            await wait(until)

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[Callable[[Callable[[], bool]], Awaitable[None]]]:
        """Run the pollers of the webhooks inside the block; yield a function that waits until a condition holds."""
        stop = asyncio.Event()
        pollers = await open_webhook_pollers(self.aws, self.deliveries)
        loop = Loop(pollers=pollers, stop_grace_s=5, health_file=HealthFile(None, clock=time.time))
        running = asyncio.create_task(loop.run(stop))
        try:
            yield _wait
        finally:
            stop.set()
            await running


async def _wait(until: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not until():  # noqa: ASYNC110 -- a receiver has no event to wait for
            await asyncio.sleep(0.02)


@pytest.fixture
async def scene(
    deploy_stack: Callable[..., Stack], worker_aws: Aws, mediaconvert_endpoint: str
) -> AsyncIterator[Scene]:
    """A deployment of the test's own."""
    receiver, stack, app = Receiver(), await asyncio.to_thread(deploy_stack), web.Application()
    app.router.add_post("/{slot}", receiver.receive)
    async with TestServer(app) as server:
        settings = with_webhooks(worker_settings(stack, mediaconvert_endpoint), stack, str(server.make_url("/")))
        deliveries = list(await open_deliveries(worker_aws, settings))
        yield Scene(stack=stack, aws=worker_aws, settings=settings, receiver=receiver, deliveries=deliveries)
        for each in deliveries:
            await each.client.close()


def message(*, deliveries: int = 1, sent_ms: int | None = None) -> Message:
    """Return a message of a webhook's queue."""
    body = WebhookMessage(webhook_id="evt_1", body="{}").to_json()
    return Message(message_id="m", body=body, deliveries=deliveries, sent_ms=sent_ms)


async def test_the_end_of_a_job_reaches_every_endpoint_with_one_id(scene: Scene, job_id: str) -> None:
    """Creation and end come as two webhooks, each with one id at all endpoints."""
    handler = await scene.announcing()
    statuses, now_s = handler.submitter.statuses, int(time.time())
    assert handler.announcer is not None
    await statuses.submit(Job(job_id=job_id, owner="alice"), now_s=now_s)
    await handler.announcer.announce(job_id)
    await statuses.advance(Canceled(job_id=job_id, time_ms=9), now_s=now_s)
    await handler.announcer.try_announce(job_id)
    received = scene.receiver.received
    await scene.deliver(until=lambda: all(len({one for one, _ in each}) >= 2 for each in received.values()))
    assert {slot: scene.receiver.types(slot) for slot in received} == {
        slot: {"job.submitted", "job.canceled"} for slot in received
    }
    assert len({webhook_id for each in received.values() for webhook_id, _ in each}) == 2


async def test_a_deleted_upload_is_announced_with_what_it_was(scene: Scene, input_file: str) -> None:
    """The worker stores the announcement before the rows become tombstones, and sends it after that."""
    handler, now_s = await scene.announcing(), int(time.time())
    await handler.submitter.lookups.cancel(input_file, claimed_ms=5, now_s=now_s)
    request = DeleteRequested(input_file=input_file, urls_until_s=now_s)
    assert not isinstance(await handler.batch.deleter.delete(request), NotYet)
    await scene.deliver(until=lambda: bool(scene.receiver.received["1"]))
    (body,) = [json.loads(body) for _, body in scene.receiver.received["1"]]
    assert body["type"] == "upload.deleted"
    assert (body["data"]["job"]["input_file"], body["data"]["job"]["status"]) == (input_file, "CANCELED")


async def test_an_endpoint_gets_its_own_types_only(scene: Scene, job_id: str) -> None:
    """The other announcements are not even in its queue."""
    settings = scene.settings.model_copy(update={"webhook_2_types": ("job.error",)})
    handler = await open_handler(scene.aws, settings)
    assert handler.announcer is not None
    await handler.submitter.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    await handler.announcer.announce(job_id)
    await scene.deliver(until=lambda: bool(scene.receiver.received["1"] and scene.receiver.received["3"]))
    assert scene.receiver.received["2"] == []


async def test_a_dead_endpoint_delays_no_other_one(scene: Scene) -> None:
    """All its messages but the tried one stay visible in its queue."""
    scene.receiver.statuses["2"] = 500
    sqs = await scene.aws.sqs()
    for number in range(60):
        body = WebhookMessage(webhook_id=f"evt_{number}", body='{"type": "job.complete"}').to_json()
        for each in scene.deliveries:
            await sqs.send_message(QueueUrl=each.endpoint.queue_url, MessageBody=body)
    received = scene.receiver.received
    await scene.deliver(until=lambda: all(len({one for one, _ in received[slot]}) == 60 for slot in "13"))
    assert len(received["2"]) <= 12, "one batch, and then one message after each rest"
    queue = await open_queue(sqs, scene.stack.webhook_2_queue_url)
    assert len(await queue.receive(wait_s=5)) > 1, "its messages are visible"


async def test_endpoints_that_do_not_answer_hold_no_connection_of_another_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two endpoints are silent for a batch each. The third one gets all its webhooks before any of these ends."""
    monkeypatch.setattr(http_client, "ATTEMPT_S", 10 * DEADLINE_S)
    batch = [replace(message(), message_id=str(each)) for each in range(10)]
    scene.receiver.silent = {"1", "2"}
    silent = [asyncio.create_task(each.handle(batch)) for each in scene.deliveries[:2]]
    await _wait(lambda: len(scene.receiver.received["1"]) + len(scene.receiver.received["2"]) == 20)
    try:
        async with asyncio.timeout(DEADLINE_S):
            outcomes = await scene.deliveries[2].handle(batch)
    finally:
        scene.receiver.silence.set()
        await asyncio.gather(*silent)
    assert set(outcomes.values()) == {Done()}


async def test_a_webhook_that_failed_is_tried_again_later(scene: Scene) -> None:
    """The receiver's Retry-After counts."""
    scene.receiver.statuses["1"] = 503
    scene.receiver.headers["Retry-After"] = "1000"
    outcome = (await scene.deliveries[0].handle([message()]))["m"]
    assert isinstance(outcome, Retry)
    assert outcome.delay_s == 1000


async def test_a_redirect_is_a_failure_and_is_not_followed(scene: Scene) -> None:
    """Otherwise an endpoint could lead us to a private address."""
    scene.receiver.statuses["1"] = 307
    scene.receiver.headers["Location"] = scene.deliveries[1].endpoint.url
    assert isinstance((await scene.deliveries[0].handle([message()]))["m"], Retry)
    assert scene.receiver.received["2"] == []


async def test_a_webhook_of_twelve_days_goes_to_the_dead_letter_queue(scene: Scene) -> None:
    """It isn't tried once more, because SQS would delete it without a trace."""
    outcome = (await scene.deliveries[0].handle([message(sent_ms=1)]))["m"]
    assert isinstance(outcome, GiveUp)
    assert scene.receiver.received["1"] == []


async def test_a_given_up_webhook_is_in_its_dead_letter_queue(scene: Scene) -> None:
    """The queues of all endpoints have one."""
    sqs = await scene.aws.sqs()
    for each in scene.deliveries:
        await sqs.send_message(QueueUrl=each.endpoint.queue_url, MessageBody="no webhook")
        queue = await open_queue(sqs, each.endpoint.queue_url)
        (received,) = await queue.receive(wait_s=10)
        await queue.extend_visibility([received])
        await queue.apply_outcomes([received], await each.handle([received]))


async def test_410_stops_an_endpoint_until_an_operator_resumes_it(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another endpoint goes on, and every process finds the stop."""
    scene.receiver.statuses["1"] = 410
    first, second, _ = scene.deliveries
    await first.handle([message()])
    scene.receiver.statuses["1"] = 204
    assert isinstance((await first.handle([message()]))["m"], Retry)
    assert len(scene.receiver.received["1"]) == 1
    assert (await second.handle([message()]))["m"] == Done()
    assert await run(scene.settings, "resume", slot=1) == 1
    assert "resumed" in capsys.readouterr().out
    other_process = (await open_deliveries(scene.aws, scene.settings))[0]
    assert (await other_process.handle([message()]))["m"] == Done()
    await other_process.client.close()


async def test_a_test_webhook_is_delivered_as_any_other(scene: Scene) -> None:
    """It shows that the queue, the worker and the receiver's verification work."""
    assert await run(scene.settings, "test") == 3
    await scene.deliver(until=lambda: all(scene.receiver.received.values()))
    assert scene.receiver.types("1") == {"webhook.test"}


async def test_a_replay_sends_the_ends_since_a_time_with_their_first_ids(
    scene: Scene, job_id: str, input_file: str
) -> None:
    """A receiver that lost its data gets jobs and uploads without a job again."""
    handler, now_s = await scene.announcing(), int(time.time())
    assert handler.announcer is not None
    statuses, lookups = handler.submitter.statuses, handler.submitter.lookups
    for each, ended_s in ((job_id, now_s), (f"{job_id}-old", now_s - 7_200)):
        await statuses.advance(Canceled(job_id=each, time_ms=9), now_s=ended_s)
        await handler.announcer.announce(each)
    end = await lookups.cancel(input_file, claimed_ms=5, now_s=now_s)
    await handler.announcer.try_announce(end)
    received = scene.receiver.received
    async with scene.delivering() as wait:
        await wait(lambda: all(len({one for one, _ in each}) == 3 for each in received.values()))
        first = {webhook_id for webhook_id, _ in received["1"]}
        received["1"].clear()
        assert await run(scene.settings, "replay", slot=1, since_s=now_s - 3_600) == 1
        await wait(lambda: len({one for one, _ in received["1"]}) == 2)
    again = {webhook_id for webhook_id, _ in received["1"]}
    assert again < first


async def test_secrets_come_from_secrets_manager_and_are_read_again(scene: Scene, aws: Aws) -> None:
    """A rotation needs no restart, and has two secrets for some time."""
    manager, now_s = await aws.secretsmanager(), [0.0]
    for each in scene.deliveries:
        name = f"webhook-{each.endpoint.slot}-{time.time_ns()}"
        arn = (await manager.create_secret(Name=name, SecretString=WEBHOOK_SECRET))["ARN"]
        endpoint = replace(each.endpoint, secrets=(), secret_arn=arn)
        secrets = EndpointSecrets(endpoint, scene.aws.secretsmanager, clock=lambda: now_s[0])
        assert await secrets.read() == [WEBHOOK_SECRET]
        await manager.put_secret_value(SecretId=name, SecretString=f"{WEBHOOK_SECRET}, {WEBHOOK_SECRET}")
        assert len(await secrets.read()) == 1
        now_s[0] += 301
        assert len(await secrets.read()) == 2
        await manager.put_secret_value(SecretId=name, SecretString="password")
        now_s[0] += 301
        with pytest.raises(SecretUnusableError):
            await secrets.read()


class FixedResolver(AbstractResolver):
    """A resolver that answers every name with one address."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Return the address."""
        return [{"hostname": host, "host": self.address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
async def test_a_name_with_a_private_address_is_not_connected(scene: Scene, address: str) -> None:
    """The check is in the connector's own resolution, so a second answer of DNS can't differ."""
    client = WebhookClient(allows_local=False, resolver=FixedResolver(address))
    port = scene.deliveries[0].endpoint.url.rsplit(":", 1)[1]
    answer = await client.post(f"http://receiver.example:{port}", "{}", {})
    assert answer.status is None
    assert scene.receiver.received["1"] == []
    await client.close()


async def test_an_address_in_the_url_is_checked_too(scene: Scene) -> None:
    """The connector doesn't resolve an address, so the URL is checked before."""
    client = WebhookClient(allows_local=False)
    answer = await client.post(scene.deliveries[0].endpoint.url, "{}", {})
    assert (answer.status, answer.reason) == (None, "the address is not public")
    await client.close()
