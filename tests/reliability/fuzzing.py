"""`python -m tests.reliability.fuzzing COUNT SEED`: message bodies through a worker's handler, with its log on stdout.

It runs in a process of its own, because a process configures its log once. The last line is the result, as JSON.
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
    """Handle this many bodies; return the number of each outcome, and the duration of the slowest batch."""
    settings = load(WorkerSettings)
    logging.configure(level=settings.log_level, json=True)
    outcomes: Counter[str] = Counter()
    slowest_s = 0.0
    generated = bodies(count, random.Random(seed), input_bucket=settings.input_bucket)  # noqa: S311 -- not for secrets
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        handler = await open_handler(aws, settings)
        for first in range(0, count, BATCH):
            batch = [
                Message(message_id=f"m{first + at}", body=body)
                for at, body in zip(range(BATCH), generated, strict=False)
            ]
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
