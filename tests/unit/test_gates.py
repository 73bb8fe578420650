"""The gates of pollers: slots, rests, and the room in MediaConvert's queue."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from worker.gates import RestGate, SubmissionGate
from worker.outcomes import Done, Outcome, Retry
from worker.rest import Rest
from worker.submission.hold_back import HoldBack
from worker.submission.pace import Pace
from worker.submission.pacer import StartedCalls

OUTAGE = Retry(reason="429", delay_s=5, is_outage=True)


class Slot:
    """A slot that this worker holds, or doesn't get."""

    def __init__(self, *, is_held: bool = True) -> None:
        self.is_held = is_held

    async def wait(self, *, timeout_s: float) -> bool:
        """Wait in vain."""
        await asyncio.sleep(timeout_s)
        return False


class Count:
    """MediaConvert's count of waiting jobs, which may fail."""

    def __init__(self, waiting: int | None) -> None:
        self.waiting = waiting
        self.calls = 0

    async def __call__(self) -> int:
        """Return the count."""
        self.calls += 1
        if self.waiting is None:
            raise TimeoutError
        return self.waiting


@pytest.fixture
def stopped() -> asyncio.Event:
    """The event of a worker that stops, so that no gate waits."""
    stop = asyncio.Event()
    stop.set()
    return stop


def gate(
    count: Callable[[], Any],
    *,
    after: Sequence[Outcome] = (),
    slot: Any = None,  # noqa: ANN401 -- takes the place of a slot
    now_s: float = 0,
) -> SubmissionGate:
    """Return the gate of a submitter with five messages a second, after a batch with these outcomes."""
    held: Any = Slot()
    made = SubmissionGate(
        slot=slot or held,
        rest=Rest(),
        pace=Pace(start_per_s=5),
        hold_back=HoldBack(limit=100),
        calls=StartedCalls(),
        count_waiting=count,
        clock=lambda: now_s,
    )
    made.hold_back.permitted(1, now_s=now_s)
    if after:
        made.record(after)
    return made


async def test_a_worker_without_a_slot_submits_nothing(stopped: asyncio.Event) -> None:
    """It returns as soon as the worker stops."""
    assert await asyncio.wait_for(gate(Count(0), slot=Slot(is_held=False)).open(stopped), 20) == 0


async def test_a_submitter_receives_two_seconds_of_work(stopped: asyncio.Event) -> None:
    """And an idle one doesn't count MediaConvert's jobs."""
    count = Count(5_000)
    assert await gate(count).open(stopped) == 10
    assert count.calls == 0


@pytest.mark.parametrize(("waiting", "permitted"), [(0, 10), (93, 7), (100, 0), (5_000, 0), (None, 10)])
async def test_a_busy_submitter_holds_back_while_mediaconverts_queue_is_long(
    stopped: asyncio.Event, waiting: int | None, permitted: int
) -> None:
    """If the jobs can't be counted, nothing is held back."""
    busy = gate(Count(waiting), after=[Done()])
    assert await busy.open(stopped) == permitted


async def test_the_count_is_used_for_more_than_one_batch(stopped: asyncio.Event) -> None:
    """GetQueue costs a call of MediaConvert's rate."""
    count = Count(0)
    busy = gate(count, after=[Done()])
    for _ in range(5):
        assert await busy.open(stopped) == 10
        busy.record([Done()] * 10)
    assert count.calls == 1


async def test_after_an_outage_a_submitter_tries_one_message(stopped: asyncio.Event) -> None:
    """The rest is over, and one call shows if MediaConvert responds again."""
    trying = gate(Count(0), after=[OUTAGE])
    assert await trying.open(stopped) == 0
    trying.clock = lambda: 10.0
    assert await trying.open(stopped) == 1
    trying.record([Done()])
    assert await trying.open(stopped) == 10


async def test_a_backlog_is_taken_only_while_nothing_fails(stopped: asyncio.Event) -> None:
    """Otherwise thousands of messages would be in flight that can only fail."""
    now_s = 0.0
    backlog = RestGate(rest=Rest(), limit=2_500, clock=lambda: now_s)
    assert await backlog.open(stopped) == 2_500
    backlog.record([OUTAGE])
    assert await backlog.open(stopped) == 0
    now_s = 5.0
    assert await backlog.open(stopped) == 10
    backlog.record([OUTAGE, Done()])
    assert await backlog.open(stopped) == 2_500


async def is_still_waiting(
    made: SubmissionGate, messages: int, handling: "asyncio.Task[None]", *, calls: int = 0
) -> bool:
    """Let the gate wait for the start of the messages' calls; return whether it waits after these calls started."""
    waiting = asyncio.create_task(made.started(messages, handling))
    await asyncio.sleep(0)
    for _ in range(calls):
        made.calls.record()
    for _ in range(5):
        await asyncio.sleep(0)
    is_waiting = not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return is_waiting


@pytest.mark.parametrize(
    ("is_steady", "calls", "is_waiting"), [(True, 2, False), (True, 1, True), (False, 2, True), (False, 1, True)]
)
async def test_the_next_messages_come_when_the_calls_for_the_last_ones_have_started(
    calls: int, *, is_steady: bool, is_waiting: bool
) -> None:
    """Slow calls don't delay the next ones. After a failed call, the submitter waits for the results."""
    made = gate(Count(0))
    handling = asyncio.create_task(asyncio.sleep(60))
    if is_steady:
        made.pace.record_success(now_s=0)
    assert await is_still_waiting(made, 2, handling, calls=calls) is is_waiting
    handling.cancel()
    await asyncio.gather(handling, return_exceptions=True)


async def test_messages_that_need_no_call_keep_no_other_message_waiting() -> None:
    """A malformed message ends without a call, so the gate waits for the end of the batch."""
    made = gate(Count(0))

    async def handle() -> None:
        made.calls.record()

    assert not await is_still_waiting(made, 2, asyncio.create_task(handle()))


async def test_messages_in_hand_take_room_in_mediaconverts_queue(stopped: asyncio.Event) -> None:
    """Several batches are handled at the same time, and their jobs are not created yet."""
    busy = gate(Count(88), after=[Done()])
    handling = asyncio.create_task(asyncio.sleep(0))
    await busy.started(7, handling)
    assert await busy.open(stopped) == 10
    never = asyncio.create_task(asyncio.sleep(60))
    waiting = asyncio.create_task(busy.started(7, never))
    await asyncio.sleep(0)
    assert await busy.open(stopped) == 100 - 88 - 1 - 7 + 1
    for task in (never, waiting):
        task.cancel()
    await asyncio.gather(never, waiting, return_exceptions=True)
