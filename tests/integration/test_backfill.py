"""The backfill creates one job for each object that has none, however often it is killed and run again."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.demo_clip import make_clip
from local.provision import Stack
from tests.declared_permissions import OPERATOR
from tests.integration.aws_call_recorder import AwsCallRecorder
from tests.integration.deletion_scene import DeletionScene, delete_message, now_s
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.process_settings import worker_settings
from tests.integration.stores import Stores, open_stores
from tests.integration.submitted_jobs import jobs_of
from transcode.aws import Aws
from transcode.billing import MS_PER_MINUTE
from transcode.job_requested import DETAIL_TYPE
from transcode.lookup import Lookup
from worker.backfill.backfill import Backfill
from worker.backfill.command import Options, open_backfill, run
from worker.backfill.objects import UploadsQueue
from worker.backfill.selection import Candidate, UnusableBackfillError
from worker.outcomes import Done, Message
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
FAST = 500
S3_EVENT = "Object Created"


class KilledError(Exception):
    """The process dies here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DyingQueue(UploadsQueue):
    """A process that dies when it sends its first messages: before SQS has them, or after."""

    is_late: bool

    async def send(self, candidates: Sequence[Candidate]) -> Sequence[str]:
        """Die."""
        if self.is_late:
            await UploadsQueue.send(self, candidates)
        raise KilledError


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Objects below a prefix of the input bucket, whose notifications were lost, and a worker."""

    stack: Stack
    stores: Stores
    aws: Aws
    operator_aws: Aws
    worker: Pipeline
    settings: WorkerSettings
    prefix: str

    def options(self, **changes: Any) -> Options:  # noqa: ANN401 -- options of several types
        """Return the options of a fast run."""
        return Options(source=f"s3://{self.stack.input_bucket}/{self.prefix}", per_second=FAST, **changes)

    async def put(self, *names: str, body: bytes = b"video") -> Sequence[str]:
        """Store objects, lose their notifications, and return their keys."""
        s3, keys = await self.aws.s3(), [self.prefix + name for name in names]
        for key in keys:
            await s3.put_object(Bucket=self.stack.input_bucket, Key=key, Body=body)
        await self.messages(S3_EVENT, count=len(keys))
        return keys

    async def messages(self, kind: str, *, count: int) -> Sequence[Message]:
        """Receive the messages of this kind from the uploads queue, which has no others, and delete them."""
        sqs, found = await self.aws.sqs(), list[Message]()
        async with asyncio.timeout(20):
            while len(found) < count:
                response = await sqs.receive_message(
                    QueueUrl=self.stack.uploads_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
                )
                for each in response.get("Messages", []):
                    assert json.loads(each["Body"])["detail-type"] == kind
                    found.append(Message(message_id=each["MessageId"], body=each["Body"]))
                    await sqs.delete_message(QueueUrl=self.stack.uploads_queue_url, ReceiptHandle=each["ReceiptHandle"])
        assert len(found) == count
        assert await self.waiting() == 0
        return found

    async def waiting(self) -> int:
        """Return the number of messages in the uploads queue."""
        response = await (await self.aws.sqs()).get_queue_attributes(
            QueueUrl=self.stack.uploads_queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(response["Attributes"]["ApproximateNumberOfMessages"])

    async def transcode(self, messages: Sequence[Message], *, jobs: int) -> None:
        """Let the worker handle messages of the uploads queue, and submit the jobs that follow."""
        assert set(await self.worker.take_in(*messages)) == {Done()}
        for message in await self.worker.queued(self.prefix, jobs):
            assert await self.worker.submit(message) == Done()

    async def jobs(self, key: str) -> int:
        """Return the number of MediaConvert's jobs of the object."""
        client = await self.aws.mediaconvert(endpoint_url=self.settings.mediaconvert_endpoint_url)
        return len(await jobs_of(client, self.stack, key))

    async def row(self, key: str) -> Any:  # noqa: ANN401 -- a row in DynamoDB's format
        """Return the object's row; empty if there is none."""
        scene = DeletionScene(stack=self.stack, stores=self.stores, aws=self.aws, input_file=key)
        return await scene.upload_row()

    async def backfill(self, **changes: Any) -> Backfill:  # noqa: ANN401 -- options of several types
        """Return a backfill that a test runs itself."""
        return await open_backfill(self.operator_aws, self.settings, self.options(**changes))


