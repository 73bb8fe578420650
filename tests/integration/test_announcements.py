"""Each creation and each end of a job is announced at least once, and reconciliation finds those that a crash left."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from local.provision import Stack
from transcode.announcement import Announcement
from transcode.announcement_types import AnnouncementType
from transcode.aws import Aws
from transcode.job import Canceled, Completed, Failed, Failure, Job, Output, Status
from transcode.job_view import view_without_job
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.outbox import OUTBOX_PREFIX
from transcode.status_table import StatusTable
from worker.announce.announcer import Announcer
from worker.announce.event_bus import EVENT_SOURCE, EventBus, EventRefusedError
from worker.announce.unannounced import UnannouncedRows
from worker.deletion.deleted_rows import DeletedRows, JobStillNeededError
from worker.reconcile.open_jobs import OpenJobs
from worker.reconcile.open_pass import UNANNOUNCED_S, OpenPass

from .stores import LIFETIMES, Stores

End = Callable[[str], Completed | Failed | Canceled]

ENDS: list[tuple[End, AnnouncementType]] = [
    (lambda job_id: Completed(job_id=job_id, time_ms=9, output=Output(path="o/")), AnnouncementType.JOB_COMPLETE),
    (
        lambda job_id: Failed(job_id=job_id, time_ms=9, failure=Failure(code=1010, message="bad")),
        AnnouncementType.JOB_ERROR,
    ),
    (lambda job_id: Canceled(job_id=job_id, time_ms=9), AnnouncementType.JOB_CANCELED),
]


class Recorder:
    """A channel that keeps what it sends, or fails."""

    def __init__(self) -> None:
        self.sent: list[Announcement] = []
        self.is_failing = False

    async def send(self, announcement: Announcement) -> None:
        """Keep the announcement."""
        if self.is_failing:
            raise ConnectionError
        self.sent.append(announcement)

    @property
    def types(self) -> list[AnnouncementType]:
        """The types that were sent."""
        return [each.type for each in self.sent]


class Scene:
    """Tables that announce, an announcer, and its recorder."""

    def __init__(self, client: Any, stack: Stack) -> None:  # noqa: ANN401 -- a client of DynamoDB
        self.statuses = StatusTable(client, stack.status_table, LIFETIMES, announces=True)
        self.lookups = LookupTable(client, stack.input_file_table, LIFETIMES, outbox_table=stack.status_table)
        self.open_jobs = OpenJobs(client, stack.status_table)
        self.recorder = Recorder()
        self.announcer = Announcer(
            rows=UnannouncedRows(client, stack.status_table),
            lookups=self.lookups,
            channels=[self.recorder],
            clock=time.time,
        )

    async def open_keys(self) -> set[str]:
        """Return the keys in the index."""
        return {key async for keys in self.open_jobs.opened_before(2**31) for key in keys}


@pytest.fixture
async def scene(worker_aws: Aws, stack: Stack) -> Scene:
    """The tables of the shared pipeline."""
    return Scene(await worker_aws.dynamodb(), stack)


@pytest.mark.parametrize(("end", "expected"), ENDS)
async def test_a_job_stays_in_the_index_until_its_end_is_announced(
    scene: Scene, job_id: str, end: End, expected: AnnouncementType
) -> None:
    """The write of the end itself requests the announcement, so a crash after it loses nothing."""
    await scene.statuses.submit(Job(job_id=job_id, owner="alice"), now_s=int(time.time()))
    await scene.announcer.announce(job_id)
    await scene.statuses.advance(end(job_id), now_s=int(time.time()))
    assert job_id in await scene.open_keys()
    await scene.announcer.announce(job_id)
    assert scene.recorder.types == [AnnouncementType.JOB_SUBMITTED, expected]
    assert scene.recorder.sent[1].content.owner == "alice"
    assert job_id not in await scene.open_keys()
    assert await scene.announcer.announce(job_id) == 0


async def test_a_job_without_subscribers_leaves_the_index_with_its_end(
    scene: Scene, worker_aws: Aws, stack: Stack, job_id: str
) -> None:
    """A deployment that announces nothing pays for no mark."""
    silent = StatusTable(await worker_aws.dynamodb(), stack.status_table, LIFETIMES)
    await silent.submit(Job(job_id=job_id), now_s=1)
    await silent.advance(Canceled(job_id=job_id, time_ms=9), now_s=2)
    assert job_id not in await scene.open_keys()
    assert await scene.announcer.announce(job_id) == 0


async def test_an_end_between_reading_and_recording_is_announced_too(scene: Scene, job_id: str) -> None:
    """The row is read again if it requested another announcement while the first one was sent."""
    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    send = scene.recorder.send

    async def end_meanwhile(announcement: Announcement) -> None:
        await scene.statuses.advance(Canceled(job_id=job_id, time_ms=9), now_s=int(time.time()))
        await send(announcement)

    scene.recorder.send = end_meanwhile  # type: ignore[method-assign]
    await scene.announcer.announce(job_id)
    assert AnnouncementType.JOB_CANCELED in scene.recorder.types
    assert job_id not in await scene.open_keys()


class DeathError(BaseException):
    """The worker died. No code catches this exception, as no code catches SIGKILL."""


async def test_a_death_after_sending_repeats_the_announcement_with_its_id(scene: Scene, job_id: str) -> None:
    """The mark is removed last, so a receiver may get an announcement twice, and never not at all."""
    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))

    class Dying:
        async def send(self, announcement: Announcement) -> None:
            await scene.recorder.send(announcement)
            raise DeathError

    with pytest.raises(DeathError):
        await replace(scene.announcer, channels=[Dying()]).try_announce(job_id)
    assert await scene.announcer.announce(job_id) == 1
    first, second = scene.recorder.sent
    assert first.id == second.id


@pytest.mark.parametrize("end", [end for end, _ in ENDS])
async def test_a_pass_of_reconciliation_announces_what_a_crash_left(
    scene: Scene, job_id: str, input_file: str, end: End
) -> None:
    """It finds ended jobs, and uploads that ended without a job, in the index of open rows."""
    now_s = int(time.time())
    await scene.statuses.submit(Job(job_id=job_id), now_s=now_s)
    await scene.statuses.advance(end(job_id), now_s=now_s)
    key = await scene.lookups.cancel(input_file, claimed_ms=5, now_s=now_s)
    unused: Any = None  # no job is overdue, so the pass calls neither MediaConvert nor the repairer
    reconciliation = OpenPass(
        open_jobs=scene.open_jobs,
        jobs=unused,
        repairer=unused,
        overdue_s=10**8,
        calls_per_s=1,
        limit_s=60,
        clock=lambda: now_s + UNANNOUNCED_S + 1,
        announcer=scene.announcer,
    )
    counts = await reconciliation.run()
    assert counts.announced >= 3
    assert {each.content.job.job_id or each.content.job.input_file for each in scene.recorder.sent} >= {
        job_id,
        input_file,
    }
    assert {job_id, key}.isdisjoint(await scene.open_keys())


async def test_a_failed_announcement_stays_requested(scene: Scene, job_id: str) -> None:
    """The job's own message doesn't fail with it, and the next try announces it."""
    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    scene.recorder.is_failing = True
    await scene.announcer.try_announce(job_id)
    assert scene.announcer.rest.remaining_s(now_s=time.monotonic()) > 0
    scene.recorder.is_failing = False
    assert await scene.announcer.announce(job_id) == 1


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (ConnectionError(), "warning"),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents"), "error"),
        (EventRefusedError("InvalidArgument"), "error"),
    ],
)
async def test_a_subscriber_that_denies_access_raises_the_alarm(
    scene: Scene, job_id: str, error: Exception, level: str
) -> None:
    """An outage passes by itself; a policy or a name needs an operator."""

    class Failing:
        async def send(self, _: Announcement) -> None:
            raise error

    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    with capture_logs() as lines:
        await replace(scene.announcer, channels=[Failing()]).try_announce(job_id)
    assert [(line["event"], line["log_level"]) for line in lines] == [("announcement.postponed", level)]


async def test_an_upload_that_ends_without_a_job_is_announced_with_its_error(
    scene: Scene, stores: Stores, input_file: str
) -> None:
    """The row of the end is written in one transaction with the upload's row, and says the end of that attempt."""
    now_s = int(time.time())
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="Holiday.mp4", owner="alice"), now_s=now_s)
    failure = Failure(code=413, message="too long", reason="input_too_long")
    key = await scene.lookups.refuse(input_file, failure, claimed_ms=5, now_s=now_s)
    assert key is not None
    assert key in await scene.open_keys()
    assert await scene.announcer.announce(key) == 1
    (sent,) = scene.recorder.sent
    assert (sent.type, sent.content.owner) == (AnnouncementType.JOB_ERROR, "alice")
    assert sent.content.job.error is not None
    assert (sent.content.job.error.reason, sent.content.job.file_name) == ("input_too_long", "Holiday.mp4")
    assert key not in await scene.open_keys()


