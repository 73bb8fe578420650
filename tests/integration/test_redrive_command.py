"""`python -m worker.redrive`: what it shows, deletes, cancels and reports; and both queues for each of its calls."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest

from local.provision import Stack
from tests.move_task_endpoint import MoveTaskEndpoint, serve_move_tasks
from transcode.aws import Aws
from transcode.job_requested import job_requested
from worker.redrive import sending
from worker.redrive.command import Action, Cancel, Delete, Send, Show, run
from worker.refused_versions import RefusedVersionsTable
from worker.settings import WorkerSettings

from .process_settings import worker_settings

MALFORMED = "{nonsense"
BODY = job_requested(bucket="another", key="a", size_bytes=1, etag="e", version_id=None, replaces="1-a")


class DeadLetters:
    """The dead letters of a deployment of its own, and the command with move tasks."""

    def __init__(self, stack: Stack, settings: WorkerSettings, tasks: MoveTaskEndpoint) -> None:
        self.stack, self.tasks = stack, tasks
        self._settings = settings
        self._sqs = boto3.client("sqs", endpoint_url=stack.endpoint_url)

    def bury(self, body: str, *, count: int = 1, **attributes: str) -> Sequence[str]:
        """Put messages into each dead-letter queue; return their ids."""
        wire: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        return [
            self._sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=wire)["MessageId"]
            for url in self._urls
            for _ in range(count)
        ]

    async def redrive(self, action: Action) -> bool:
        """Run the command; return whether it is complete."""
        return await run(self._settings, action)

    def counts(self) -> Sequence[tuple[int, int]]:
        """Return the visible and the hidden letters of each dead-letter queue."""
        return [self._counts(url) for url in self._urls]

    def queued(self) -> int:
        """Return the number of messages in the queues."""
        stack = self.stack
        urls = (stack.uploads_queue_url, stack.submission_queue_url, stack.job_events_queue_url)
        return sum(sum(self._counts(url)) for url in urls)

    @property
    def _urls(self) -> Sequence[str]:
        return dead_letter_queues(self.stack)

    def _counts(self, url: str) -> tuple[int, int]:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes: Any = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(attributes[names[0]]), int(attributes[names[1]])


def dead_letter_queues(stack: Stack) -> Sequence[str]:
    """Return the URLs of the dead-letter queues."""
    return (
        stack.uploads_dead_letter_queue_url,
        stack.submission_dead_letter_queue_url,
        stack.job_events_dead_letter_queue_url,
    )


@pytest.fixture(autouse=True)
def _often_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command look at its move tasks more often than once a second."""
    monkeypatch.setattr(sending, "POLL_S", 0.05)


@pytest.fixture
def letters(deploy_stack: Callable[..., Stack], mediaconvert_endpoint: str) -> Iterator[DeadLetters]:
    """Yield the dead letters of a new deployment."""
    stack = deploy_stack()
    with serve_move_tasks(stack.endpoint_url, *dead_letter_queues(stack), is_waiting=False) as (url, tasks):
        settings = worker_settings(stack, mediaconvert_endpoint).model_copy(update={"aws_endpoint_url": url})
        yield DeadLetters(stack, settings, tasks)


async def test_every_letter_is_shown_with_its_reason_and_stays(
    letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    """All letters are visible again afterwards."""
    ids = [*letters.bury(MALFORMED, Reason="is not JSON"), *letters.bury(BODY, count=12)]
    assert await letters.redrive(Show())
    output = capsys.readouterr().out
    assert all(message_id in output for message_id in ids)
    assert "because: is not JSON" in output
    assert "nothing was sent back" in output
    assert letters.counts() == [(13, 0)] * 3


async def test_refused_versions_are_shown_and_are_no_dead_letters(
    letters: DeadLetters, worker_aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number, and the last one's file and age; nothing if there is none, or if it was long ago."""
    table = RefusedVersionsTable(await worker_aws.dynamodb(), letters.stack.status_table, ttl_s=60)
    assert await letters.redrive(Show())
    assert "refused" not in capsys.readouterr().out
    now_s = int(time.time())
    for input_file in ("uploads/1/a.mp4", "uploads/2/b.mp4"):
        await table.count(input_file, now_s=now_s)
    assert await letters.redrive(Show())
    output = capsys.readouterr().out
    assert "2 versions of announced uploads were refused and got no job; the last one " in output
    assert " ago: uploads/2/b.mp4" in output
    assert await table.read(now_s=now_s + 60) is None


async def test_no_more_than_the_limit_is_shown(letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
    """The output says how many letters there are."""
    letters.bury(BODY, count=25)
    await letters.redrive(Show(limit=12))
    output = capsys.readouterr().out
    assert output.count(" because: ") == 36
    assert output.count("12 of about 25 dead letters") == 3
    assert letters.counts() == [(25, 0)] * 3


async def test_only_the_chosen_messages_are_deleted(letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that isn't found is reported, and the command is not complete."""
    chosen = letters.bury(MALFORMED)
    letters.bury(BODY)
    assert await letters.redrive(Delete(message_ids=frozenset(chosen)))
    assert not await letters.redrive(Delete(message_ids=frozenset({"no-such-id"})))
    output = capsys.readouterr().out
    assert [f"deleted: {message_id}" in output for message_id in chosen] == [True] * 3
    assert "not found among the first 100 letters: no-such-id" in output
    assert letters.counts() == [(1, 0)] * 3


async def test_no_more_than_the_limit_is_sent(letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
    """A move task has no limit, so the command moves the letters itself."""
    letters.bury(BODY, count=3)
    assert await letters.redrive(Send(limit=1))
    assert "uploads: 1 sent back, 2 left" in capsys.readouterr().out
    assert letters.counts() == [(2, 0)] * 3
    assert letters.tasks.tasks == []


async def test_a_second_task_is_started_after_the_first_is_over(
    letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list names the first task for the time that SQS needs; nothing to send is a success."""
    for _ in range(2):
        letters.bury(BODY, count=2)
        assert await letters.redrive(Send(per_second=500))
    assert await letters.redrive(Send())
    output = capsys.readouterr().out
    assert output.count("about 2 sent back, 0 left") == 6
    assert output.count(": 0 dead letters") == 3
    assert letters.queued() == 12


async def test_a_cancelled_task_loses_nothing(letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
    """The command that follows the task reports that it isn't complete, and doesn't go on with the next queue."""
    letters.bury(BODY, count=60)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        sending = group.create_task(letters.redrive(Send(per_second=5)))
        while True:
            if letters.queued():
                break
            await asyncio.sleep(0.05)
        assert await letters.redrive(Cancel())
    assert not sending.result()
    output = capsys.readouterr().out
    assert "uploads: the move task was canceled" in output
    assert "job-events: no move task runs" in output
    assert "submission: not started" in output
    assert "job-events: not started" in output
    assert letters.queued() + sum(map(sum, letters.counts())) == 180


async def test_a_failed_task_is_reported_with_the_reason(
    letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    """The letters stay."""
    letters.bury(BODY, count=2)
    letters.tasks.failure = "AccessDenied"
    assert not await letters.redrive(Send())
    assert "SQS could not move all letters: AccessDenied" in capsys.readouterr().out
    assert letters.counts() == [(2, 0)] * 3


async def test_a_task_whose_letters_come_back_is_canceled(
    letters: DeadLetters, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task that also moves new letters would never end while a worker sends them back."""
    letters.bury(MALFORMED, count=5)
    letters.tasks.is_circular = True
    assert not await letters.redrive(Send(per_second=500))
    assert "canceled, because the letters come back as fast as they leave" in capsys.readouterr().out