@pytest.fixture(scope="session")
def own_stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline whose uploads queue no other test uses."""
    return deploy_stack({})


@pytest.fixture
async def archive(
    aws: Aws,
    shared_aws: Aws,
    worker_aws: Aws,
    aws_calls: AwsCallRecorder,
    own_stack: Stack,
    mediaconvert_endpoint: str,
) -> AsyncIterator[Archive]:
    """An empty prefix."""
    async with aws_calls.open_aws(OPERATOR, region="us-east-1", endpoint_url=own_stack.endpoint_url) as operator_aws:
        yield Archive(
            stack=own_stack,
            stores=await open_stores(own_stack, shared_aws=shared_aws, worker_aws=worker_aws),
            aws=aws,
            operator_aws=operator_aws,
            worker=await open_pipeline(worker_aws, own_stack, mediaconvert_endpoint),
            settings=worker_settings(own_stack, mediaconvert_endpoint),
            prefix=f"uploads/{secrets.token_hex(8)}/",
        )


async def test_a_dry_run_prints_the_estimate_and_changes_nothing(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """No message, and no row; neither does a run that waits for --yes."""
    (key, _) = await archive.put("a.mp4", "b.mp4")
    assert await run(archive.settings, archive.options(is_dry_run=True))
    assert not await run(archive.settings, archive.options(is_confirmed=False))
    assert "to create: 2 jobs, of 10 bytes" in capsys.readouterr().out
    assert (await archive.waiting(), await archive.row(key)) == (0, {})


async def test_each_object_gets_one_job_and_a_second_run_does_nothing(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders and empty objects get none. An upload whose notification was lost keeps its owner."""
    keys = await archive.put("a.mp4", "b.mp4")
    await archive.put("folder/", "empty.mp4", body=b"")
    await archive.stores.lookups.announce(Lookup(input_file=keys[0], owner="me"), now_s=now_s())
    assert await run(archive.settings, archive.options(profile="hls"))
    await archive.transcode(await archive.messages(DETAIL_TYPE, count=2), jobs=2)
    assert [await archive.jobs(key) for key in keys] == [1, 1]
    lookups = [await archive.stores.lookups.get(key, now_s=now_s()) for key in keys]
    assert [(each.owner, each.profile) for each in lookups if each] == [("me", None), (None, "hls")]
    assert await run(archive.settings, archive.options())
    assert "2 have or had a job, or are deleted, and 2 are empty, or folders" in capsys.readouterr().out
    assert await archive.waiting() == 0


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_killed_run_is_resumed_and_each_object_has_one_job(archive: Archive, *, is_late: bool) -> None:
    """The first messages are sent twice or once; either way their claim is the same."""
    keys = await archive.put(*(f"{number}.mp4" for number in range(12)))
    killed = await archive.backfill()
    killed.queue = DyingQueue(client=killed.queue.client, url=killed.queue.url, is_late=is_late)
    with pytest.raises(KilledError):
        await killed.send(of=12)
    assert await (await archive.backfill()).send(of=12)
    messages = await archive.messages(DETAIL_TYPE, count=22 if is_late else 12)
    await archive.transcode(messages, jobs=len(messages))
    assert [await archive.jobs(key) for key in keys] == [1] * 12


@pytest.mark.parametrize("is_first", [False, True])
async def test_a_late_notification_of_a_backfilled_object_makes_no_second_job(
    archive: Archive, *, is_first: bool
) -> None:
    """S3's version has a sequencer, and the backfill's has none; the row accepts one of them, in either order."""
    s3, key = await archive.aws.s3(), f"{archive.prefix}a.mp4"
    await s3.put_object(Bucket=archive.stack.input_bucket, Key=key, Body=b"video")
    notified = list(await archive.messages(S3_EVENT, count=1))
    assert await run(archive.settings, archive.options())
    requested = list(await archive.messages(DETAIL_TYPE, count=1))
    await archive.transcode(notified + requested if is_first else requested + notified, jobs=1)
    assert await archive.jobs(key) == 1


