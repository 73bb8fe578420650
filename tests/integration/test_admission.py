"""The probe, the clip and the budgets of an upload: the worker's handler with the MediaConvert emulator."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from local.demo_clip import make_clip
from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.errors import (
    ForbiddenException,
    InternalServerErrorException,
    TooManyRequestsException,
)
from mediaconvert_emulator.probe_operation import ProbeOperation
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.integration.admission_scene import DEADLINE_S, Scene, counter_of, handle, requested
from tests.integration.process_settings import service_settings
from tests.integration.service_app import serve
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.job import Status
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Retry
from worker.submission.mediaconvert import MediaConvertJobs

CLIP_S = 2
SD_MINUTES = 0.5
"""Billable minutes of a job of the project's template for the short clip: three renditions of ten seconds in SD."""
COUNTED_MINUTES = SD_MINUTES + 1
"""The minutes that a budget counts for it: the poster, of which no multiplier is published, counts with the largest."""
HD_MINUTES = 0.83
"""The same for the larger video: two renditions in HD count twice."""
DAY = {"billable_minutes_per_day": 1_000_000}
"""A budget for all callers that no test reaches, because all tests share its counter."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short video in SD and one in HD, and a file that is none."""
    folder = tmp_path_factory.mktemp("files")
    make_clip(folder / "clip.mp4", duration_s=CLIP_S, size="320x180")
    make_clip(folder / "large.mp4", duration_s=CLIP_S, size="1440x810")
    (folder / "text.mp4").write_bytes(b"this is not a video\n" * 100)
    return folder


@pytest.fixture(scope="module")
def waiting_endpoint(stack: Stack) -> Iterator[str]:
    """The URL of a MediaConvert emulator that starts no job."""
    templates = (ROOT / "infra" / "job_template.json",)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scheduler, "start", lambda _: None)
        with serving(EmulatorSettings(port=0, aws_endpoint_url=stack.endpoint_url, templates=templates)) as url:
            yield url


@pytest.fixture
def scene(stack: Stack, stores: Stores, aws: Aws, worker_aws: Aws, waiting_endpoint: str, files: Path) -> Scene:
    """A pipeline whose jobs wait in MediaConvert's queue."""
    return Scene(stack=stack, stores=stores, aws=aws, worker_aws=worker_aws, endpoint=waiting_endpoint, files=files)


@pytest.fixture
def running(scene: Scene, mediaconvert_endpoint: str) -> Scene:
    """A pipeline whose jobs run."""
    return replace(scene, endpoint=mediaconvert_endpoint)


