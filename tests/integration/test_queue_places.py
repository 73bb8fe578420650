"""A waiting file's place: the worker measures real queues, and the API shows the place, or null if it is unknown."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from service.live.queue_figures_cache import QueueFiguresCache
from tests.integration.process_settings import service_settings, worker_settings
from tests.integration.queue_messages import object_created
from tests.integration.service_app import serve
from tests.integration.stores import Stores, open_stores
from transcode.aws import Aws
from transcode.job import Canceled, Job
from transcode.queue_figures import STALE_S, Measurement, QueueFigures, Sample
from transcode.queue_table import FIGURES_KEY, QueueTable
from worker.assembly import open_handler, open_queue_meter
from worker.deliveries import DeliveryHandler
from worker.queue_meter import INTERVAL_S, OccasionalMeter, QueueMeter
from worker.waiting_messages import COUNTS

NOW_S = 1_900_000_000
TTL_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A deployment of a test's own, in which MediaConvert starts no job."""

    stack: Stack
    stores: Stores
    handler: DeliveryHandler
    meter: QueueMeter
    table: QueueTable

    async def measured(self) -> Sample:
        """Measure, and return the newest sample."""
        await self.meter.measure()
        return (await self.table.figures(now_s=int(time.time()), is_consistent=True)).samples[-1]