async def test_an_object_whose_notification_comes_during_the_run_is_skipped(archive: Archive) -> None:
    """The worker has written a row since the backfill read the rows."""
    (key,) = await archive.put("a.mp4")
    backfill = await archive.backfill()
    found = [each async for page in backfill._pages(await backfill.estimate()) for each in page]  # noqa: SLF001
    await archive.stores.lookups.queue(key, claimed_ms=now_s() * 1000, now_s=now_s(), version="e.1")
    assert await backfill.objects.reserve(found) == []


async def test_a_deleted_upload_gets_no_job(archive: Archive) -> None:
    """An object came back under the key of a tombstone."""
    key = f"{archive.prefix}a.mp4"
    scene = DeletionScene(stack=archive.stack, stores=archive.stores, aws=archive.aws, input_file=key)
    await scene.complete()
    await archive.messages(S3_EVENT, count=1)
    assert await archive.worker.take_in(delete_message(archive.stack, key)) == [Done()]
    await archive.put("a.mp4")
    assert await run(archive.settings, archive.options())
    assert await archive.waiting() == 0


async def test_a_run_stops_before_the_job_that_would_exceed_the_ceiling(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that can't be probed counts as the longest one. The same command goes on with the next objects."""
    await archive.put("a.mp4", "b.mp4", "c.mp4")
    backfill = await archive.backfill()
    (first, *_) = (await backfill.estimate()).sample.chosen
    minutes = -(-(await backfill.cost.of(first)).billable_ms // MS_PER_MINUTE)
    assert minutes > archive.settings.upload_max_duration_s / 60
    assert not await run(archive.settings, archive.options(max_billable_minutes=2 * minutes))
    assert f"stopped at {2 * minutes:,} billable minutes" in capsys.readouterr().out
    await archive.transcode(await archive.messages(DETAIL_TYPE, count=2), jobs=2)
    assert await run(archive.settings, archive.options(max_billable_minutes=2 * minutes))
    await archive.messages(DETAIL_TYPE, count=1)


async def test_a_limit_ends_a_run_after_so_many_objects(archive: Archive) -> None:
    """The run is complete, because its operator wanted no more."""
    await archive.put("a.mp4", "b.mp4", "c.mp4")
    assert await run(archive.settings, archive.options(limit=2))
    await archive.messages(DETAIL_TYPE, count=2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"source": "s3://another/uploads/"}, "the bucket is another"),
        ({"profile": "unknown"}, "unknown profile unknown; there are hls"),
        ({}, "no object has a key that begins with"),
    ],
)
async def test_a_command_that_can_not_be_run_is_refused_in_one_line(
    archive: Archive, changes: dict[str, Any], problem: str
) -> None:
    """The command exits with status 2."""
    with pytest.raises(UnusableBackfillError, match=problem):
        await run(archive.settings, replace(archive.options(), **changes))


async def test_the_command_exits_with_2_and_one_line_for_another_bucket(archive: Archive) -> None:
    """The same for an unknown profile, and a prefix without objects."""
    variables = {name.upper(): str(each) for name, each in archive.settings.model_dump(exclude_unset=True).items()}
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "worker.backfill", "s3://another/uploads/"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    line = f"the bucket is another; jobs are only made for the input bucket {archive.stack.input_bucket}\n"
    assert (ended.returncode, ended.stdout) == (2, line)


async def test_a_probed_file_counts_its_own_length(archive: Archive, tmp_path: Path) -> None:
    """Two short files need less than the longest one."""
    clip = tmp_path / "clip.mp4"
    await asyncio.to_thread(make_clip, clip, duration_s=1, size="320x180")
    await archive.put("a.mp4", "b.mp4", body=await asyncio.to_thread(clip.read_bytes))
    minutes = archive.settings.upload_max_duration_s // 60  # of one output, and each job has several
    assert await run(archive.settings, archive.options(max_billable_minutes=minutes))
    await archive.messages(DETAIL_TYPE, count=2)
