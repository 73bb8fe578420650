"""An SQS endpoint with move tasks, before an emulator that has none: it forwards every other call unchanged.

It follows SQS's documented rules: a source must be the dead-letter queue of a queue, one task runs at a time for each
source, a rate is 500 a second at most, a task moves as many visible messages as there were at its start, a moved
message is a new message with the same body and attributes, a handle is listed only for a running task, and only such a
task can be canceled.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.sqs_endpoint import RefusedError, serve_sqs

BATCH = 10
HIDDEN_S = 30


@dataclass(slots=True, kw_only=True)
class Task:
    """A move task, which a thread performs."""

    source: str
    destination: str
    per_second: int
    to_move: int
    started_ms: int
    handle: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: str = "RUNNING"
    moved: int = 0
    failure_reason: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return the task as ListMessageMoveTasks lists it."""
        entry = {
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.per_second,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        }
        if self.status == "RUNNING":
            entry["TaskHandle"] = self.handle
        return entry | ({"FailureReason": self.failure_reason} if self.failure_reason else {})


class MoveTaskEndpoint:
    """The move tasks of an emulator's queues. `dead_letter_arns` are the ARNs that may be a source."""

    def __init__(self, upstream_url: str, *, is_waiting: bool = True) -> None:
        self.upstream_url = upstream_url
        self.is_waiting = is_waiting
        """True if a receive waits for messages as long as the request says; the emulator has every sent message."""
        self.tasks: list[Task] = []
        self.dead_letter_arns: set[str] = set()
        self.failure: str | None = None
        """The reason for which tasks fail before they move a message; None if they don't fail."""
        self.is_circular = False
        """True if each moved message is at once in the source again, as if a worker had sent it back, and is moved."""
        self._sqs = boto3.client("sqs", endpoint_url=upstream_url)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def add(self, dead_letter_url: str) -> None:
        """Accept this dead-letter queue as a source."""
        response = self._sqs.get_queue_attributes(QueueUrl=dead_letter_url, AttributeNames=["QueueArn"])
        self.dead_letter_arns.add(response["Attributes"]["QueueArn"])

    def call(self, action: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the response to a call of move tasks, or raise RefusedError; None for a call to forward."""
        with self._lock:
            match action:
                case "StartMessageMoveTask":
                    return {"TaskHandle": self._start(request).handle}
                case "ListMessageMoveTasks":
                    listed = [task.entry() for task in reversed(self.tasks) if task.source == request["SourceArn"]]
                    return {"Results": listed[: request.get("MaxResults", 1)]}
                case "CancelMessageMoveTask":
                    return {"ApproximateNumberOfMessagesMoved": self._cancel(request["TaskHandle"]).moved}
                case "ReceiveMessage" if not self.is_waiting:
                    received = self._sqs.receive_message(**{**request, "WaitTimeSeconds": 0})
                    return {"Messages": received.get("Messages", [])}
                case _:
                    return None

    def stop(self) -> None:
        """End all tasks."""
        for task in self.tasks:
            if task.status == "RUNNING":
                task.status = "CANCELLING"
        for thread in self._threads:
            thread.join()

    def _start(self, request: Mapping[str, Any]) -> Task:
        source, rate = request["SourceArn"], request.get("MaxNumberOfMessagesPerSecond", 500)
        if source not in self.dead_letter_arns:
            raise RefusedError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
        if any(task.source == source and task.status in {"RUNNING", "CANCELLING"} for task in self.tasks):
            raise RefusedError("InvalidParameterValue", "There is already a task running.")
        if not 1 <= rate <= 500:
            raise RefusedError("InvalidParameterValue", "MaxNumberOfMessagesPerSecond must be 1 to 500.")
        names = ["ApproximateNumberOfMessages"]
        counts = self._sqs.get_queue_attributes(QueueUrl=self._url(source), AttributeNames=names)["Attributes"]
        task = Task(
            source=source,
            destination=request["DestinationArn"],
            per_second=rate,
            to_move=int(counts[names[0]]),
            started_ms=time.time_ns() // 1_000_000,
        )
        self.tasks.append(task)
        self._threads.append(threading.Thread(target=self._run, args=[task], daemon=True))
        self._threads[-1].start()
        return task

    def _cancel(self, handle: str) -> Task:
        for task in self.tasks:
            if task.handle == handle and task.status == "RUNNING":
                task.status = "CANCELLING"
                return task
        raise RefusedError("ResourceNotFoundException", "Task does not exist.")

    def _run(self, task: Task) -> None:
        try:
            source, destination = self._url(task.source), self._url(task.destination)
            while task.status == "RUNNING" and not self.failure and (self.is_circular or task.moved < task.to_move):
                due_s = time.monotonic()
                moved = self._move(source, destination, BATCH if self.is_circular else task.to_move - task.moved)
                task.moved += moved
                if not moved:
                    break
                time.sleep(max(0.0, due_s + moved / task.per_second - time.monotonic()))
            task.failure_reason = self.failure
            task.status = "FAILED" if self.failure else "CANCELLED" if task.status == "CANCELLING" else "COMPLETED"
        except self._sqs.exceptions.QueueDoesNotExist:
            task.status, task.failure_reason = "FAILED", "AWS.SimpleQueueService.NonExistentQueue"

    def _move(self, source: str, destination: str, limit: int) -> int:
        received = self._sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=min(BATCH, limit),
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if received:
            sent = [
                {"Id": str(i), "MessageBody": each["Body"], "MessageAttributes": each.get("MessageAttributes", {})}
                for i, each in enumerate(received)
            ]
            gone = [{"Id": str(i), "ReceiptHandle": each["ReceiptHandle"]} for i, each in enumerate(received)]
            self._sqs.send_message_batch(QueueUrl=source if self.is_circular else destination, Entries=sent)
            self._sqs.delete_message_batch(QueueUrl=source, Entries=gone)
        return len(received)

    def _url(self, arn: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


@contextmanager
def serve_move_tasks(
    upstream_url: str, *dead_letter_urls: str, is_waiting: bool = True
) -> Iterator[tuple[str, MoveTaskEndpoint]]:
    """Yield the URL of an endpoint with move tasks for these dead-letter queues, and its tasks."""
    endpoint = MoveTaskEndpoint(upstream_url, is_waiting=is_waiting)
    for url in dead_letter_urls:
        endpoint.add(url)

    with serve_sqs(upstream_url, endpoint.call) as url:
        try:
            yield url, endpoint
        finally:
            endpoint.stop()
