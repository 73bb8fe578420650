"""`python -m worker.webhooks`: test an endpoint of webhooks, resume a stopped one, or send webhooks again.

`test` puts a webhook of the type webhook.test into the endpoint's queue, and the worker delivers it as any other.
`resume` ends the stop after a 410. `replay --since` sends the ends of all jobs since a time again, with their ids.
"""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from transcode.aws import Aws
from transcode.lookup_table import LookupTable
from transcode.startup import aws_of
from worker.announce.announcer import Announcer
from worker.announce.unannounced import UnannouncedRows
from worker.redrive.move_plan import duration
from worker.redrive.terminal import print_line
from worker.settings import WorkerSettings
from worker.startup import worker_process
from worker.webhooks.endpoints import SLOTS, WebhookEndpoint
from worker.webhooks.replay import ended_since
from worker.webhooks.stopped_endpoints import StoppedEndpoints
from worker.webhooks.webhook_queue import WebhookQueue

UNITS_S = {"m": 60, "h": 3_600, "d": 86_400}


async def run(settings: WorkerSettings, action: str, *, slot: int | None = None, since_s: int | None = None) -> int:
    """Perform the action on the endpoint of this slot, or on all; return the number of endpoints."""
    chosen = [each for each in settings.webhook_endpoints if slot in {None, each.slot}]
    async with aws_of(settings) as aws:
        match action:
            case "test":
                await _test(aws, chosen)
            case "resume":
                await _resume(aws, settings, chosen)
            case _:
                await _replay(aws, settings, chosen, since_s=since_s or 0)
    return len(chosen)


async def _test(aws: Aws, endpoints: Sequence[WebhookEndpoint]) -> None:
    for endpoint in endpoints:
        webhook_id = f"evt_test{secrets.token_hex(8)}"
        await WebhookQueue(await aws.sqs(), endpoint).send_test(webhook_id, timestamp=datetime.now(UTC))
        print_line(f"endpoint {endpoint.slot}: {webhook_id} is queued; see webhook.delivered in the worker's log")


async def _resume(aws: Aws, settings: WorkerSettings, endpoints: Sequence[WebhookEndpoint]) -> None:
    stopped = StoppedEndpoints(await aws.dynamodb(), settings.status_table)
    for endpoint in endpoints:
        was_stopped = await stopped.is_stopped(endpoint)
        await stopped.resume(endpoint)
        state = "resumed; the workers go on within two minutes" if was_stopped else "wasn't stopped"
        print_line(f"endpoint {endpoint.slot}: {state}")


async def _replay(aws: Aws, settings: WorkerSettings, endpoints: Sequence[WebhookEndpoint], *, since_s: int) -> None:
    client, sqs = await aws.dynamodb(), await aws.sqs()
    announcer = Announcer(
        rows=UnannouncedRows(client, settings.status_table),
        lookups=LookupTable(client, settings.input_file_table, settings.lifetimes),
        channels=[WebhookQueue(sqs, endpoint) for endpoint in endpoints],
        clock=time.time,
        playback_base_url=settings.playback_base_url,
    )
    count = 0
    async for ended in ended_since(client, settings.status_table, since_s=since_s):
        count += await announcer.send(ended)
    print_line(f"{count:,} ends were announced again to {len(endpoints)} endpoints, with the ids that they had")


def parse_since(text: str, *, now_s: float) -> int:
    """Return the Unix seconds of `90m`, `6h`, `2d`, or of an ISO time with a time zone.

    >>> parse_since("6h", now_s=21_600), parse_since("1970-01-01T00:01:00Z", now_s=0)
    (0, 60)

    Raises:
        ValueError: The text is neither.
    """
    if text[:-1].isascii() and text[:-1].isdigit() and text[-1] in UNITS_S:
        return int(now_s) - int(text[:-1]) * UNITS_S[text[-1]]
    time_ = datetime.fromisoformat(text)
    if time_.tzinfo is None:
        raise ValueError("the time needs a time zone, such as Z")
    return int(time_.timestamp())


def _since(text: str) -> int:
    try:
        return parse_since(text, now_s=time.time())
    except ValueError:
        raise argparse.ArgumentTypeError("must be 90m, 6h, 2d or a time such as 2026-11-26T08:00:00Z") from None


def main() -> None:
    """Run the command; exit with status 1 if there is no such endpoint, and one line if AWS can't be reached."""
    parser = argparse.ArgumentParser(prog="python -m worker.webhooks", description=__doc__)
    parser.add_argument("action", choices=["test", "resume", "replay"])
    parser.add_argument("--slot", type=int, choices=SLOTS, help="only this endpoint; all if not given")
    parser.add_argument("--since", type=_since, help="with replay: the time of the first end, such as 6h")
    options = parser.parse_args()
    if (options.action == "replay") != (options.since is not None):
        parser.error("replay needs --since, and nothing else has it")
    with worker_process("webhooks.unusable") as settings:
        count = asyncio.run(run(settings, options.action, slot=options.slot, since_s=options.since))
        if not count:
            print_line("no such endpoint: WEBHOOK_1_URL to WEBHOOK_3_URL configure them")
        elif options.since is not None:
            print_line(f"replayed the last {duration(time.time() - options.since)}")
    sys.exit(0 if count else 1)
