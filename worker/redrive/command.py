"""`python -m worker.redrive`: show the dead letters with their reasons, send them back, or delete them.

It sends only with --send, and deletes only with --delete. It doesn't send back a message that the worker can't parse,
because the message would come back to the dead-letter queue.
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
from worker.redrive.plan import DeadLetter, diagnose, format_line
from worker.redrive.queue import DeadLetterQueue
from worker.settings import WorkerSettings
from worker.startup import worker_process

log = structlog.get_logger("worker.redrive")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveOptions:
    """The command's options: send back the parsable messages if `is_sending`, delete those in `deleted_ids`."""

    queues: Sequence[str]
    is_sending: bool
    deleted_ids: frozenset[str]
    limit: int


async def run(settings: WorkerSettings, options: RedriveOptions) -> int:
    """Show the dead letters of each queue, and send or delete them; return the number of those that stay."""
    urls = {"uploads": settings.uploads_queue_url, "job-events": settings.job_events_queue_url}
    parser = message_parser(settings)
    stay_count = 0
    async with aws_of(settings) as aws:
        sqs = await aws.sqs()
        for name in options.queues:
            queue = DeadLetterQueue(await open_queue(sqs, urls[name]))
            async with queue.received(limit=options.limit) as letters:
                _print(f"{name}: {len(letters)} dead letters")
                actions = [await _redrive(letter, queue, parser, options) for letter in letters]
            stay_count += actions.count("stays")
            counts = (f"{actions.count(action)} {action}" for action in ("sent back", "deleted", "stays"))
            _print(f"{name}: {', '.join(counts)}")
    if stay_count and not options.is_sending:
        _print("nothing was sent back; --send sends the messages that a worker can parse")
    return stay_count


async def _redrive(letter: DeadLetter, queue: DeadLetterQueue, parser: MessageParser, options: RedriveOptions) -> str:
    diagnosis = diagnose(letter, parser)
    action = "stays"
    if letter.message_id in options.deleted_ids:
        await queue.delete(letter)
        action = "deleted"
    elif options.is_sending and diagnosis.is_parsable:
        await queue.send_back(letter)
        action = "sent back"
    _print(f"  {action}: {format_line(letter, diagnosis, now_s=int(time.time()))}")
    return action


def _print(text: str) -> None:
    sys.stdout.write(text.encode(errors="replace").decode() + "\n")


def _options() -> RedriveOptions:
    parser = argparse.ArgumentParser(prog="python -m worker.redrive", description=__doc__)
    parser.add_argument("--queue", choices=["uploads", "job-events"], help="only this queue's dead letters")
    parser.add_argument("--send", action="store_true", help="send back the messages that a worker can parse")
    parser.add_argument("--delete", nargs="+", default=[], metavar="ID", help="delete the messages with these ids")
    parser.add_argument("--limit", type=int, default=100, help="maximum number of messages of each queue")
    arguments = parser.parse_args()
    return RedriveOptions(
        queues=[arguments.queue] if arguments.queue else ["uploads", "job-events"],
        is_sending=arguments.send,
        deleted_ids=frozenset(arguments.delete),
        limit=arguments.limit,
    )


def main() -> None:
    """Run the command; exit with status 1 and one line if AWS or a queue can't be reached."""
    options = _options()
    with worker_process("redrive.unusable") as settings:
        asyncio.run(run(settings, options))