def fail_probes(patch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Let the emulator refuse each probe."""

    async def probe(*_: object) -> object:
        raise error("Not now.")

    patch.setattr(ProbeOperation, "run", probe)


def with_prober(handler: DeliveryHandler, **changes: Any) -> DeliveryHandler:  # noqa: ANN401 -- a prober's fields
    """Return the handler with a changed prober."""
    submitter = handler.submitter
    prober = replace(submitter.admission.prober, **changes)
    changed = replace(submitter, admission=replace(submitter.admission, prober=prober))
    return replace(handler, batch=replace(handler.batch, submitter=changed))


async def test_a_job_shows_what_it_will_cost_and_what_it_cost(running: Scene) -> None:
    """The estimate comes from the probe, the bill from the outputs. info.json, which is public, has neither."""
    handler = await running.worker(price_per_billable_minute_usd=0.0075)
    input_file = await running.upload("large.mp4")
    assert await handle(handler, running.created(input_file)) == Done()
    job = await running.finished_job(handler, input_file)
    assert (job.status, job.warnings) == (Status.COMPLETE, frozenset())
    for cost in (job.estimate, job.billed):
        assert cost is not None
        assert abs(cost.duration_ms - CLIP_S * 1000) < 100
        assert (cost.billable_minutes, cost.usd) == (HD_MINUTES, 0.00625)
    assert job.output is not None
    s3 = await running.aws.s3()
    info = await s3.get_object(Bucket=running.stack.output_bucket, Key=f"{job.output.path}info.json")
    text = (await info["Body"].read()).decode()
    assert "duration_ms" in text
    assert not any(word in text for word in ("bill", "usd", "estimate"))


async def test_a_clip_bounds_a_video_without_a_probe(running: Scene) -> None:
    """The outputs end with the frame of the limit, and the job says that the video was cut."""
    handler = await running.worker(probe=False, upload_max_duration_s=1)
    input_file = await running.upload("clip.mp4")
    assert await handle(handler, running.created(input_file)) == Done()
    job = await running.finished_job(handler, input_file)
    assert job.billed is not None
    assert 1_000 < job.billed.duration_ms < 1_100
    assert [(each.code, each.message) for each in job.warnings] == [
        (413, "The video was cut after 1 seconds, the longest that is accepted.")
    ]


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"upload_max_duration_s": 1}, "input_too_long", "2 seconds long; 1 seconds are accepted"),
        ({"upload_max_side_px": 300}, "frame_too_large", "320 x 180 pixels; 300 on each side"),
    ],
)
async def test_an_input_beyond_a_limit_costs_nothing(
    scene: Scene, changes: dict[str, object], reason: str, words: str
) -> None:
    """The file's row has the error, with the limit and the value found, and MediaConvert has no job."""
    handler, input_file = await scene.worker(**changes), await scene.upload("clip.mp4")
    with capture_logs() as lines:
        assert await handle(handler, scene.created(input_file)) == Done()
    failure = await scene.failure(input_file)
    assert (failure.code, failure.reason) == (413, reason)
    assert words in failure.message
    assert [line["limit"] for line in lines if line["event"] == "input.refused"] == [reason]
    assert await handle(await scene.worker(), scene.created(input_file)) == Done()
    assert await scene.jobs(input_file) == []


@pytest.mark.parametrize(
    "error", [TooManyRequestsException, ForbiddenException, InternalServerErrorException, TimeoutError]
)
async def test_a_failed_probe_delays_no_job(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The job is created in the same attempt, without an estimate, and its clip is the bound."""
    handler, input_file = await scene.worker(), await scene.upload("clip.mp4")
    if error is TimeoutError:
        handler = with_prober(handler, timeout_s=0.0)
    else:
        fail_probes(monkeypatch, error)
    assert await handle(handler, scene.created(input_file)) == Done()
    assert (await scene.job(input_file)).estimate is None
    (job,) = await scene.jobs(input_file)
    (clipped,) = job["Settings"]["Inputs"]
    assert (clipped["InputClippings"], clipped["TimecodeSource"]) == ([{"EndTimecode": "04:00:00:00"}], "ZEROBASED")


async def test_a_file_that_can_not_be_read_gets_a_job(scene: Scene) -> None:
    """MediaConvert's own error says what is wrong with it."""
    handler, input_file = await scene.worker(), await scene.upload("text.mp4")
    assert await handle(handler, scene.created(input_file)) == Done()
    assert (await scene.job(input_file)).estimate is None


async def test_probes_pause_after_a_throttled_call(scene: Scene) -> None:
    """A throttled CreateJob keeps the plan of its upload, and the next upload isn't probed."""
    handler, inputs = await scene.worker(), [await scene.upload("clip.mp4") for _ in range(2)]
    await scene.throttle_next_job()
    messages = [scene.created(each) for each in inputs]
    assert isinstance(await handle(handler, messages[0]), Retry)
    assert await handle(handler, messages[1]) == Done()
    assert await handle(handler, messages[0]) == Done()
    assert (await scene.job(inputs[0])).estimate is not None
    assert (await scene.job(inputs[1])).estimate is None


async def test_an_upload_over_the_budget_is_an_error_and_not_a_wait(scene: Scene) -> None:
    """The first two uploads of a caller fit, and the third doesn't. Another caller isn't affected."""
    handler = await scene.worker(**DAY, billable_minutes_per_day_and_caller=3)
    caller = secrets.token_hex(4)
    inputs = [await scene.upload("clip.mp4", owner=owner) for owner in (caller, caller, caller, f"{caller}-2")]
    with capture_logs() as lines:
        for input_file in inputs:
            assert await handle(handler, scene.created(input_file)) == Done()
    assert [len(await scene.jobs(each)) for each in inputs] == [1, 1, 0, 1]
    failure = await scene.failure(inputs[2])
    assert (failure.code, failure.reason) == (429, "budget_exhausted")
    assert "midnight UTC" in failure.message
    assert [line["input_file"] for line in lines if line["event"] == "budget.exhausted"] == [inputs[2]]
    assert await scene.counted_ms(counter_of(handler, caller)) == 2 * COUNTED_MINUTES * 60_000


async def test_an_upload_over_the_budget_can_be_requested_again(scene: Scene) -> None:
    """`POST /jobs` on a later day makes a claim of its own, which is counted on that day."""
    refusing = await scene.worker(billable_minutes_per_day=1, upload_max_duration_s=86_400)
    input_file = await scene.upload("text.mp4")
    assert await handle(refusing, scene.created(input_file)) == Done()
    refused = await scene.lookup(input_file)
    assert refused.failure is not None
    assert refused.failure.reason == "budget_exhausted"
    replaces = f"refused-{refused.claimed_ms}"
    await scene.stores.lookups.request(refused, replaces=replaces, now_s=int(time.time()))
    assert (await scene.lookup(input_file)).failure is None
    message = requested(scene.created(input_file), replaces=replaces)
    assert await handle(await scene.worker(**DAY), message) == Done()
    assert (await scene.lookup(input_file)).job_id is not None


class DeathError(BaseException):
    """The worker died. No code catches this exception, as no code catches SIGKILL."""


async def test_a_job_is_counted_once_if_a_worker_dies_before_it_is_created(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim has the mark and the plan; later deliveries create one job, and count nothing."""
    handler = await scene.worker(**DAY, billable_minutes_per_day_and_caller=1_000, claim_lease_s=12)
    caller = secrets.token_hex(4)
    input_file = await scene.upload("clip.mp4", owner=caller)

    async def die(*_: object, **__: object) -> str:
        raise DeathError

    with monkeypatch.context() as patch:
        patch.setattr(MediaConvertJobs, "create", die)
        with pytest.raises(DeathError):
            await handle(handler, scene.created(input_file))
    counter = counter_of(handler, caller)
    counted_ms = await scene.counted_ms(counter)
    deadline_s = time.monotonic() + DEADLINE_S
    while await handle(handler, scene.created(input_file)) != Done():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.2)
    assert await handle(handler, scene.created(input_file)) == Done()
    assert counted_ms == await scene.counted_ms(counter) == COUNTED_MINUTES * 60_000
    assert len(await scene.jobs(input_file)) == 1
    assert (await scene.job(input_file)).estimate is not None


async def test_a_job_is_counted_once_if_it_is_throttled(scene: Scene) -> None:
    """Each retry of CreateJob finds the mark of the first attempt."""
    handler = await scene.worker(**DAY, billable_minutes_per_day_and_caller=1_000)
    caller = secrets.token_hex(4)
    input_file = await scene.upload("clip.mp4", owner=caller)
    for _ in range(2):
        await scene.throttle_next_job()
        assert isinstance(await handle(handler, scene.created(input_file)), Retry)
    assert await handle(handler, scene.created(input_file)) == Done()
    assert await scene.counted_ms(counter_of(handler, caller)) == COUNTED_MINUTES * 60_000


async def test_concurrent_uploads_never_exceed_the_budget(scene: Scene) -> None:
    """Two workers count ten uploads of one caller at once: four of them fit, and the counter says so."""
    workers = [await scene.worker(**DAY, billable_minutes_per_day_and_caller=6) for _ in range(2)]
    caller = secrets.token_hex(4)
    inputs = [await scene.upload("clip.mp4", owner=caller) for _ in range(10)]
    pending = dict(enumerate(inputs))
    while pending:
        outcomes = await asyncio.gather(
            *(handle(workers[number % 2], scene.created(each)) for number, each in pending.items())
        )
        settled = [number for number, outcome in zip(pending, outcomes, strict=True) if outcome == Done()]
        pending = {number: each for number, each in pending.items() if number not in settled}
    lookups = [await scene.lookup(each) for each in inputs]
    assert sum(each.job_id is not None for each in lookups) == 4
    assert {each.failure.reason for each in lookups if each.failure} == {"budget_exhausted"}
    assert await scene.counted_ms(counter_of(workers[0], caller)) == 4 * COUNTED_MINUTES * 60_000


@pytest.mark.parametrize("error", [TooManyRequestsException, ForbiddenException])
async def test_a_budget_waits_for_a_probe_without_an_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The upload waits like one whose CreateJob was throttled, and gets its job later."""
    handler, input_file = await scene.worker(**DAY), await scene.upload("clip.mp4")
    with monkeypatch.context() as patch:
        fail_probes(patch, error)
        outcome = await handle(handler, scene.created(input_file))
    assert isinstance(outcome, Retry)
    assert outcome.is_outage
    assert await scene.jobs(input_file) == []
    assert await handle(handler, scene.created(input_file)) == Done()
    assert (await scene.job(input_file)).estimate is not None


async def test_a_file_that_can_not_be_read_counts_as_the_longest_one(scene: Scene) -> None:
    """Otherwise a file that hides its length would cost the budget nothing."""
    handler = await scene.worker(**DAY, billable_minutes_per_day_and_caller=10_000, upload_max_duration_s=3_600)
    caller = secrets.token_hex(4)
    input_file = await scene.upload("text.mp4", owner=caller)
    assert await handle(handler, scene.created(input_file)) == Done()
    renditions, largest_multiplier, poster_ms = 3, 6, 60_000
    counted_ms = await scene.counted_ms(counter_of(handler, caller))
    assert counted_ms == renditions * largest_multiplier * 3_600_000 + poster_ms


async def test_the_api_shows_the_cost_and_the_limit(scene: Scene) -> None:
    """A front end gets the estimate of a job, and the limit that a file exceeds."""
    accepted, refused = await scene.upload("clip.mp4"), await scene.upload("clip.mp4")
    await handle(await scene.worker(), scene.created(accepted))
    await handle(await scene.worker(upload_max_duration_s=1), scene.created(refused))
    async for api in serve(service_settings(scene.stack)):
        job = (await api.get("/jobs", params={"input_file": accepted})).json()
        assert (job["estimate"]["billable_minutes"], job["estimate"]["usd"]) == (SD_MINUTES, None)
        job = (await api.get("/jobs", params={"input_file": refused})).json()
        assert (job["status"], job["error"]["reason"]) == ("ERROR", "input_too_long")
