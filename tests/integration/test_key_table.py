"""Claims: one object version gets one job, although workers die and messages are repeated."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from tests.integration.stores import OUTPUT_TTL_S, Stores
from worker.claim import Claim, Destination

NOW_MS = 1_900_000_000_000
LEASE_MS = 60_000


def proposed_claim(claim_id: str, token: str, *, now_ms: int = NOW_MS) -> Claim:
    """Return a claim as a worker proposes it; each proposes its own key and path."""
    return Claim(
        claim_id=claim_id,
        destination=Destination(
            input_file="uploads/1/a.mp4", output_path=f"{token}/", key_file="a.key", key_value=token.ljust(32, "0")
        ),
        claimed_ms=now_ms,
        lease_token=token,
        lease_until_ms=now_ms + LEASE_MS,
    )


async def test_one_of_many_workers_holds_the_lease(stores: Stores, job_id: str) -> None:
    """Twenty concurrent deliveries create one claim, and all see the same key and path."""
    claims = await asyncio.gather(
        *(stores.outputs.claim(proposed_claim(job_id, f"{at:02d}"), now_ms=NOW_MS) for at in range(20))
    )
    assert sum(claim.is_new for claim in claims) == 1
    assert len({claim.lease_token for claim in claims}) == 1
    assert len({claim.destination.key_value for claim in claims}) == 1


async def test_the_claim_of_a_dead_worker_is_resumed_with_the_same_key(stores: Stores, job_id: str) -> None:
    """A crash between claim and job loses neither the key nor the path."""
    first = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    later = NOW_MS + LEASE_MS
    claims = await asyncio.gather(
        *(stores.outputs.claim(proposed_claim(job_id, f"b{at}", now_ms=later), now_ms=later) for at in range(10))
    )
    holders = [claim for at, claim in enumerate(claims) if claim.lease_token == f"b{at}"]
    assert len(holders) == 1
    assert not holders[0].is_new
    assert holders[0].destination == first.destination


async def test_a_released_lease_can_be_taken_at_once(stores: Stores, job_id: str) -> None:
    """After throttling, the next attempt doesn't have to wait."""
    first = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.release(first)
    second = await stores.outputs.claim(proposed_claim(job_id, "b"), now_ms=NOW_MS + 1)
    assert (second.lease_token, second.destination) == ("b", first.destination)


async def test_the_first_job_recorded_stands(stores: Stores, job_id: str) -> None:
    """A worker whose lease has expired learns which job it must cancel."""
    claim = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    assert await stores.outputs.record_job(claim, "job-1") == "job-1"
    assert await stores.outputs.record_job(claim, "job-1") == "job-1"
    assert await stores.outputs.record_job(claim, "job-2") == "job-1"


async def test_a_claim_with_a_job_is_never_resumed(stores: Stores, job_id: str) -> None:
    """A repeated notification, hours later, finds the existing job."""
    claim = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.record_job(claim, "job-1")
    later = NOW_MS + 3_600_000
    again = await stores.outputs.claim(proposed_claim(job_id, "b", now_ms=later), now_ms=later)
    assert (again.job_id, again.lease_token) == ("job-1", "a")


async def test_a_refused_claim_stays_refused(stores: Stores, job_id: str) -> None:
    """A duplicate of a refused upload makes no request to MediaConvert."""
    claim = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.refuse(claim)
    assert (await stores.outputs.claim(proposed_claim(job_id, "b"), now_ms=NOW_MS + LEASE_MS)).refused


async def test_the_key_outlives_the_longest_job(stores: Stores, job_id: str) -> None:
    """The key's row exists for two weeks, however long the queue is."""
    destination = proposed_claim(job_id, "a").destination
    now_s = NOW_MS // 1000
    await stores.outputs.put(job_id, destination, now_s=now_s)
    assert await stores.outputs.get(job_id, now_s=now_s + OUTPUT_TTL_S - 1) == destination
    assert await stores.outputs.get(job_id, now_s=now_s + OUTPUT_TTL_S) is None


async def test_an_expired_claim_is_free(stores: Stores, job_id: str) -> None:
    """A row that has expired counts as missing, even if DynamoDB has not deleted it yet."""
    await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    later = NOW_MS + OUTPUT_TTL_S * 1000
    assert (await stores.outputs.claim(proposed_claim(job_id, "b", now_ms=later), now_ms=later)).is_new


async def test_no_repr_shows_the_key(stores: Stores, job_id: str) -> None:
    """A claim in a log line or a traceback doesn't reveal the key."""
    claim = await stores.outputs.claim(proposed_claim(job_id, "f00d"), now_ms=NOW_MS)
    assert "f00d0000" not in repr(replace(claim))


async def test_one_of_many_workers_gets_the_lease(stores: Stores, job_id: str) -> None:
    """When it is over, one of them gets the next one."""
    acquire = partial(stores.outputs.acquire_lease, job_id)
    first = await asyncio.gather(*(acquire(now_ms=1_000, until_ms=2_000) for _ in range(10)))
    early = await acquire(now_ms=1_999, until_ms=3_000)
    again = await asyncio.gather(*(acquire(now_ms=2_000, until_ms=3_000) for _ in range(10)))
    assert (first.count(True), early, again.count(True)) == (1, False, 1)


async def test_a_claim_that_dynamodb_deleted_is_written_whole(stores: Stores, job_id: str) -> None:
    """A row with the job's id alone would never expire, and no worker could read it."""
    claims = [proposed_claim(f"{job_id}-{name}", "a") for name in ("job", "refused")]
    await stores.outputs.record_job(claims[0], "1-job")
    await stores.outputs.refuse(claims[1])
    client: Any = stores.outputs._client  # noqa: SLF001 -- to read the rows as they are
    for claim in claims:
        key = {"JobId": {"S": f"claim:{claim.claim_id}"}}
        row = (await client.get_item(TableName=stores.outputs.table, Key=key))["Item"]
        assert int(row["ExpirationTime"]["N"]) == NOW_MS // 1000 + OUTPUT_TTL_S
        stored = await stores.outputs.get_claim(claim.claim_id)
        assert stored is not None
        assert stored.is_finished
        assert stored.destination == claim.destination


async def test_a_claim_with_a_job_can_not_be_refused(stores: Stores, job_id: str) -> None:
    """The job runs, whatever a worker with an old lease decides."""
    claim = await stores.outputs.claim(proposed_claim(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.record_job(claim, "1-job")
    assert not await stores.outputs.refuse(claim)
    stored = await stores.outputs.get_claim(job_id)
    assert stored is not None
    assert not stored.refused


async def test_only_a_claim_that_surely_has_no_job_is_refused_without_its_lease(stores: Stores, job_id: str) -> None:
    """Not during a lease, not after one whose CreateJob may have succeeded, and not with a job; twice is safe."""
    table = stores.outputs
    waiting = replace(proposed_claim(job_id, "a"), is_jobless=True, lease_until_ms=0)
    await table.open_claim(waiting)
    leased = await table.claim(proposed_claim(job_id, "b"), now_ms=NOW_MS)
    assert not await table.refuse_jobless(job_id, now_ms=NOW_MS)
    assert not await table.refuse_jobless(job_id, now_ms=NOW_MS + 2 * LEASE_MS)
    await table.release(leased, is_jobless=True)
    assert await table.refuse_jobless(job_id, now_ms=NOW_MS)
    assert await table.refuse_jobless(job_id, now_ms=NOW_MS)
    assert not await table.refuse_jobless(f"{job_id}-unknown", now_ms=NOW_MS)
