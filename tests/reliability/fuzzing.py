"""`python -m tests.reliability.fuzzing COUNT SEED`: message bodies through a worker's handler, with its log on stdout.

It runs in a process of its own, because a process configures its log once. The last line is the result, as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from transcode import log as logging
from transcode.aws import open_aws
from transcode.settings import load
from worker.assembly import open_handler
from worker.deliveries import MessageHandler
from worker.outcomes import Message
from worker.settings import WorkerSettings
from worker.webhooks.assembly import open_deliveries

from .mutating import WEBHOOKS, bodies

BATCH = 10


async def run(count: int, seed: int) -> dict[str, object]:
    """Handle this many bodies of the worker's queues, and a quarter as many webhooks; return the results of both."""
    settings = load(WorkerSettings)
    logging.configure(level=settings.log_level, json=True)
    rng = random.Random(seed)  # noqa: S311 -- not for secrets
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        handler = await open_handler(aws, settings)
        (delivery,) = await open_deliveries(aws, settings)
        handled = await handle_all(handler, bodies(count, rng, input_bucket=settings.input_bucket))
        webhooks = bodies(count // 4, rng, input_bucket=settings.input_bucket, fixtures=WEBHOOKS)
        delivered = await handle_all(delivery, webhooks)
        await delivery.client.close()
    return {"messages": handled, "webhooks": delivered}


async def handle_all(handler: MessageHandler, generated: Iterator[str]) -> Mapping[str, object]:
    """Handle the bodies in batches; return the number of each outcome, and the duration of the slowest batch."""
    outcomes: Counter[str] = Counter()
    slowest_s, number = 0.0, 0
    while batch := [
        Message(message_id=f"m{number}-{at}", body=body) for at, body in enumerate(islice(generated, BATCH))
    ]:
        number += 1
        began = time.monotonic()
        outcomes_by_id = await handler.handle(batch)
        slowest_s = max(slowest_s, time.monotonic() - began)
        if set(outcomes_by_id) != {message.message_id for message in batch}:
            outcomes["missing"] += 1
        outcomes.update(type(outcome).__name__ for outcome in outcomes_by_id.values())
    return {"outcomes": dict(outcomes), "slowest_s": round(slowest_s, 2)}


if __name__ == "__main__":
    result = asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.write(json.dumps(result) + "\n")
