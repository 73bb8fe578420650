"""Long polls on Lambda: each function learns from the status table how many the others hold."""

import secrets
import time

import pytest

from local.provision import Stack
from service.live.limits import POLL_PERIOD_S
from service.live.poll_ledger import PollLedger
from tests.integration.live_jobs import apply_progress, long_poll
from tests.integration.process_settings import service_settings
from tests.integration.serving import running
from tests.integration.stores import Stores

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def now_s() -> float:
    """The middle of a period of the next hours, so that the job's row has not expired."""
    return (int(time.time() // POLL_PERIOD_S) + 1 + secrets.randbelow(2_000)) * POLL_PERIOD_S + 10.0


async def test_functions_share_the_room_for_long_polls(stack: Stack, module_stores: Stores, now_s: float) -> None:
    """The waits become shorter with each poll of another function, and end when there is no room."""
    client = module_stores.statuses.client
    functions = [PollLedger(client, stack.status_table, concurrency=4) for _ in range(2)]
    waits = [await functions[at % 2].wait_s(20, now_s=now_s) for at in range(6)]
    assert waits[:2] == [20, 20]  # a new function knows nothing of the others
    assert 0 < waits[2] < 20
    assert waits[4:] == [0, 0]


async def test_a_table_that_does_not_respond_delays_no_poll(module_stores: Stores, now_s: float) -> None:
    """The function waits as long as what it knows allows."""
    ledger = PollLedger(module_stores.statuses.client, "no-such-table", concurrency=4)
    assert await ledger.wait_s(20, now_s=now_s) == 20


async def test_a_long_poll_without_room_responds_at_once(
    stack: Stack, module_stores: Stores, job_id: str, now_s: float
) -> None:
    """304, so that the client polls again later; without the setting the poll would wait."""
    await apply_progress(module_stores, job_id, 10)
    settings = service_settings(stack).model_copy(update={"function_concurrency": 1})
    async with running(settings, clock=lambda: now_s) as service, service.client() as client:
        client.timeout = 10.0  # shorter than the wait
        ledger = service.resources.poll_ledger
        assert ledger is not None
        await ledger.wait_s(20, now_s=now_s)
        assert (await long_poll(client, job_id)).status_code == 304
