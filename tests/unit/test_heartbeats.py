"""The timer that all streams share: whom it wakes, and when its task runs."""

import asyncio

import pytest

from service.live.heartbeats import MAX_PERIOD_S, Heartbeats


class Stream:
    """A stream that counts how often it was woken."""

    def __init__(self, due_s: float) -> None:
        self.due_s = due_s
        self.woken = 0

    def wake(self) -> None:
        """Count the call."""
        self.woken += 1


@pytest.mark.parametrize(("due_s", "woken"), [(99.0, 1), (100.0, 1), (101.0, 1), (101.1, 0), (115.0, 0)])
async def test_a_stream_is_woken_before_it_is_due(due_s: float, woken: int) -> None:
    """The next call comes a second later, which would be too late."""
    heartbeats, stream = Heartbeats(interval_s=15.0), Stream(due_s)
    heartbeats.add(stream)
    heartbeats.wake_due(100.0)
    heartbeats.remove(stream)
    assert stream.woken == woken


async def test_a_removed_stream_is_left_alone() -> None:
    """Its client has left."""
    heartbeats, gone, other = Heartbeats(interval_s=15.0), Stream(0.0), Stream(0.0)
    heartbeats.add(gone)
    heartbeats.add(other)
    heartbeats.remove(gone)
    heartbeats.wake_due(100.0)
    heartbeats.remove(other)
    assert (gone.woken, other.woken) == (0, 1)


async def test_the_task_runs_only_while_there_are_streams() -> None:
    """One task serves all streams, and the last stream ends it."""
    before = asyncio.all_tasks()
    heartbeats, streams = Heartbeats(interval_s=15.0), [Stream(0.0), Stream(0.0)]
    for stream in streams:
        heartbeats.add(stream)
    (task,) = asyncio.all_tasks() - before
    for stream in streams:
        heartbeats.remove(stream)
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@pytest.mark.parametrize(("interval_s", "period_s"), [(15.0, MAX_PERIOD_S), (0.1, 0.1)])
def test_the_timer_is_as_fine_as_the_interval(interval_s: float, period_s: float) -> None:
    """A silence never lasts longer than the setting."""
    assert Heartbeats(interval_s=interval_s).period_s == period_s
