"""A pass through the index of open jobs: what it repairs, what it asks AWS for, and when it stops."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from deploy.cost import aws_call_counts as counts_of_calls
from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.declared_permissions import OPERATOR, WORKER
from transcode.aws import Aws, open_aws
from transcode.job import Canceled, Progressed, Status
from transcode.outbox import open_shard
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.reconcile.assembly import open_list_pass, open_pass
from worker.reconcile.exclusive import LEASE_NAME, run_exclusively
from worker.reconcile.open_pass import NoJobCheckedError, OpenPass
from worker.reconcile.overdue import MAX_WAITING_S
from worker.settings import WorkerSettings

from .aws_call_recorder import AwsCallRecorder
from .process_settings import worker_settings
from .queue_messages import object_created

LATER_S = 600
"""Seconds after the jobs' creation at which the tests' passes run."""


@dataclass(frozen=True, kw_only=True)
class Reconciling:
    """A worker's parts on a stack of the test's own, and the calls that they have made.

    `aws` opens clients for the test's own requests, `worker_aws` and `operator_aws` those of the processes.
    """

    stack: Stack
    aws: Aws
    worker_aws: Aws
    operator_aws: Aws
    settings: WorkerSettings
    handler: DeliveryHandler
    one_pass: OpenPass
    calls: "Counter[str]"
    sleeps: list[float]

    async def submitted(self, input_file: str) -> str:
        """Create a job whose input is no video, and return its id. No worker takes its events."""
        await (await self.aws.s3()).put_object(Bucket=self.stack.input_bucket, Key=input_file, Body=b"no video")
        await self.handler.handle([object_created(self.stack, input_file)])
        lookup = await self.handler.submitter.lookups.get(input_file, now_s=int(time.time()), consistent=True)
        assert lookup is not None
        assert lookup.job_id is not None
        return lookup.job_id

    async def ended(self, input_file: str) -> str:
        """Create a job, wait for its end in MediaConvert, and return its id."""
        job_id = await self.submitted(input_file)
        async with asyncio.timeout(30):
            while True:
                job = await self.one_pass.jobs.get(job_id)
                if job is not None and job.is_final:
                    return job_id
                await asyncio.sleep(0.05)

    async def status(self, job_id: str) -> Status:
        """Return the status in the job's row."""
        job = await self.handler.submitter.statuses.get(job_id, now_s=int(time.time()), consistent=True)
        assert job is not None
        return job.status

    async def open_rows(self, count: int, *, like: str, news_s: int) -> None:
        """Write the rows of so many jobs: each a copy of another job's row, with news at that time."""
        client, table = await self.aws.dynamodb(), self.stack.status_table
        row = (await client.get_item(TableName=table, Key={"JobId": {"S": like}}))["Item"]
        rows: list[Any] = []
        for number in range(count):
            job_id = f"{like}-{number}"
            keys = {"JobId": {"S": job_id}, "OpenShard": {"N": str(open_shard(job_id))}}
            rows.append({**row, **keys, "UpdatedTime": {"N": str(news_s)}, "JobStatus": {"S": "PROGRESSING"}})
        for first in range(0, count, 25):
            puts: Any = [{"PutRequest": {"Item": each}} for each in rows[first : first + 25]]
            await client.batch_write_item(RequestItems={table: puts})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """Return the count of each operation of AWS that any client calls from now on."""
    counted: Counter[str] = Counter()
    opening = Aws._open  # noqa: SLF001 -- the only place that opens clients

    async def opened(self: Aws, service: str, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 -- passed on
        client: Any = await opening(self, service, *arguments, **options)
        client.meta.events.register("before-call.*.*", lambda model, **_: counted.update([f"{service}:{model.name}"]))
        return client

    monkeypatch.setattr(Aws, "_open", opened)
    return counted


@asynccontextmanager
async def reconciling_on(
    stack: Stack, endpoint_url: str, calls: "Counter[str]", recorder: AwsCallRecorder
) -> AsyncIterator[Reconciling]:
    """Yield a worker's parts, with a pass that runs ten minutes later and doesn't sleep."""
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)

    settings = worker_settings(stack, endpoint_url)
    opened = partial(recorder.open_aws, region="us-east-1", endpoint_url=stack.endpoint_url)
    async with (
        open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as aws,
        opened(WORKER) as worker_aws,
        opened(OPERATOR) as operator_aws,
    ):
        handler = await open_handler(worker_aws, settings)
        one_pass = await open_pass(worker_aws, settings, handler, quiet_s=0)
        one_pass = replace(one_pass, clock=lambda: time.time() + LATER_S, sleep=sleep)
        yield Reconciling(
            stack=stack,
            aws=aws,
            worker_aws=worker_aws,
            operator_aws=operator_aws,
            settings=settings,
            handler=handler,
            one_pass=one_pass,
            calls=calls,
            sleeps=sleeps,
        )


