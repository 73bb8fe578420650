"""`python -m tests.reliability.fuzzing COUNT SEED`: bodies through a worker's handler, its log at DEBUG on stdout.

A process of its own, because logging is configured once for a process's life. The last line is the result, as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter

from transcode import log as logging
from transcode.aws import open_aws
from transcode.settings import load
from worker.assembly import open_handler
from worker.outcomes import Message
from worker.settings import WorkerSettings

from .mutating import bodies

BATCH = 10


async def run(count: int, seed: int) -> dict[str, object]:
    """Handle so many bodies, and return what became of them and how long the slowest batch took."""
    settings = load(WorkerSettings)
    logging.configure(level=settings.log_level, json=True)
    outcomes: Counter[str] = Counter()
    slowest_s = 0.0
    made = bodies(count, random.Random(seed), input_bucket=settings.input_bucket)  # noqa: S311 -- not for secrets
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        handler = await open_handler(aws, settings)
        for first in range(0, count, BATCH):
            batch = [
                Message(message_id=f"m{first + at}", body=body) for at, body in zip(range(BATCH), made, strict=False)
            ]
            began = time.monotonic()
            handled = await handler.handle(batch)
            slowest_s = max(slowest_s, time.monotonic() - began)
            if set(handled) != {message.message_id for message in batch}:
                outcomes["forgotten"] += 1
            outcomes.update(type(outcome).__name__ for outcome in handled.values())
    return {"outcomes": dict(outcomes), "slowest_s": round(slowest_s, 2)}


if __name__ == "__main__":
    told = asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.write(json.dumps(told) + "\n")
