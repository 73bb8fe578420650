"""One endpoint of webhooks is dead while 200,000 webhooks arrive for it, beside a healthy one.

The worker's own loop, pollers, gates, queues and deliveries run on a virtual clock. Only AWS and the receivers are
models: SQS's queues by its documented rules, and receivers that answer after 20 ms. So delays are compared exactly, and
no figure depends on this machine's speed.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from tests import sqs_client, virtual_time
from tests.reliability.proof import Proof
from tests.reliability.receiving import SECRET, webhook_message
from tests.sqs_client import VISIBILITY_TIMEOUT_S, SqsClient
from tests.sqs_model import SqsModel
from transcode.announcement_types import AnnouncementType
from worker.health import HealthFile
from worker.loop import Loop, Poller
from worker.queue import BATCH_SIZE, Queue
from worker.webhooks.delivery import WebhookDelivery
from worker.webhooks.delivery_rule import MAX_DELAY_S, STOPPED_REST_S, Answer, EndpointRest
from worker.webhooks.endpoints import WebhookEndpoint
from worker.webhooks.gate import EndpointGate
from worker.webhooks.secrets import EndpointSecrets

DAY_S = 86_400
GIVE_UP_AFTER_S = 12 * DAY_S
HOURS = 2
RETENTION_MS = 14 * DAY_S * 1000
ANSWER_S = 0.02
DEAD, HEALTHY = 1, 2
HEALTHY_EVERY_S = 7.0
RESUMED_WITHIN_S = 125
"""A rest of the poller, and the minute for which a process remembers the stop."""
MAX_IN_FLIGHT = BATCH_SIZE + MAX_DELAY_S // STOPPED_REST_S
"""One batch, and the webhooks that were tried alone and wait for their own next attempt. Most are those of a stopped
endpoint: its poller has the shortest rests, and hides each webhook for the longest time."""


@dataclass(slots=True, kw_only=True)
class Receivers:
    """The receivers of all endpoints. `statuses` are their answers, in place of 204; None is no answer at all."""

    statuses: dict[str, int | None] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    accepted_ms: dict[str, dict[str, int]] = field(default_factory=dict)
    """The time at which each webhook was accepted first, by its id, of each URL."""

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Answer a webhook."""
        del body
        self.attempts[url] = self.attempts.get(url, 0) + 1
        status = self.statuses.get(url, 204)
        if status is None:
            await asyncio.sleep(15)
            return Answer(reason="no answer within 15 s", is_timeout=True)
        await asyncio.sleep(ANSWER_S)
        if status == 204:
            self.accepted_ms.setdefault(url, {}).setdefault(headers["webhook-id"], sqs_client.now_ms())
        return Answer(status=status)


@dataclass(slots=True)
class Stops:
    """The stopped endpoints, in memory."""

    urls: set[str] = field(default_factory=set)

    async def is_stopped(self, endpoint: WebhookEndpoint) -> bool:
        """Return whether the endpoint is stopped."""
        return endpoint.url in self.urls

    async def stop(self, endpoint: WebhookEndpoint, *, now_s: int) -> None:
        """Stop the endpoint."""
        del now_s
        self.urls.add(endpoint.url)