@pytest.fixture
async def reconciling(
    deploy_stack: Callable[..., Stack], mediaconvert_endpoint: str, calls: "Counter[str]", aws_calls: AwsCallRecorder
) -> AsyncIterator[Reconciling]:
    """Yield a worker's parts on a stack without other jobs."""
    async with reconciling_on(deploy_stack(), mediaconvert_endpoint, calls, aws_calls) as opened:
        yield opened


@pytest.fixture
async def with_long_queue(
    deploy_stack: Callable[..., Stack],
    calls: "Counter[str]",
    aws_calls: AwsCallRecorder,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Reconciling]:
    """Yield a worker's parts with a MediaConvert whose jobs wait and never start."""
    monkeypatch.setattr(Scheduler, "start", lambda _: None)
    stack = deploy_stack()
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as url:
        async with reconciling_on(stack, url, calls, aws_calls) as opened:
            yield opened


async def test_a_job_whose_final_event_was_lost_is_repaired_without_listing(
    reconciling: Reconciling, input_file: str
) -> None:
    """One Query for each shard, one BatchGetItem and one GetJob find it; nothing else is asked of MediaConvert."""
    job_id = await reconciling.ended(input_file)
    reconciling.calls.clear()
    counts = await reconciling.one_pass.run()
    assert (counts.open, counts.overdue, counts.checked, counts.ended) == (1, 1, 1, 1)
    assert await reconciling.status(job_id) is Status.ERROR
    asked = {name: count for name, count in reconciling.calls.items() if name.startswith("mediaconvert:")}
    assert asked == {"mediaconvert:GetJob": 1}
    assert (await reconciling.one_pass.run()).open == 0


async def test_a_pass_costs_what_is_open_and_calls_mediaconvert_for_the_overdue_jobs_only(
    reconciling: Reconciling, input_file: str
) -> None:
    """A thousand open jobs, three overdue: 16 queries, 10 batch reads, 3 GetJob, and 2 reads for each of the 3."""
    overdue = [await reconciling.ended(f"{input_file}-{number}") for number in range(3)]
    await reconciling.open_rows(997, like=overdue[0], news_s=int(time.time()) + LATER_S - 60)
    reconciling.calls.clear()
    counts = await reconciling.one_pass.run()
    assert (counts.open, counts.overdue, counts.ended, counts.postponed) == (1_000, 3, 3, 0)
    assert reconciling.calls == {
        "dynamodb:Query": counts_of_calls.PASS_QUERIES,
        "dynamodb:BatchGetItem": 10,
        "mediaconvert:GetJob": 3,
        "dynamodb:GetItem": 3 * 3,  # the end, its stage in the list, and the time of the check
        "dynamodb:UpdateItem": 3
        * 3,  # the end, its stage in the list, and the time of the check, which finds the job ended
    }


async def test_calls_to_mediaconvert_are_spread_by_the_rate(reconciling: Reconciling, input_file: str) -> None:
    """At half a call a second, two seconds lie between two calls."""
    for number in range(3):
        await reconciling.ended(f"{input_file}-{number}")
    await replace(reconciling.one_pass, calls_per_s=0.5).run()
    assert reconciling.sleeps == [2, 2]


async def test_a_pass_ends_at_its_limit_and_the_next_one_goes_on(reconciling: Reconciling, input_file: str) -> None:
    """The jobs that it didn't reach are counted, and are the first of the next pass."""
    jobs = [await reconciling.ended(f"{input_file}-{number}") for number in range(3)]
    stuck = replace(reconciling.one_pass, limit_s=5, sleep=lambda _: asyncio.sleep(60))
    counts = await stuck.run()
    assert (counts.overdue, counts.ended, counts.postponed) == (3, 1, 2)
    assert (await reconciling.one_pass.run()).ended == 2
    assert {await reconciling.status(job_id) for job_id in jobs} == {Status.ERROR}


async def test_a_pass_reads_no_more_jobs_than_it_can_check(reconciling: Reconciling, input_file: str) -> None:
    """After an outage of hours, reading millions of rows would leave no time for repairs."""
    like = await reconciling.ended(input_file)
    await reconciling.open_rows(250, like=like, news_s=int(time.time()))
    reconciling.calls.clear()
    counts = await replace(reconciling.one_pass, calls_per_s=1, limit_s=60).run()
    assert (counts.open, counts.overdue, reconciling.calls["dynamodb:BatchGetItem"]) == (100, 100, 1)


async def test_a_pass_without_an_answer_from_mediaconvert_fails_after_three_calls(
    reconciling: Reconciling, input_file: str, free_port: Callable[[], int]
) -> None:
    """So the alarm on missing passes begins, CreateJob keeps its rate, and no job counts as stuck for it."""
    job_id = await reconciling.ended(input_file)
    await reconciling.open_rows(9, like=job_id, news_s=int(time.time()))
    nowhere = reconciling.settings.model_copy(update={"mediaconvert_endpoint_url": f"http://127.0.0.1:{free_port()}"})
    unreachable = await open_pass(reconciling.worker_aws, nowhere, reconciling.handler, quiet_s=0)
    running = asyncio.all_tasks()

    async def until_checked(_: float) -> None:
        await asyncio.wait(asyncio.all_tasks() - running)

    reconciling.calls.clear()
    with pytest.raises(NoJobCheckedError):
        await replace(unreachable, clock=reconciling.one_pass.clock, sleep=until_checked).run()
    assert reconciling.calls["mediaconvert:GetJob"] == 3
    assert await reconciling.status(job_id) is Status.SUBMITTED


