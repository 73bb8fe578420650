"""Each profile makes its own outputs, from the upload's row to the job that callers see."""

import asyncio
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.demo_clip import make_clip
from local.embedded_aws import ROOT
from local.provision import PROFILES, Stack, job_template, put_job_template
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from transcode.aws import Aws
from transcode.job import Job, Output, OutputFile, Status
from transcode.job_requested import job_requested
from transcode.lookup import Lookup
from worker.artifacts import ArtifactStore
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.outcomes import Message
from worker.reconcile.assembly import open_pass
from worker.settings import WorkerSettings
from worker.submission.profile_rule import UnusableTemplateError

from .process_settings import worker_settings
from .stores import Stores

DEADLINE_S = 60
TEMPLATES = {profile: str(job_template(profile)["Name"]) for profile in PROFILES}


@pytest.fixture(scope="module")
def endpoint(stack: Stack) -> Iterator[str]:
    """The URL of a MediaConvert emulator with the job templates of all profiles."""
    templates = tuple(ROOT / "infra" / name for name in PROFILES.values())
    settings = EmulatorSettings(
        port=0,
        aws_endpoint_url=stack.endpoint_url,
        time_factor=100,
        ffmpeg_preset="ultrafast",
        templates=templates,
    )
    with serving(settings) as url:
        yield url


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of four seconds with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, duration_s=4, size="160x90")
    return path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """A worker with all profiles, which asks MediaConvert about each job at once."""

    handler: DeliveryHandler
    settings: WorkerSettings
    aws: Aws
    uploader: Aws
    stores: Stores

    async def announce(self, input_file: str, profile: str) -> None:
        """Announce an upload of this profile."""
        lookup = Lookup(input_file=input_file, file_name="clip.mp4", profile=profile)
        await self.stores.lookups.announce(lookup, now_s=int(time.time()))

    async def submit(self, input_file: str, body: bytes) -> Lookup:
        """Store the object, handle its message, and return the file's row."""
        s3 = await self.uploader.s3()
        stored = await s3.put_object(Bucket=self.settings.input_bucket, Key=input_file, Body=body)
        request = job_requested(
            bucket=self.settings.input_bucket,
            key=input_file,
            size_bytes=len(body),
            etag=stored["ETag"].strip('"'),
            version_id=None,
            replaces=None,
        )
        await self.handler.handle([Message(message_id="1", body=request)])
        lookup = await self.handler.submitter.lookups.get(input_file, now_s=int(time.time()))
        assert lookup is not None
        return lookup

    async def job(self, lookup: Lookup) -> Job | None:
        """Return the file's newest job."""
        return await self.handler.submitter.statuses.get(lookup.job_id or "", now_s=int(time.time()))

    async def finished(self, lookup: Lookup) -> Job:
        """Return the file's job once reconciliation has found its end."""
        reconciler = await open_pass(self.aws, self.settings, self.handler, quiet_s=0)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await reconciler.run()
                job = await self.job(lookup)
                if job is not None and job.status.is_final:
                    return job
                await asyncio.sleep(0.2)


@pytest.fixture
async def profiled(worker_aws: Aws, aws: Aws, stores: Stores, stack: Stack, endpoint: str) -> Profiled:
    """That worker."""
    changes = {"mediaconvert_job_templates": TEMPLATES, "reconcile_overdue_s": 0, "reconcile_calls_per_s": 100}
    settings = worker_settings(stack, endpoint).model_copy(update=changes)
    handler = await open_handler(worker_aws, settings)
    return Profiled(handler=handler, settings=settings, aws=worker_aws, uploader=aws, stores=stores)


@pytest.mark.parametrize(
    ("profile", "files"),
    [
        ("hls", [("poster", "guarded-files/1/clip_poster.0000001.jpg")]),
        (
            "hls-download",
            [("poster", "guarded-files/1/clip_poster.0000001.jpg"), ("video", "guarded-files/2/clip_download.mp4")],
        ),
        ("audio", [("audio", "guarded-files/1/clip_download.m4a")]),
    ],
)
async def test_a_profile_makes_its_playlist_and_files(
    profiled: Profiled, clip: bytes, input_file: str, profile: str, files: list[tuple[str, str]]
) -> None:
    """The files have their sizes, and the poster is the picture after three seconds."""
    await profiled.announce(input_file, profile)
    job = await profiled.finished(await profiled.submit(input_file, clip))
    assert (job.status, job.profile) == (Status.COMPLETE, profile)
    assert job.output is not None
    assert job.output.playlists == {".m3u8": "clip.m3u8"}
    assert [(each.kind, each.name) for each in job.output.files] == files
    assert all(each.size_bytes for each in job.output.files)
    assert bool(job.output.width_px) is (profile != "audio")


async def test_an_audio_job_has_an_estimate_and_a_bill(profiled: Profiled, clip: bytes, input_file: str) -> None:
    """Two outputs of sound: AWS bills 0.4 normalized minutes of each minute, and 10 seconds at least."""
    await profiled.announce(input_file, "audio")
    job = await profiled.finished(await profiled.submit(input_file, clip))
    assert job.billed is not None
    seconds = max(10, math.ceil(job.billed.duration_ms / 1000))
    assert job.billed.billable_ms == pytest.approx(2 * 0.4 * seconds * 1000, rel=0.11)
    assert job.estimate is not None
    assert job.estimate.billable_ms == pytest.approx(job.billed.billable_ms, rel=0.11)


async def test_a_file_that_was_not_announced_gets_the_default_profile(
    profiled: Profiled, clip: bytes, input_file: str
) -> None:
    """A program may copy objects into the bucket."""
    job = await profiled.job(await profiled.submit(input_file, clip))
    assert job is not None
    assert job.profile == "hls"


async def test_a_profile_that_the_settings_no_longer_have_is_an_error_of_the_file(
    profiled: Profiled, clip: bytes, input_file: str
) -> None:
    """The error names the profile, and a caller may request another job once it is there again."""
    await profiled.announce(input_file, "sketch")
    lookup = await profiled.submit(input_file, clip)
    assert lookup.failure is not None
    assert (lookup.failure.code, "sketch" in lookup.failure.message) == (404, True)


async def test_a_worker_does_not_start_with_a_profile_that_is_readable_without_cookies(
    profiled: Profiled, worker_aws: Aws, endpoint: str
) -> None:
    """It starts if playback needs no cookies, or if every profile is safe."""
    safe = profiled.settings.model_copy(update={"playback_key_pair_id": "KTEST"})
    await open_handler(worker_aws, safe)
    template = {**job_template("audio"), "Name": f"public-{time.time_ns()}"}
    group = template["Settings"]["OutputGroups"][1]["OutputGroupSettings"]["FileGroupSettings"]
    group["DestinationSettings"] = {"S3Settings": {"AccessControl": {"CannedAcl": "PUBLIC_READ"}}}
    await put_job_template(template, endpoint_url=endpoint)
    unsafe = {"mediaconvert_job_templates": {"public": template["Name"]}}
    await open_handler(worker_aws, profiled.settings.model_copy(update=unsafe))
    with pytest.raises(UnusableTemplateError, match="PUBLIC_READ"):
        await open_handler(worker_aws, safe.model_copy(update=unsafe))


async def test_a_file_that_is_missing_has_no_size(worker_aws: Aws, stack: Stack) -> None:
    """An operator may have deleted it before the event is handled."""
    artifacts = ArtifactStore(await worker_aws.s3(), stack.output_bucket)
    output = Output(path="uploads/none/", files=(OutputFile(kind="poster", name="none.jpg"),))
    assert (await artifacts.with_sizes(output)).files[0].size_bytes is None
