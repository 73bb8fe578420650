"""`python -m worker.redrive`: show what is in the dead-letter queues and why, and send it back when told to.

Nothing is sent without --send and nothing is deleted without --delete. What no worker can read is not sent back: it
would only return.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from transcode.startup import aws_of
from worker.assembly import message_parser
from worker.messages.parser import MessageParser
from worker.queue import open_queue
from worker.redrive.plan import DeadLetter, judge, line
from worker.redrive.queue import DeadLetterQueue
from worker.settings import WorkerSettings
from worker.startup import worker_process

log = structlog.get_logger("worker.redrive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What to do, beside showing: send back what can be read, delete those with these ids."""

    queues: Sequence[str]
    is_sending: bool
    deleted_ids: frozenset[str]
    limit: int


async def run(settings: WorkerSettings, orders: Orders) -> int:
    """Show the dead letters of each queue and do as ordered; return how many are left of those looked at."""
    urls = {"uploads": settings.uploads_queue_url, "job-events": settings.job_events_queue_url}
    parser = message_parser(settings)
    left = 0
    async with aws_of(settings) as aws:
        sqs = await aws.sqs()
        for name in orders.queues:
            queue = DeadLetterQueue(await open_queue(sqs, urls[name]))
            async with queue.opened(limit=orders.limit) as letters:
                _say(f"{name}: {len(letters)} dead letters")
                fates = [await _deal_with(letter, queue, parser, orders) for letter in letters]
            left += fates.count("stays")
            _say(f"{name}: " + ", ".join(f"{fates.count(fate)} {fate}" for fate in ("sent back", "deleted", "stays")))
    if left and not orders.is_sending:
        _say("nothing was sent back; --send sends what can be read")
    return left


async def _deal_with(letter: DeadLetter, queue: DeadLetterQueue, parser: MessageParser, orders: Orders) -> str:
    verdict = judge(letter, parser)
    fate = "stays"
    if letter.message_id in orders.deleted_ids:
        await queue.delete(letter)
        fate = "deleted"
    elif orders.is_sending and verdict.is_readable:
        await queue.send_back(letter)
        fate = "sent back"
    _say(f"  {fate}: {line(letter, verdict, now_s=int(time.time()))}")
    return fate


def _say(text: str) -> None:
    sys.stdout.write(text.encode(errors="replace").decode() + "\n")


def _orders() -> Orders:
    parser = argparse.ArgumentParser(prog="python -m worker.redrive", description=__doc__)
    parser.add_argument("--queue", choices=["uploads", "job-events"], help="only this queue's dead letters")
    parser.add_argument("--send", action="store_true", help="send back to the queue what a worker can read")
    parser.add_argument("--delete", nargs="+", default=[], metavar="ID", help="delete the messages with these ids")
    parser.add_argument("--limit", type=int, default=100, help="look at so many messages of each queue")
    arguments = parser.parse_args()
    return Orders(
        queues=[arguments.queue] if arguments.queue else ["uploads", "job-events"],
        is_sending=arguments.send,
        deleted_ids=frozenset(arguments.delete),
        limit=arguments.limit,
    )


def main() -> None:
    """Do as the command line says; exit with 1 and one line where AWS or a queue can't be reached."""
    orders = _orders()
    with worker_process("redrive.unusable") as settings:
        asyncio.run(run(settings, orders))