async def test_an_end_that_a_later_claim_replaced_is_not_announced(scene: Scene, input_file: str) -> None:
    """Neither the upload's row nor the request is written."""
    await scene.lookups.queue(input_file, claimed_ms=9, now_s=int(time.time()))
    assert await scene.lookups.cancel(input_file, claimed_ms=5, now_s=int(time.time())) is None


async def test_a_canceled_upload_is_announced(scene: Scene, input_file: str) -> None:
    """The announcement shows CANCELED, although the row has changed since."""
    now_s = int(time.time())
    key = await scene.lookups.cancel(input_file, claimed_ms=5, now_s=now_s)
    await scene.lookups.queue(input_file, claimed_ms=9, now_s=now_s)
    assert key is not None
    await scene.announcer.announce(key)
    (sent,) = scene.recorder.sent
    assert (sent.type, sent.content.job.status.value) == (AnnouncementType.JOB_CANCELED, "CANCELED")


async def test_a_deleted_upload_is_announced_after_its_rows_are_gone(scene: Scene, input_file: str) -> None:
    """The request contains the whole announcement."""
    view = view_without_job(Lookup(input_file=input_file, file_name="Holiday.mp4"))
    key = await scene.announcer.upload_deleted(view, owner="alice", deleted_s=int(time.time()))
    assert key.startswith(OUTBOX_PREFIX)
    await scene.announcer.announce(key)
    (sent,) = scene.recorder.sent
    assert (sent.type, sent.content.job, sent.content.owner) == (AnnouncementType.UPLOAD_DELETED, view, "alice")