class World:
    """Endpoints with their queues, and one worker."""

    def __init__(self, slots: Collection[int] = (DEAD, HEALTHY), *, give_up_after_s: int = GIVE_UP_AFTER_S) -> None:
        self.slots = slots
        self.give_up_after_s = give_up_after_s
        self.dead_letters = {slot: SqsModel(visibility_timeout_ms=30_000, retention_ms=RETENTION_MS) for slot in slots}
        self.queues = {
            slot: SqsModel(visibility_timeout_ms=VISIBILITY_TIMEOUT_S * 1000, retention_ms=RETENTION_MS)
            for slot in slots
        }
        names = {str(slot): queue for slot, queue in self.queues.items()}
        self.sqs = SqsClient(queues={**names, **{f"{slot}-dead": queue for slot, queue in self.dead_letters.items()}})
        self.receivers = Receivers()
        self.stops = Stops()

    def send(self, slot: int, numbers: Collection[int]) -> None:
        """Put webhooks into the endpoint's queue."""
        for number in numbers:
            self.sqs.send(str(slot), webhook_message(number))

    def accepted(self, slot: int) -> Mapping[str, int]:
        """Return the time at which the endpoint accepted each webhook, by its id."""
        return self.receivers.accepted_ms.get(str(slot), {})

    async def until_empty(self, slot: int) -> None:
        """Wait until the endpoint's queue has no message."""
        while self.queues[slot].messages:  # noqa: ASYNC110 -- a model has no event to wait for
            await asyncio.sleep(60)

    async def work(self, scene: Awaitable[object]) -> None:
        """Run the worker until the scene is over."""
        stop = asyncio.Event()
        loop = Loop(
            pollers=[self._poller(slot) for slot in self.slots],
            stop_grace_s=30,
            health_file=HealthFile(None, clock=virtual_time.now_s),
        )
        running = asyncio.create_task(loop.run(stop))
        await scene
        stop.set()
        await running

    def _poller(self, slot: int) -> Poller:
        endpoint = WebhookEndpoint(
            slot=slot, url=str(slot), queue_url=str(slot), types=frozenset(AnnouncementType), secrets=[SECRET]
        )
        models: Any = (self.sqs, self.receivers, self.stops)
        sqs, receivers, stops = models
        delivery = WebhookDelivery(
            endpoint=endpoint,
            secrets=EndpointSecrets(endpoint, sqs, clock=virtual_time.now_s),
            client=receivers,
            stopped=stops,
            give_up_after_s=self.give_up_after_s,
            clock=lambda: sqs_client.now_ms() / 1000,
            rest_clock=virtual_time.now_s,
            rest=EndpointRest(draw=lambda: 0.5),
        )
        queue = Queue(
            client=sqs,
            name=str(slot),
            url=str(slot),
            dead_letter_url=f"{slot}-dead",
            visibility_timeout_s=VISIBILITY_TIMEOUT_S,
        )
        return Poller(queue=queue, handler=delivery, gate=EndpointGate(rest=delivery.rest, clock=virtual_time.now_s))


@pytest.fixture
def proof(record_property: Callable[[str, object], None]) -> Proof:
    """The length of the test."""
    return Proof(record=record_property, is_long=bool(os.environ.get("SOAK")))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: each webhook has a line."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


def healthy_delays_ms(*, dead: int | None, status: int | None, hours: float) -> tuple[Sequence[int], World]:
    """Send the healthy endpoint a webhook every few seconds; return the delay of each, in the order of their ids.

    The other endpoint gets `dead` webhooks at the beginning, and answers with this status; None for no such endpoint.
    """
    sent_ms: dict[str, int] = {}

    async def simulate() -> World:
        world = World((HEALTHY,) if dead is None else (DEAD, HEALTHY))
        world.receivers.statuses[str(DEAD)] = status
        if dead is not None:
            world.send(DEAD, range(dead))

        async def feed() -> None:
            for number in range(int(hours * 3_600 / HEALTHY_EVERY_S)):
                sent_ms[f"evt_{number:06}"] = sqs_client.now_ms()
                world.send(HEALTHY, [number])
                await asyncio.sleep(HEALTHY_EVERY_S)

        await world.work(feed())
        return world

    world = virtual_time.run(simulate())
    accepted = world.accepted(HEALTHY)
    assert accepted.keys() == sent_ms.keys()
    return [accepted[each] - at_ms for each, at_ms in sent_ms.items()], world


