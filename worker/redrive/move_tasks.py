"""SQS's move tasks from a dead-letter queue to its queue. SQS moves the letters itself, also after this process ends.

The tasks name the destination, because a move back to "the original queue" fails for letters that the worker or
EventBridge sent to the dead-letter queue: SQS knows no original queue of theirs. No AWS type passes this boundary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from transcode.permissions import ALL_DEAD_LETTER_QUEUES, ALL_QUEUES, allow
from worker.queue import Queue
from worker.redrive.move_plan import MoveTask

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = allow("sqs:GetQueueAttributes", "sqs:SendMessage", on=ALL_QUEUES) | allow(
    "sqs:CancelMessageMoveTask",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ListMessageMoveTasks",
    "sqs:ReceiveMessage",
    "sqs:StartMessageMoveTask",
    on=ALL_DEAD_LETTER_QUEUES,
)
"""SQS moves the letters with the permissions of the caller.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

UNKNOWN_ACTION_CODES = frozenset({"InvalidAction", "UnknownOperation", "UnknownOperationException", "NotImplemented"})
"""Error codes of emulators for an operation that they don't have. AWS has no such error for these operations."""
NOT_IMPLEMENTED_STATUS = 501


class MoveTasksUnknownError(Exception):
    """The SQS endpoint, an emulator, has no move tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTasks:
    """The move tasks of a dead-letter queue. SQS runs at most one at a time for each dead-letter queue."""

    client: "SQSClient"
    source_arn: str
    destination_arn: str

    async def latest(self) -> MoveTask | None:
        """Return the task that was started last; None if SQS remembers none.

        Raises:
            MoveTasksUnknownError: The endpoint has no move tasks.
        """
        try:
            response = await self.client.list_message_move_tasks(SourceArn=self.source_arn, MaxResults=1)
        except ClientError as error:
            if _is_unknown_action(error):
                raise MoveTasksUnknownError from error
            raise
        return next(map(_task, response.get("Results", [])), None)

    async def start(self, *, per_second: int) -> None:
        """Start a task. Raise ClientError if one already runs."""
        await self.client.start_message_move_task(
            SourceArn=self.source_arn, DestinationArn=self.destination_arn, MaxNumberOfMessagesPerSecond=per_second
        )

    async def cancel(self, task: MoveTask) -> None:
        """Cancel a running task. The letters that it has moved stay where they are."""
        if task.handle is not None:
            await self.client.cancel_message_move_task(TaskHandle=task.handle)


async def open_move_tasks(queue: Queue) -> MoveTasks:
    """Return the move tasks from the queue's dead-letter queue back to the queue."""
    arns = [
        (await queue.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
        for url in (queue.dead_letter_url, queue.url)
    ]
    return MoveTasks(client=queue.client, source_arn=arns[0], destination_arn=arns[1])


def _is_unknown_action(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return error.response.get("Error", {}).get("Code") in UNKNOWN_ACTION_CODES or status == NOT_IMPLEMENTED_STATUS


def _task(entry: Mapping[str, Any]) -> MoveTask:
    return MoveTask(
        status=entry["Status"],
        moved=int(entry.get("ApproximateNumberOfMessagesMoved", 0)),
        to_move=entry.get("ApproximateNumberOfMessagesToMove"),
        per_second=entry.get("MaxNumberOfMessagesPerSecond"),
        started_ms=entry.get("StartedTimestamp"),
        handle=entry.get("TaskHandle"),
        failure_reason=entry.get("FailureReason"),
    )