async def test_a_job_is_buried_only_after_its_end_was_announced(
    scene: Scene, worker_aws: Aws, stack: Stack, job_id: str
) -> None:
    """Otherwise a deletion during an outage of the subscribers would lose the end."""
    rows = DeletedRows(
        await worker_aws.dynamodb(),
        lookup_table=stack.input_file_table,
        status_table=stack.status_table,
        output_table=stack.output_table,
    )
    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    await scene.statuses.advance(Canceled(job_id=job_id, time_ms=9), now_s=int(time.time()))
    with pytest.raises(JobStillNeededError):
        await rows.bury_job(job_id, now_s=int(time.time()), after_announcement=True)
    assert await scene.announcer.announce(job_id) == 2
    await rows.bury_job(job_id, now_s=int(time.time()), after_announcement=True)
    assert job_id not in await scene.open_keys()


async def test_a_rule_of_eventbridge_receives_the_announcement(
    scene: Scene, aws: Aws, worker_aws: Aws, job_id: str
) -> None:
    """A back end on AWS needs a rule with our source, and nothing else of ours."""
    events, sqs, name = await aws.events(), await aws.sqs(), f"announced-{secrets.token_hex(4)}"
    url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
    attributes = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    await events.put_rule(
        Name=name, EventPattern=json.dumps({"source": [EVENT_SOURCE], "detail-type": ["Job Complete"]})
    )
    await events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": attributes["Attributes"]["QueueArn"]}])
    bus = EventBus(await worker_aws.events(), "default")
    announcer = replace(scene.announcer, channels=[bus])
    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    await scene.statuses.advance(Completed(job_id=job_id, time_ms=9, output=Output(path="o/")), now_s=int(time.time()))
    assert await announcer.announce(job_id) == 2
    received = await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
    event: Mapping[str, Any] = json.loads(received["Messages"][0]["Body"])
    assert (event["source"], event["detail-type"]) == (EVENT_SOURCE, "Job Complete")
    assert (event["detail"]["version"], event["detail"]["job"]["status"]) == (1, Status.COMPLETE.value)


async def test_an_entry_that_eventbridge_refuses_is_an_error(scene: Scene, job_id: str) -> None:
    """PutEvents returns 200 with an error in the entry, so the announcement stays requested."""

    class Refusing:
        async def put_events(self, **_: object) -> Mapping[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    await scene.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    refusing: Any = Refusing()
    with pytest.raises(EventRefusedError):
        await replace(scene.announcer, channels=[EventBus(refusing, "default")]).announce(job_id)
    assert await scene.announcer.announce(job_id) == 1
