"""`python -m worker.redrive` with the dead letters of webhooks: it shows them, deletes them, and sends them again."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local.provision import Stack
from tests.move_task_endpoint import serve_move_tasks
from worker.redrive import sending
from worker.redrive.command import Cancel, Delete, Send, Show, run
from worker.settings import WorkerSettings
from worker.webhooks.webhook_message import WebhookMessage

from .process_settings import with_webhooks, worker_settings

QUEUES = ("webhook-1", "webhook-2", "webhook-3")


@pytest.fixture(autouse=True)
def _often_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command look at its move tasks more often than once a second."""
    monkeypatch.setattr(sending, "POLL_S", 0.05)


@pytest.fixture
def settings(deploy_stack: Callable[..., Stack], mediaconvert_endpoint: str) -> Iterator[WorkerSettings]:
    """Yield the settings of a new deployment with two dead letters for each endpoint."""
    stack = deploy_stack()
    urls = [getattr(stack, f"webhook_{slot}_dead_letter_queue_url") for slot in (1, 2, 3)]
    sqs = boto3.client("sqs", endpoint_url=stack.endpoint_url)
    for number, url in enumerate(urls * 2):
        body = WebhookMessage(webhook_id=f"evt_{number}", body="{}").to_json()
        sqs.send_message(QueueUrl=url, MessageBody=body)
    with serve_move_tasks(stack.endpoint_url, *urls, is_waiting=False) as (endpoint_url, _):
        yield with_webhooks(worker_settings(stack, mediaconvert_endpoint), stack, aws_endpoint_url=endpoint_url)


def depths(settings: WorkerSettings) -> list[int]:
    """Return the number of webhooks that wait for each endpoint."""
    sqs: Any = boto3.client("sqs", endpoint_url=settings.aws_endpoint_url)
    name = "ApproximateNumberOfMessages"
    return [
        int(sqs.get_queue_attributes(QueueUrl=each.queue_url, AttributeNames=[name])["Attributes"][name])
        for each in settings.webhook_endpoints
    ]


async def test_the_dead_letters_of_webhooks_are_shown_deleted_and_sent_again(
    settings: WorkerSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each endpoint's letters go back to its own queue, by a move task or in batches."""
    assert await run(settings, Show(), queues=QUEUES)
    shown = capsys.readouterr().out
    assert [line.split("webhook ")[1].split()[0] for line in shown.splitlines() if "because" in line] == [
        *("evt_0", "evt_3", "evt_1", "evt_4", "evt_2", "evt_5")
    ]
    await run(settings, Send(limit=1), queues=QUEUES)
    assert depths(settings) == [1, 1, 1]
    assert await run(settings, Send(), queues=QUEUES)
    assert depths(settings) == [2, 2, 2]
    assert await run(settings, Cancel(), queues=QUEUES)
    assert not await run(settings, Delete(message_ids=frozenset({"unknown"})), queues=QUEUES)


async def test_a_queue_without_an_endpoint_is_left_out(
    settings: WorkerSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command needs no settings of webhooks."""
    await run(settings.model_copy(update={"webhook_2_url": None}), Show(), queues=QUEUES)
    assert "webhook-2" not in capsys.readouterr().out
