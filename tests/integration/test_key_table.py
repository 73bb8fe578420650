"""Claims: one object version, one job, whoever dies or doubles on the way."""

import asyncio
from dataclasses import replace

from tests.integration.stores import OUTPUT_TTL_S, Stores
from worker.claim import Claim, Destination

NOW_MS = 1_900_000_000_000
LEASE_MS = 60_000


def wanted(claim_id: str, token: str, *, now_ms: int = NOW_MS) -> Claim:
    """A claim as a worker proposes it; each proposes a key and a path of its own."""
    return Claim(
        claim_id=claim_id,
        destination=Destination(
            input_file="uploads/1/a.mp4", output_path=f"{token}/", key_file="a.key", key_value=token.ljust(32, "0")
        ),
        claimed_ms=now_ms,
        lease_token=token,
        lease_until_ms=now_ms + LEASE_MS,
    )


async def test_of_many_workers_one_holds_the_lease(stores: Stores, job_id: str) -> None:
    """Twenty deliveries at once make one claim, and all see the same key and path."""
    claims = await asyncio.gather(
        *(stores.outputs.claim(wanted(job_id, f"{at:02d}"), now_ms=NOW_MS) for at in range(20))
    )
    assert sum(claim.is_fresh for claim in claims) == 1
    assert len({claim.lease_token for claim in claims}) == 1
    assert len({claim.destination.key_value for claim in claims}) == 1


async def test_a_claim_whose_worker_died_is_taken_up_with_the_same_key(stores: Stores, job_id: str) -> None:
    """A crash between claim and job loses neither the key nor the path."""
    first = await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    later = NOW_MS + LEASE_MS
    claims = await asyncio.gather(
        *(stores.outputs.claim(wanted(job_id, f"b{at}", now_ms=later), now_ms=later) for at in range(10))
    )
    holders = [claim for at, claim in enumerate(claims) if claim.lease_token == f"b{at}"]
    assert len(holders) == 1
    assert not holders[0].is_fresh
    assert holders[0].destination == first.destination


async def test_a_released_lease_can_be_taken_at_once(stores: Stores, job_id: str) -> None:
    """A throttled worker doesn't make the next attempt wait."""
    first = await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.release(first)
    second = await stores.outputs.claim(wanted(job_id, "b"), now_ms=NOW_MS + 1)
    assert (second.lease_token, second.destination) == ("b", first.destination)


async def test_the_first_job_recorded_stands(stores: Stores, job_id: str) -> None:
    """A worker that slept through its lease learns which job it must cancel."""
    claim = await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    assert await stores.outputs.settle(claim, "job-1") == "job-1"
    assert await stores.outputs.settle(claim, "job-1") == "job-1"
    assert await stores.outputs.settle(claim, "job-2") == "job-1"


async def test_a_settled_claim_is_never_taken_up(stores: Stores, job_id: str) -> None:
    """A notification delivered again, hours later, finds the job that there is."""
    claim = await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.settle(claim, "job-1")
    later = NOW_MS + 3_600_000
    again = await stores.outputs.claim(wanted(job_id, "b", now_ms=later), now_ms=later)
    assert (again.job_id, again.lease_token) == ("job-1", "a")


async def test_a_refused_claim_stays_refused(stores: Stores, job_id: str) -> None:
    """A duplicate of an upload that MediaConvert won't take asks it nothing."""
    claim = await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    await stores.outputs.refuse(claim)
    assert (await stores.outputs.claim(wanted(job_id, "b"), now_ms=NOW_MS + LEASE_MS)).refused


async def test_the_key_outlives_the_longest_job(stores: Stores, job_id: str) -> None:
    """The key's row is there for two weeks, whatever the queue's length."""
    destination = wanted(job_id, "a").destination
    now_s = NOW_MS // 1000
    await stores.outputs.put(job_id, destination, now_s=now_s)
    assert await stores.outputs.get(job_id, now_s=now_s + OUTPUT_TTL_S - 1) == destination
    assert await stores.outputs.get(job_id, now_s=now_s + OUTPUT_TTL_S) is None


async def test_an_expired_claim_is_free(stores: Stores, job_id: str) -> None:
    """A row that DynamoDB has not deleted yet counts as gone."""
    await stores.outputs.claim(wanted(job_id, "a"), now_ms=NOW_MS)
    later = NOW_MS + OUTPUT_TTL_S * 1000
    assert (await stores.outputs.claim(wanted(job_id, "b", now_ms=later), now_ms=later)).is_fresh


async def test_no_repr_shows_the_key(stores: Stores, job_id: str) -> None:
    """A claim that gets into a log line or a traceback tells nothing."""
    claim = await stores.outputs.claim(wanted(job_id, "f00d"), now_ms=NOW_MS)
    assert "f00d0000" not in repr(replace(claim))


async def test_of_many_who_want_a_turn_one_gets_it(stores: Stores, job_id: str) -> None:
    """And when it is over, one of them again."""
    first = await asyncio.gather(*(stores.outputs.take_turn(job_id, now_ms=1_000, until_ms=2_000) for _ in range(10)))
    early = await stores.outputs.take_turn(job_id, now_ms=1_999, until_ms=3_000)
    again = await asyncio.gather(*(stores.outputs.take_turn(job_id, now_ms=2_000, until_ms=3_000) for _ in range(10)))
    assert (first.count(True), early, again.count(True)) == (1, False, 1)
