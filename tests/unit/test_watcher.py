"""A watcher's wait: what ends it, and which states it then has."""

import asyncio

from service.live.watcher import Snapshot, Watcher
from service.views.followed import Followed, JobKey
from transcode.job import Job, Status

KEY = JobKey("1763798400123-a1b2c3")


def _snapshot(percent: int, status: Status = Status.PROGRESSING) -> Snapshot:
    followed = Followed(job=Job(job_id=KEY.job_id, status=status, progress_percent=percent))
    return Snapshot(key=KEY, followed=followed, event=b"", tag=str(percent), read_s=0.0)


async def test_a_waiting_task_gets_the_newest_state() -> None:
    """Older states that were not sent are dropped."""
    watcher = Watcher([KEY])
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    watcher.notify(_snapshot(10))
    watcher.notify(_snapshot(20))
    assert await waiting
    assert watcher.take_pending() == [_snapshot(20)]
    assert watcher.take_pending() == []


async def test_a_state_before_the_wait_is_not_lost() -> None:
    """The client was slow when it came."""
    watcher = Watcher([KEY])
    watcher.notify(_snapshot(10))
    assert await watcher.wait()


async def test_only_a_wake_ends_a_wait_without_a_change() -> None:
    """A wake before the wait has no effect."""
    watcher = Watcher([KEY])
    watcher.wake()
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    watcher.wake()
    watcher.wake()
    assert not await waiting


async def test_an_ended_watcher_waits_no_more() -> None:
    """The service stops, or the client has left."""
    watcher = Watcher([KEY])
    watcher.end()
    assert await watcher.wait()
    assert watcher.is_over


async def test_a_watcher_is_over_once_the_last_final_state_was_taken() -> None:
    """Before that, it still has to be sent."""
    watcher = Watcher([KEY])
    watcher.notify(_snapshot(100, Status.COMPLETE))
    assert not watcher.is_over
    watcher.take_pending()
    assert watcher.is_over


async def test_a_cancelled_wait_can_be_repeated() -> None:
    """A long poll's time is over, and its watcher stays usable."""
    watcher = Watcher([KEY])
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    watcher.notify(_snapshot(10))
    assert await watcher.wait()
