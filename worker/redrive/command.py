"""`python -m worker.redrive`: show the dead letters with their reasons, send them back, or delete chosen ones.

Without an option it changes nothing. It then also shows the refused versions of announced uploads. --send moves all
letters, at a rate, with a move task of SQS: SQS goes on when this command ends, and the same command follows the task
again. With --limit, or where SQS has no move tasks, it moves them itself in batches of ten.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from transcode.aws import Aws
from transcode.startup import aws_of
from worker.assembly import message_parser
from worker.messages.parser import MessageParser
from worker.queue import Queue, open_queue
from worker.redrive.inspection import delete, show
from worker.redrive.move_plan import MAX_PER_SECOND, duration
from worker.redrive.queue import DeadLetterQueue
from worker.redrive.sending import cancel, send
from worker.redrive.terminal import print_line
from worker.refused_versions import RefusedVersionsTable
from worker.settings import WorkerSettings
from worker.startup import worker_process

DEFAULT_LIMIT = 100
DEFAULT_PER_SECOND = 50
INTERRUPTED_STATUS = 130
QUEUES = ("uploads", "submission", "job-events", "webhook-1", "webhook-2", "webhook-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show up to `limit` letters of each queue."""

    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete the letters with these ids, if they are among the first `limit` letters of a queue."""

    message_ids: frozenset[str]
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send the letters of each queue back at a rate; at most `limit` of each queue, None for all."""

    per_second: int = DEFAULT_PER_SECOND
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Cancel the move tasks that run."""


Action = Show | Delete | Send | Cancel


async def run(settings: WorkerSettings, action: Action, *, queues: Sequence[str] = QUEUES) -> bool:
    """Perform the action on each queue, one after another; return whether it is complete."""
    urls = {
        "uploads": settings.uploads_queue_url,
        "submission": settings.submission_queue_url,
        "job-events": settings.job_events_queue_url,
        **{f"webhook-{each.slot}": each.queue_url for each in settings.webhook_endpoints},
    }
    parser = message_parser(settings)
    async with aws_of(settings) as aws:
        sqs = await aws.sqs()
        opened = {name: await open_queue(sqs, urls[name]) for name in queues if name in urls}
        match action:
            case Show(limit=limit):
                await _show(opened, parser, limit=limit)
                if "uploads" in opened:
                    await _show_refused_versions(aws, settings)
                return True
            case Delete():
                return await _delete(opened, parser, action)
            case Send():
                return await _send(opened, parser, action)
            case Cancel():
                return all([await cancel(name, queue) for name, queue in opened.items()])
            case _:
                assert_never(action)


async def _show(queues: dict[str, Queue], parser: MessageParser, *, limit: int) -> None:
    found = sum([await show(name, DeadLetterQueue(queue), parser, limit=limit) for name, queue in queues.items()])
    if found:
        print_line("nothing was sent back; --send sends all messages back, also those that no worker can parse")


async def _show_refused_versions(aws: Aws, settings: WorkerSettings) -> None:
    """Print how many versions of announced uploads the worker refused. They are not dead letters: none is sent back."""
    table = RefusedVersionsTable(await aws.dynamodb(), settings.status_table, ttl_s=settings.output_ttl_s)
    now_s = int(time.time())
    if refused := await table.read(now_s=now_s):
        print_line(
            f"{refused.count:,} versions of announced uploads were refused and got no job; the last one "
            f"{duration(now_s - refused.last_s)} ago: {refused.last_input_file}"
        )


async def _send(queues: dict[str, Queue], parser: MessageParser, action: Send) -> bool:
    """Send each queue's letters; stop at a queue that isn't complete, because an operator may have canceled it."""
    is_complete = True
    for name, queue in queues.items():
        if is_complete:
            is_complete = await send(name, queue, parser, per_second=action.per_second, limit=action.limit)
        else:
            print_line(f"{name}: not started, because the queue before it isn't complete; see --queue")
    return is_complete


async def _delete(queues: dict[str, Queue], parser: MessageParser, action: Delete) -> bool:
    missing = action.message_ids
    for name, queue in queues.items():
        missing = await delete(name, DeadLetterQueue(queue), parser, missing, limit=action.limit)
    for message_id in sorted(missing):
        print_line(f"not found among the first {action.limit:,} letters: {message_id}; see --limit")
    return not missing


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m worker.redrive", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES, help="only this queue's dead letters")
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--send", action="store_true", help="send the messages back to their queue")
    actions.add_argument("--cancel", action="store_true", help="cancel the move tasks that run")
    actions.add_argument("--delete", nargs="+", metavar="ID", help="delete the messages with these ids")
    parser.add_argument(
        "--per-second", type=_per_second, default=DEFAULT_PER_SECOND, metavar="N", help="rate of --send, 1 to 500"
    )
    parser.add_argument(
        "--limit", type=_positive, metavar="N", help="messages of each queue to show, read or send (show: 100)"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of at least 1")
    return int(text)


def _per_second(text: str) -> int:
    if (number := _positive(text)) > MAX_PER_SECOND:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_PER_SECOND}, SQS's limit for a move task")
    return number


def _action(options: argparse.Namespace) -> Action:
    if options.send:
        return Send(per_second=options.per_second, limit=options.limit)
    if options.cancel:
        return Cancel()
    limit = options.limit or DEFAULT_LIMIT
    return Delete(message_ids=frozenset(options.delete), limit=limit) if options.delete else Show(limit=limit)


def main() -> None:
    """Run the command; exit with status 1 if it isn't complete, and one line if AWS or a queue can't be reached."""
    options = _options()
    queues = [options.queue] if options.queue else QUEUES
    with worker_process("redrive.unusable") as settings:
        try:
            is_complete = asyncio.run(run(settings, _action(options), queues=queues))
        except KeyboardInterrupt:
            print_line("\nstopped; the same command goes on. A move task of SQS runs on by itself: --cancel cancels it")
            sys.exit(INTERRUPTED_STATUS)
    sys.exit(0 if is_complete else 1)