async def test_a_job_that_mediaconvert_does_not_have_is_reported(reconciling: Reconciling, job_id: str) -> None:
    """It counts as unmended, and its row stays as it is."""
    await reconciling.handler.submitter.statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=int(time.time()))
    counts = await reconciling.one_pass.run()
    assert (counts.checked, counts.unmended, counts.as_mapping()["stuck"]) == (1, 1, 1)
    assert await reconciling.status(job_id) is Status.PROGRESSING


async def test_a_running_job_is_asked_about_once_and_then_left_alone(reconciling: Reconciling, job_id: str) -> None:
    """The row records the check, so that the next pass knows of it."""
    await reconciling.handler.submitter.statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=int(time.time()))
    assert (await reconciling.one_pass.run()).checked == 1
    assert (await reconciling.one_pass.run()).checked == 0


async def test_a_final_row_in_the_index_is_removed_without_a_call(reconciling: Reconciling, job_id: str) -> None:
    """An earlier version of the worker ends a job and leaves its row in the index."""
    statuses, now_s = reconciling.handler.submitter.statuses, int(time.time())
    await statuses.advance(Canceled(job_id=job_id, time_ms=1), now_s=now_s)
    await (await reconciling.aws.dynamodb()).update_item(
        TableName=reconciling.stack.status_table,
        Key={"JobId": {"S": job_id}},
        UpdateExpression="SET OpenShard = :shard",
        ExpressionAttributeValues={":shard": {"N": "3"}},
    )
    reconciling.calls.clear()
    counts = await reconciling.one_pass.run()
    assert (counts.open, counts.overdue, reconciling.calls["mediaconvert:GetJob"]) == (0, 0, 0)
    assert not [batch async for batch in reconciling.one_pass.open_jobs.opened_before(now_s)]


async def test_a_listing_puts_open_rows_into_the_index(with_long_queue: Reconciling, input_file: str) -> None:
    """After the update to the first version with the index, an operator runs it once."""
    job_id = await with_long_queue.submitted(input_file)
    await (await with_long_queue.aws.dynamodb()).update_item(
        TableName=with_long_queue.stack.status_table,
        Key={"JobId": {"S": job_id}},
        UpdateExpression="REMOVE OpenShard",
    )
    assert (await with_long_queue.one_pass.run()).open == 0
    listing = await open_list_pass(
        with_long_queue.operator_aws, with_long_queue.settings, with_long_queue.handler, quiet_s=0
    )
    assert (await listing.run(lookback_s=600)).checked == 1
    assert (await with_long_queue.one_pass.run()).open == 1


async def test_a_waiting_job_that_was_canceled_elsewhere_is_ended(
    with_long_queue: Reconciling, input_file: str
) -> None:
    """MediaConvert sends no event for a job that is canceled before it starts."""
    job_id = await with_long_queue.submitted(input_file)
    assert (await with_long_queue.one_pass.run()).ended == 0
    await with_long_queue.handler.submitter.mediaconvert.cancel(job_id)
    half_an_hour_later = replace(with_long_queue.one_pass, clock=lambda: time.time() + LATER_S + MAX_WAITING_S)
    assert (await half_an_hour_later.run()).ended == 1
    assert await with_long_queue.status(job_id) is Status.CANCELED


async def test_two_passes_never_overlap(reconciling: Reconciling) -> None:
    """The second one does nothing; the lease ends with the pass, or after its time if the process died."""
    key_table, now_ms = reconciling.handler.submitter.key_table, int(time.time() * 1000)

    async def run(at_s: float) -> bool:
        counts = await run_exclusively(reconciling.one_pass, key_table, lease_s=60, clock=lambda: now_ms / 1000 + at_s)
        return counts is not None

    assert await key_table.acquire_lease(LEASE_NAME, now_ms=now_ms, until_ms=now_ms + 60_000)
    assert [await run(0), await run(59), await run(60), await run(61)] == [False, False, True, True]


async def test_a_lease_that_another_pass_holds_by_now_is_not_released(reconciling: Reconciling) -> None:
    """A process that was paused for longer than its lease must not end the next one's."""
    key_table = reconciling.handler.submitter.key_table
    assert await key_table.acquire_lease("test", now_ms=0, until_ms=10)
    assert await key_table.acquire_lease("test", now_ms=10, until_ms=20)
    await key_table.release_lease("test", until_ms=10)
    assert not await key_table.acquire_lease("test", now_ms=15, until_ms=30)
    await key_table.release_lease("test", until_ms=20)
    assert await key_table.acquire_lease("test", now_ms=15, until_ms=30)
