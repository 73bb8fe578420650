"""Sends dead letters back to their queue: with a move task of SQS, or in paced batches if that isn't possible.

Each function returns whether the redrive is complete. It can be run again at any time: it follows a move task that
runs, and paced batches go on with the letters that are left.
"""

import asyncio
import time

from botocore.exceptions import ClientError

from worker.messages.parser import MessageParser
from worker.queue import Queue
from worker.redrive.inspection import count_malformed
from worker.redrive.move_plan import (
    LetterCounts,
    MoveTask,
    duration,
    exceeds_task,
    is_circling,
    pause_s,
    progress_line,
    round_letters,
)
from worker.redrive.move_tasks import MoveTasks, MoveTasksUnknownError, open_move_tasks
from worker.redrive.paced_move import PacedMove
from worker.redrive.queue import HIDDEN_S, DeadLetterQueue
from worker.redrive.terminal import ProgressLine, print_line

POLL_S = 1.0
START_WITHIN_S = 60.0
"""Seconds within which SQS must list a task that it has accepted."""


async def send(name: str, queue: Queue, parser: MessageParser, *, per_second: int, limit: int | None) -> bool:
    """Move the queue's dead letters back, at most `limit` of them; return whether that is complete."""
    letters = DeadLetterQueue(queue)
    tasks = await open_move_tasks(queue)
    try:
        latest = await tasks.latest()
    except MoveTasksUnknownError:
        return await _send_paced(name, queue, parser, per_second=per_second, limit=limit)
    if latest is not None and not latest.is_over:
        rate = "the rate that SQS chooses" if latest.per_second is None else f"{latest.per_second} a second"
        print_line(f"{name}: following the move task that already runs, at {rate}; --cancel cancels it")
        return await _follow(name, letters, tasks, previous=None)
    if limit is not None:
        return await _send_paced(name, queue, parser, per_second=per_second, limit=limit)
    counts = await letters.counts()
    if not counts.visible:
        _print_nothing_to_send(name, counts)
        return not counts.hidden
    await count_malformed(name, letters, parser, of=counts.visible)
    if exceeds_task(counts.visible, per_second=per_second):
        print_line(f"{name}: SQS ends a move task after 36 h; run the command again for the rest, or use a higher rate")
    try:
        await tasks.start(per_second=per_second)
    except ClientError:
        # Another operator may have started one since the list was read. Any other refusal is an error.
        running = await tasks.latest()
        if running is None or running.is_over:
            raise
        return await _follow(name, letters, tasks, previous=None)
    return await _follow(name, letters, tasks, previous=latest)


async def cancel(name: str, queue: Queue) -> bool:
    """Cancel the move task of the queue's dead letters, if one runs, and wait for its end."""
    tasks = await open_move_tasks(queue)
    try:
        task = await tasks.latest()
    except MoveTasksUnknownError:
        print_line(f"{name}: this SQS has no move tasks; end the command that sends instead")
        return True
    if task is None or task.is_over:
        print_line(f"{name}: no move task runs")
        return True
    await tasks.cancel(task)
    await _follow(name, DeadLetterQueue(queue), tasks, previous=None)
    return True


async def _follow(name: str, letters: DeadLetterQueue, tasks: MoveTasks, *, previous: MoveTask | None) -> bool:
    """Show the task's progress until it is over. `previous` is the task before it, which SQS may list for a moment."""
    line, total, circling = ProgressLine(), (await letters.counts()).total, False
    while not (task := await _listed(tasks, previous=previous)).is_over:
        took_s = time.time() - (task.started_ms or time.time() * 1000) / 1000
        line.show(f"{name}: {progress_line(task.moved, of=task.to_move or total, took_s=took_s)}", now_s=time.time())
        if is_circling(task) and not circling:
            circling = True
            await tasks.cancel(task)
        await asyncio.sleep(POLL_S)
    line.end()
    counts = await letters.counts()
    print_line(f"{name}: about {task.moved:,} sent back, {_left(counts)}")
    if circling:
        print_line(f"{name}: canceled, because the letters come back as fast as they leave; find their reason first")
    elif task.status == "FAILED":
        print_line(f"{name}: SQS could not move all letters: {task.failure_reason or 'it gives no reason'}")
    elif task.status == "CANCELLED":
        print_line(f"{name}: the move task was canceled; letters that it had moved stay in the queue")
    return task.status == "COMPLETED"


async def _listed(tasks: MoveTasks, *, previous: MoveTask | None) -> MoveTask:
    """Return the task that came after `previous`, as soon as SQS lists it."""
    deadline_s = time.monotonic() + START_WITHIN_S
    while (task := await tasks.latest()) is None or (previous is not None and task.started_ms == previous.started_ms):
        if time.monotonic() > deadline_s:
            raise TimeoutError("SQS accepted a move task and doesn't list it")
        await asyncio.sleep(POLL_S)
    return task


async def _send_paced(name: str, queue: Queue, parser: MessageParser, *, per_second: int, limit: int | None) -> bool:
    letters = DeadLetterQueue(queue)
    started_ms = time.time() * 1000
    counts = await letters.counts()
    if not counts.total:
        _print_nothing_to_send(name, counts)
        return True
    total = min(counts.total, limit or counts.total)
    await count_malformed(name, letters, parser, of=total)
    move = PacedMove(queue=queue, sent_before_ms=started_ms)
    try:
        await _move_all(name, move, letters, total=total, per_second=per_second)
    finally:
        await move.release()
    counts = await letters.counts()
    print_line(f"{name}: {move.moved:,} sent back, {_left(counts)}")
    for reason in sorted(set(move.failures)):
        print_line(f"{name}: SQS refused {move.failures.count(reason):,} letters: {reason}")
    return move.moved >= total


async def _move_all(name: str, move: PacedMove, letters: DeadLetterQueue, *, total: int, per_second: int) -> None:
    """Move `total` letters. Letters that another process has hidden are waited for, as long as it may hide them."""
    line, begun_s = ProgressLine(), time.monotonic()
    received_s = begun_s
    while move.moved + move.kept < total:
        round_s, moved = time.monotonic(), move.moved
        received = await move.move(min(round_letters(per_second), total - move.moved))
        took_s = time.monotonic() - begun_s
        line.show(f"{name}: {progress_line(move.moved, of=total, took_s=took_s)}", now_s=time.monotonic())
        if received:
            received_s = time.monotonic()
        elif (await letters.counts()).total <= move.kept or time.monotonic() - received_s > HIDDEN_S:
            break
        await asyncio.sleep(pause_s(move.moved - moved, per_second=per_second, took_s=time.monotonic() - round_s))
    line.end()


def _print_nothing_to_send(name: str, counts: LetterCounts) -> None:
    if counts.hidden:
        print_line(
            f"{name}: all {counts.hidden:,} dead letters are hidden, because something reads them; run the command "
            f"again in {duration(HIDDEN_S)}"
        )
    else:
        print_line(f"{name}: 0 dead letters")


def _left(counts: LetterCounts) -> str:
    if counts.hidden:
        return f"{counts.total:,} left, {counts.hidden:,} of them hidden; run the command again in {duration(HIDDEN_S)}"
    return f"{counts.total:,} left"
