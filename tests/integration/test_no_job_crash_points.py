"""A worker dies before any one of its AWS calls for an upload that gets no job: its end is announced.

A death after a call is one before the next call. The ends are a refusal after Probe, a missing job template, too many
retries, and an upload that waited too long. A refused version ends nothing: the upload keeps the job of its first
version, and nothing is announced.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from local.demo_clip import make_clip
from local.provision import Stack
from tests.integration.announcing_pipeline import (
    MAX_CALLS,
    AnnouncingScene,
    expect_deaths,
    idle_mediaconvert,
    open_scene,
    remove_time_limits,
)
from tests.integration.queue_messages import message, object_created
from tests.integration.waiting_messages import sent
from transcode.aws import Aws
from transcode.job_requested import job_requested
from worker.claim import claim_id
from worker.messages.events import ObjectCreated
from worker.outcomes import GiveUp, Message
from worker.retry import AGE_CODE
from worker.submission.one_job import EXHAUSTED_CODE

CLIP_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason for which an upload gets no job: the settings that lead to it, and the error's code."""

    code: int
    changes: Mapping[str, object]
    calls: tuple[str, ...]
    """Operations at which a worker must have died."""
    is_retry: bool = False
    """True if the message requests another job, which intake handles."""


REFUSALS = {
    # With a budget, an upload waits for the answer of its probe, however slow the machine is.
    "the probe": Refusal(
        code=413,
        changes={"upload_max_duration_s": 1, "billable_minutes_per_day": 1_000_000},
        calls=("Probe", "TransactWriteItems"),
    ),
    "no template": Refusal(
        code=404, changes={"mediaconvert_job_template": "missing"}, calls=("GetJobTemplate", "TransactWriteItems")
    ),
    "no retries left": Refusal(
        code=EXHAUSTED_CODE, changes={"retries_per_upload": 0}, calls=("PutItem", "TransactWriteItems"), is_retry=True
    ),
}


@pytest.fixture(autouse=True)
def _no_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time decides nothing here."""
    remove_time_limits(monkeypatch)


@pytest.fixture(scope="module")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline whose queues only these tests use. Each takes everything from them."""
    return deploy_stack({})


@pytest.fixture(scope="module")
def waiting_endpoint(own_stack: Stack) -> Iterator[str]:
    """The URL of a MediaConvert in which all jobs wait."""
    with idle_mediaconvert(own_stack) as url:
        yield url


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of two seconds."""
    path: Path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, duration_s=CLIP_S, size="128x72")
    return path.read_bytes()


@pytest.fixture
async def scene(own_stack: Stack, aws: Aws, shared_aws: Aws, worker_aws: Aws, waiting_endpoint: str) -> AnnouncingScene:
    """The pipeline on which workers die."""
    return await open_scene(own_stack, waiting_endpoint, aws=aws, shared_aws=shared_aws, worker_aws=worker_aws)


async def uploaded(scene: AnnouncingScene, clip: bytes, *, is_retry: bool) -> tuple[Sequence[str], Sequence[Message]]:
    """Announce files and store their objects; return them, and S3's events or our requests for another job."""
    files, s3, stack = await scene.announced_files(MAX_CALLS), await scene.aws.s3(), scene.pipeline.stack
    for each in files:
        await s3.put_object(Bucket=stack.input_bucket, Key=each, Body=clip)
    if not is_retry:
        return files, [object_created(stack, each) for each in files]
    requests = [
        job_requested(bucket=stack.input_bucket, key=each, size_bytes=5, etag="e", version_id="v1", replaces="1-a")
        for each in files
    ]
    return files, [message(each) for each in requests]


async def expect_error(
    scene: AnnouncingScene, files: Sequence[str], code: int, *, died_at: Sequence[str | None]
) -> None:
    """Check that the files show the error, that MediaConvert has no job of them, and that the ends are announced."""
    for each in files:
        lookup = await scene.upload(each)
        assert lookup.failure is not None
        assert (lookup.failure.code, lookup.is_over) == (code, True)
        assert await scene.jobs(each) == []
    await scene.expect_once("job.error", files, died_at=died_at)


@pytest.mark.parametrize("reason", REFUSALS)
async def test_an_upload_that_gets_no_job_is_announced_wherever_a_worker_dies(
    scene: AnnouncingScene, clip: bytes, reason: str
) -> None:
    """A worker dies at each of its last calls; the next delivery, or a pass of reconciliation, does the rest."""
    refusal = REFUSALS[reason]
    changed = replace(scene, pipeline=replace(scene.pipeline, changes=refusal.changes))
    files, messages = await uploaded(changed, clip, is_retry=refusal.is_retry)
    died_at = await changed.pipeline.die_at_the_last_calls(messages, is_before=True, is_intake=refusal.is_retry)
    await changed.pipeline.finish_all(messages, is_intake=refusal.is_retry)
    await expect_error(changed, files, refusal.code, died_at=died_at)
    expect_deaths(died_at, *refusal.calls, is_before=True)


async def test_an_upload_that_waited_too_long_is_announced_wherever_a_worker_dies(
    scene: AnnouncingScene, clip: bytes
) -> None:
    """MediaConvert throttles every CreateJob for more than twelve days; each delivery then gives the upload up."""
    async with httpx.AsyncClient(base_url=scene.pipeline.mediaconvert) as client:
        chaos = {"fail_create_job": {"count": 1_000, "status": 429}}
        (await client.put("/_emulator/chaos", json=chaos)).raise_for_status()
        files, messages = await uploaded(scene, clip, is_retry=False)
        late = [sent(each, days_ago=12.1) for each in messages]
        died_at = await scene.pipeline.die_at_the_last_calls(late, is_before=True, outcome=GiveUp)
        outcomes = await (await scene.pipeline.worker()).handle(late)
        assert {type(each) for each in outcomes.values()} == {GiveUp}
        (await client.put("/_emulator/chaos", json={"fail_create_job": {"count": 0}})).raise_for_status()
    await expect_error(scene, files, AGE_CODE, died_at=died_at)
    expect_deaths(died_at, "GetItem", "TransactWriteItems", is_before=True)


async def test_a_refused_version_ends_nothing_wherever_a_worker_dies(scene: AnnouncingScene, clip: bytes) -> None:
    """The job of the first version stays the file's only one, and no subscriber gets an end of the upload."""
    files, messages = await uploaded(scene, clip, is_retry=False)
    await scene.pipeline.finish_all(messages)
    job_ids = [(await scene.upload(each)).job_id for each in files]
    second = [object_created(scene.pipeline.stack, each, version="v2") for each in files]
    died_at = await scene.pipeline.die_at_the_last_calls(second, is_before=True)
    await scene.pipeline.finish_all(second)
    await scene.pipeline.reconcile()
    for each, job_id in zip(files, job_ids, strict=True):
        assert [job["Id"] for job in await scene.jobs(each)] == [job_id]
        assert ((await scene.upload(each)).job_id, (await scene.upload(each)).failure) == (job_id, None)
        refused = ObjectCreated(input_file=each, size_bytes=5, version="v2")
        claim = await scene.stores.outputs.get_claim(claim_id(refused))
        assert claim is not None
        assert claim.refused
    for ids in (await scene.subscribers.received()).values():
        assert {kind for kind, _ in ids} == {"job.submitted"}
    assert {"PutItem", "UpdateItem"} <= set(died_at)
    assert died_at.count(None) > 1, "there are more deaths than calls"
