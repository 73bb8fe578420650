"""Shows dead letters with their reasons, deletes chosen ones, and counts those that no worker can parse."""

import time

from worker.messages.parser import MessageParser
from worker.redrive.move_plan import LetterCounts, malformed_line
from worker.redrive.plan import diagnose, format_line
from worker.redrive.queue import DeadLetterQueue
from worker.redrive.terminal import print_line

MAX_COUNTED = 1_000
"""Letters that are read before a move: all of them if there are no more, otherwise a sample."""


async def show(name: str, letters: DeadLetterQueue, parser: MessageParser, *, limit: int) -> int:
    """Print up to `limit` letters with their reasons; return the number of letters in the queue, approximately."""
    counts = await letters.counts()
    async with letters.received(limit=limit) as received:
        print_line(f"{name}: {_shown(len(received), counts)}")
        for letter in received:
            print_line(f"  {format_line(letter, diagnose(letter, parser), now_s=int(time.time()))}")
    return max(counts.total, len(received))


def _shown(received: int, counts: LetterCounts) -> str:
    if received >= counts.total:
        return f"{received:,} dead letters"
    return f"{received:,} of about {counts.total:,} dead letters, {counts.hidden:,} of them hidden; see --limit"


async def delete(
    name: str, letters: DeadLetterQueue, parser: MessageParser, message_ids: frozenset[str], *, limit: int
) -> frozenset[str]:
    """Delete the letters with these ids; return the ids that aren't among the first `limit` letters."""
    async with letters.received(limit=limit) as received:
        chosen = [letter for letter in received if letter.message_id in message_ids]
        for letter in chosen:
            await letters.delete(letter)
            line = format_line(letter, diagnose(letter, parser), now_s=int(time.time()))
            print_line(f"  deleted: {line}")
    print_line(f"{name}: {len(chosen):,} of {len(received):,} read letters deleted")
    return message_ids - {letter.message_id for letter in chosen}


async def count_malformed(name: str, letters: DeadLetterQueue, parser: MessageParser, *, of: int) -> None:
    """Read all of the letters, or a sample, and print how many of them no worker can parse."""
    async with letters.received(limit=min(of, MAX_COUNTED)) as received:
        malformed = sum(not diagnose(letter, parser).is_parsable for letter in received)
    print_line(f"{name}: {malformed_line(malformed, read=len(received), of=of)}")