@pytest.fixture
async def waiting(
    deploy_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch, shared_aws: Aws, worker_aws: Aws
) -> AsyncIterator[Waiting]:
    """A deployment of the test's own."""
    monkeypatch.setattr(Scheduler, "start", lambda _: None)
    stack = deploy_stack()
    emulator = EmulatorSettings(
        port=0, aws_endpoint_url=stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(emulator) as url:
        settings = worker_settings(stack, url)
        handler = await open_handler(worker_aws, settings)
        stores = await open_stores(stack, shared_aws=shared_aws, worker_aws=worker_aws)
        yield Waiting(
            stack=stack,
            stores=stores,
            handler=handler,
            meter=await open_queue_meter(worker_aws, settings, handler),
            table=QueueTable(stores.statuses.client, stack.status_table, ttl_s=TTL_S),
        )


def figures_of(*counts: tuple[int, int, int], from_s: int = NOW_S) -> QueueFigures:
    """Return the figures after measurements of created jobs, waiting messages and submitted jobs."""
    figures = QueueFigures()
    for number, (created, messages, submitted) in enumerate(counts):
        time_s = from_s + number * INTERVAL_S
        measured = Measurement(time_s=time_s, created=created, waiting=messages, submitted=submitted)
        figures = figures.with_measurement(measured)
    return figures


async def test_figures_are_read_as_they_were_stored_until_they_expire(waiting: Waiting) -> None:
    """Also by a reader that comes before DynamoDB has deleted the expired row."""
    figures = figures_of((0, 0, 0), (5, 3, 4))
    await waiting.table.store(figures)
    expires_s = figures.samples[-1].time_s + TTL_S
    assert await waiting.table.figures(now_s=expires_s - 1) == figures
    assert await waiting.table.figures(now_s=expires_s) == QueueFigures()


async def test_an_older_sample_does_not_replace_a_newer_one(waiting: Waiting) -> None:
    """A worker that was slow to write lost its turn meanwhile."""
    older = figures_of((0, 0, 0))
    newer = older.with_measurement(Measurement(time_s=NOW_S + 30, created=0, waiting=1, submitted=0))
    await waiting.table.store(newer)
    await waiting.table.store(older)
    assert await waiting.table.figures(now_s=NOW_S) == newer


async def test_the_worker_counts_messages_created_jobs_and_jobs_in_mediaconvert(
    waiting: Waiting, aws: Aws, input_file: str
) -> None:
    """Messages that are visible, delayed or in flight; each job once, however often its message is delivered."""
    first = await waiting.measured()
    sqs = await aws.sqs()
    for delay_s in (0, 0, 900):
        await sqs.send_message(QueueUrl=waiting.stack.uploads_queue_url, MessageBody="{}", DelaySeconds=delay_s)
    await sqs.receive_message(QueueUrl=waiting.stack.uploads_queue_url, MaxNumberOfMessages=1, WaitTimeSeconds=1)
    for number in range(2):
        message = object_created(waiting.stack, f"{input_file}-{number}.mp4")
        await waiting.handler.handle([message])
        await waiting.handler.handle([replace(message, message_id="again")])
    later = replace(waiting.meter, clock=lambda: time.time() + INTERVAL_S)
    await later.measure()
    second = (await waiting.table.figures(now_s=int(time.time()), is_consistent=True)).samples[-1]
    assert (first.created, first.arrived, first.left) == (0, 0, 0)
    assert (second.created, second.entered, second.left) == (2, 2, 0)
    assert second.arrived - second.entered == 3


async def test_a_number_that_sqs_does_not_return_is_unknown_and_not_zero(waiting: Waiting) -> None:
    """The last sample grows stale, so that files show no place rather than a wrong one."""
    sqs: Any = waiting.meter.messages._client  # noqa: SLF001 -- to respond in AWS's place
    numbers = dict.fromkeys(COUNTS[1:], "0")

    def incomplete(**_: object) -> Any:  # noqa: ANN401 -- botocore's response
        response = SimpleNamespace(status_code=200)
        return response, {"Attributes": numbers, "ResponseMetadata": {"HTTPStatusCode": 200}}

    sqs.meta.events.register("before-call.sqs.GetQueueAttributes", incomplete)
    with capture_logs() as lines:
        await waiting.meter.measure()
    assert [line["event"] for line in lines] == ["queue.unmeasured"]
    assert await waiting.table.figures(now_s=int(time.time()), is_consistent=True) == QueueFigures()


async def test_a_job_is_created_although_it_can_not_be_counted(waiting: Waiting, input_file: str) -> None:
    """The rows of the job are written, and the log has the reason."""
    unreachable = QueueTable(waiting.stores.statuses.client, waiting.stack.status_table + "-gone", ttl_s=TTL_S)
    object.__setattr__(waiting.handler.submitter, "queue_table", unreachable)
    with capture_logs() as lines:
        await waiting.handler.handle([object_created(waiting.stack, input_file)])
    lookup = await waiting.stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    assert "queue.uncounted" in [line["event"] for line in lines]


async def test_one_worker_in_turn_measures(waiting: Waiting) -> None:
    """The others try again when the turn is over."""
    turns = waiting.meter.turns
    taken = [await turns.take(now_s=NOW_S + seconds) for seconds in (0, 0, INTERVAL_S - 1, INTERVAL_S)]
    assert taken == [True, False, False, True]


async def test_a_function_measures_after_an_invocation_once_in_an_interval(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock decides, after the first invocation; a failure is logged, and the invocation succeeds."""
    measured: list[float] = []
    monotonic_s = [0.0]

    async def measure(self: QueueMeter) -> None:
        measured.append(self.clock())
        if len(measured) > 1:
            raise TimeoutError

    monkeypatch.setattr(QueueMeter, "measure", measure)
    now_s = [float(NOW_S)]
    meter = OccasionalMeter(replace(waiting.meter, clock=lambda: now_s[0]), clock=lambda: monotonic_s[0])
    with capture_logs() as lines:
        for seconds in (0, 0, 1, INTERVAL_S):
            monotonic_s[0], now_s[0] = float(seconds), float(NOW_S + seconds)
            await meter.measure_if_due()
    assert measured == [NOW_S, NOW_S + INTERVAL_S]
    assert [(line["event"], line["reason"]) for line in lines] == [("queue.unmeasured", "TimeoutError")]


async def test_a_measurement_without_mediaconvert_leaves_the_samples(waiting: Waiting) -> None:
    """They grow stale, and the places are unknown."""
    await waiting.table.store(figures_of((0, 0, 0)))
    waiting.handler.submitter.mediaconvert._client.meta.events.register(  # noqa: SLF001 -- the client's own events
        "before-call", lambda **_: (_ for _ in ()).throw(ConnectionError())
    )
    with pytest.raises(ConnectionError):
        await waiting.meter.measure()
    assert await waiting.table.figures(now_s=NOW_S) == figures_of((0, 0, 0))


@pytest.fixture
async def api(waiting: Waiting) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the deployment's API."""
    settings = service_settings(waiting.stack).model_copy(update={"fresh_s": 0.0})  # each request is a read
    async for client in serve(settings):
        yield client


async def shown(api: httpx.AsyncClient, **params: str) -> tuple[str, object]:
    """Return the status and the place of the file or job."""
    path, query = ("/jobs", params) if "input_file" in params else (f"/jobs/{params['job_id']}", {})
    job = (await api.get(path, params=query)).json()
    return job["status"], job["queue"]


async def test_the_api_shows_the_place_of_a_queued_file_and_then_of_its_job(
    waiting: Waiting, api: httpx.AsyncClient, input_file: str, job_id: str
) -> None:
    """The same for both, and null once the job is over."""
    from_s = int(time.time()) - 3 * INTERVAL_S
    await waiting.table.store(figures_of((0, 0, 0), (0, 40, 0), (10, 30, 0), (40, 0, 20), from_s=from_s))
    queued_s = from_s + INTERVAL_S
    await waiting.stores.lookups.queue(input_file, claimed_ms=queued_s * 1000, now_s=queued_s)
    place = {"ahead": 19, "eta_s": 60}
    assert await shown(api, input_file=input_file) == ("QUEUED", place)
    job = Job(job_id=job_id, input_file=input_file)
    await waiting.stores.statuses.submit(job, now_s=from_s + 3 * INTERVAL_S)
    await waiting.stores.lookups.link(input_file, job_id, claimed_ms=queued_s * 1000, now_s=int(time.time()))
    assert await shown(api, input_file=input_file) == ("SUBMITTED", place)
    assert await shown(api, job_id=job_id) == ("SUBMITTED", place)
    await waiting.stores.statuses.advance(Canceled(job_id=job_id, time_ms=1), now_s=int(time.time()))
    assert await shown(api, job_id=job_id) == ("CANCELED", None)


@pytest.mark.parametrize("counts", [[], [(0, 0, 0), (0, 40, 0)]], ids=["no figures", "stale figures"])
async def test_the_place_is_null_without_fresh_figures(
    waiting: Waiting, api: httpx.AsyncClient, input_file: str, counts: list[tuple[int, int, int]]
) -> None:
    """The status is shown all the same."""
    from_s = int(time.time()) - STALE_S - 2 * INTERVAL_S
    if counts:
        await waiting.table.store(figures_of(*counts, from_s=from_s))
    queued_s = from_s + INTERVAL_S
    await waiting.stores.lookups.queue(input_file, claimed_ms=queued_s * 1000, now_s=queued_s)
    assert await shown(api, input_file=input_file) == ("QUEUED", None)


async def test_the_figures_are_read_once_for_many_files(waiting: Waiting) -> None:
    """And not again for some seconds; a read that fails is logged, and leaves the last ones."""
    reads: list[str] = []

    def note(params: dict[str, dict[str, dict[str, str]]], **_: object) -> None:
        reads.append(params["Key"]["JobId"]["S"])
        if len(reads) > 1:
            raise ConnectionError

    await waiting.table.store(figures_of((0, 0, 0)))
    waiting.stores.statuses.client.meta.events.register("provide-client-params.dynamodb.GetItem", note)
    cached = QueueFiguresCache(waiting.table)
    found = [await cached.current(now_s=NOW_S) for _ in range(20)]
    stale = QueueFiguresCache(waiting.table, fresh_s=0)
    with capture_logs() as lines:
        assert await stale.current(now_s=NOW_S) == QueueFigures()
    assert found == [figures_of((0, 0, 0))] * 20
    assert reads == [FIGURES_KEY] * 2
    assert [line["event"] for line in lines] == ["queue.unread"]
