"""A dead endpoint beside a healthy one, with real processes: a worker, SQS's emulator, and a back end.

tests/simulation/test_dead_endpoint.py has the exact delays, for 200,000 webhooks. This test counts the attempts at the
dead endpoint while the healthy one gets everything. A webhook that a worker received while its endpoint was stopped is
hidden for half an hour, so up to a batch is still in the queue at the end.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from local.embedded_aws import ROOT

from .proof import Proof
from .receiving import Receiver, webhook_message
from .worker_system import WorkerSystem, eventually

DEAD, HEALTHY = 1, 2
BATCH = 10
SHORTEST_REST_S = 4
SECONDS_PER_WEBHOOK = 0.2
"""A limit that ends a test whose endpoint gets nothing. It is no measure."""


def send(system: WorkerSystem, slot: int, count: int) -> str:
    """Put webhooks into the endpoint's queue; return the queue's URL."""
    url: str = getattr(system.stack, f"webhook_{slot}_queue_url")
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        entries = [{"Id": str(each), "MessageBody": webhook_message(each)} for each in numbers]
        system.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


def until(condition: Callable[[], bool], *, count: int) -> None:
    """Wait until the condition holds."""
    eventually(condition, bool, deadline_s=60 + count * SECONDS_PER_WEBHOOK)


def test_a_dead_endpoint_keeps_its_webhooks_and_takes_no_turn_of_a_healthy_one(
    own_system: WorkerSystem, receiver: Receiver, proof: Proof
) -> None:
    """500: a batch, and one attempt after each rest. Then 410: nothing more until it is resumed. Nothing is lost."""
    dead = proof.length("WEBHOOKS_SENT", 200)
    healthy, settings = dead // 2, receiver.settings(own_system.stack, DEAD, HEALTHY)
    receiver.statuses[DEAD] = 500
    urls = {slot: send(own_system, slot, count) for slot, count in ((DEAD, dead), (HEALTHY, healthy))}
    began_s = time.monotonic()
    worker = own_system.worker("first", **settings)
    until(lambda: len(receiver.ids[HEALTHY]) == healthy, count=healthy)
    took_s, (visible, hidden) = time.monotonic() - began_s, own_system.counts(urls[DEAD])
    beside = receiver.requests[DEAD]
    assert beside <= BATCH + 3 + took_s / SHORTEST_REST_S, "a batch, and one after each rest"
    assert (visible + hidden, hidden <= BATCH + 3) == (dead, True)
    assert worker.end(signal.SIGTERM) == 0

    receiver.statuses[DEAD] = 410
    worker = own_system.worker("second", **settings)
    worker.wait_for_log("webhook.stopped", deadline_s=120)
    assert worker.end(signal.SIGTERM) == 0
    attempts = receiver.requests[DEAD]
    receiver.statuses.clear()
    worker = own_system.worker("third", **settings)
    send(own_system, HEALTHY, 1)
    until(lambda: receiver.requests[HEALTHY] > healthy, count=1_000)
    assert (receiver.requests[DEAD], sum(own_system.counts(urls[DEAD]))) == (attempts, dead), "it stays stopped"
    assert worker.end(signal.SIGTERM) == 0

    resume(own_system, settings)
    own_system.worker("fourth", **settings)
    until(lambda: len(receiver.ids[DEAD]) >= dead - BATCH, count=dead)
    eventually(lambda: len(receiver.ids[DEAD]) + sum(own_system.counts(urls[DEAD])), lambda n: n == dead, deadline_s=60)
    proof.report(
        f"dead endpoint, real processes: {dead:,} webhooks, {beside} attempts while {healthy:,} of the healthy one "
        f"went out in {took_s:.0f} s; {hidden} in flight; stopped by 410, resumed, "
        f"and {len(receiver.ids[DEAD]):,} delivered"
    )


def resume(system: WorkerSystem, settings: Mapping[str, str]) -> None:
    """Resume the endpoint, as an operator does."""
    subprocess.run(
        [sys.executable, "-m", "worker.webhooks", "resume", "--slot", str(DEAD)],
        env={**os.environ, **system.environment(**settings)},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