@pytest.mark.parametrize("status", [500, 410, 429, None], ids=["500", "410", "429", "silence"])
def test_a_dead_endpoint_with_many_webhooks_changes_no_delay_of_a_healthy_one(status: int | None, proof: Proof) -> None:
    """To the millisecond. All webhooks of the dead one are kept, and nearly all of them are visible."""
    count = proof.length("WEBHOOKS", 500)
    began_s = time.monotonic()
    alone, _ = healthy_delays_ms(dead=None, status=None, hours=HOURS)
    beside, world = healthy_delays_ms(dead=count, status=status, hours=HOURS)
    assert beside == alone
    attempts, in_flight = world.receivers.attempts[str(DEAD)], world.sqs.most_in_flight[str(DEAD)]
    assert (len(world.queues[DEAD].messages), world.dead_letters[DEAD].messages) == (count, {})
    assert in_flight <= MAX_IN_FLIGHT
    assert attempts <= 10 + HOURS * 3_600 / MAX_DELAY_S + 8, "a batch, and one after each rest"
    proof.report(
        f"dead endpoint ({status or 'silence'}): {count:,} webhooks in {HOURS} h; {attempts} attempts, "
        f"{in_flight} in flight at most; {len(alone):,} of the healthy one, each as fast as alone; "
        f"{time.monotonic() - began_s:.1f} s"
    )


def test_nothing_is_lost_once_a_dead_endpoint_recovers(proof: Proof) -> None:
    """Every webhook is accepted, each once, by the poller's next attempt and the batches after it."""
    count = proof.length("WEBHOOKS", 500)

    async def simulate() -> tuple[World, float]:
        world = World()
        world.receivers.statuses[str(DEAD)] = 500
        world.send(DEAD, range(count))

        async def scene() -> None:
            await asyncio.sleep(DAY_S)
            del world.receivers.statuses[str(DEAD)]
            await world.until_empty(DEAD)

        await world.work(scene())
        return world, virtual_time.now_s() - DAY_S

    world, took_s = virtual_time.run(simulate())
    assert len(world.accepted(DEAD)) == count
    assert (world.queues[DEAD].lost, world.dead_letters[DEAD].messages) == ([], {})
    assert took_s <= 2 * 1.2 * MAX_DELAY_S + count * ANSWER_S
    attempts = world.receivers.attempts[str(DEAD)]
    assert attempts - count <= 10 + DAY_S / MAX_DELAY_S + 8
    proof.report(f"recovered endpoint: {count:,} webhooks in {took_s / 60:.0f} min of its time, {attempts:,} attempts")


def test_410_stops_an_endpoint_until_it_is_resumed(proof: Proof) -> None:
    """The first batch learns it. For hours nothing is sent, and everything is kept; then all of it is accepted."""
    count = proof.length("WEBHOOKS", 500)

    async def simulate() -> tuple[World, int, int]:
        world = World()
        world.receivers.statuses[str(DEAD)] = 410
        world.send(DEAD, range(count))
        before = resumed_ms = 0

        async def scene() -> None:
            nonlocal before, resumed_ms
            await asyncio.sleep(DAY_S / 8)
            before = world.receivers.attempts[str(DEAD)]
            del world.receivers.statuses[str(DEAD)]
            await asyncio.sleep(DAY_S / 8)
            assert world.receivers.attempts[str(DEAD)] == before, "it stays stopped although it would answer"
            assert len(world.queues[DEAD].messages) == count
            world.stops.urls.clear()
            resumed_ms = sqs_client.now_ms()
            await world.until_empty(DEAD)

        await world.work(scene())
        return world, before, resumed_ms

    world, before, resumed_ms = virtual_time.run(simulate())
    assert before <= 10
    assert min(world.accepted(DEAD).values()) - resumed_ms <= RESUMED_WITHIN_S * 1000
    assert world.sqs.most_in_flight[str(DEAD)] <= MAX_IN_FLIGHT
    assert len(world.accepted(DEAD)) == count
    assert world.dead_letters[DEAD].messages == {}


def test_a_webhook_that_is_too_old_is_kept_in_the_dead_letter_queue() -> None:
    """All of them are, although a poller tries one after each rest. The limit is hours here, in place of 12 days."""

    async def simulate() -> World:
        world = World((DEAD,), give_up_after_s=6 * 3_600)
        world.receivers.statuses[str(DEAD)] = 500
        world.send(DEAD, range(300))
        await world.work(asyncio.sleep(8 * 3_600))
        return world

    world = virtual_time.run(simulate())
    assert len({each.body for each in world.dead_letters[DEAD].messages.values()}) == 300
    assert (world.queues[DEAD].messages, world.queues[DEAD].lost) == ({}, [])
