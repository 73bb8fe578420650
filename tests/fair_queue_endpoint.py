"""An SQS endpoint with one fair queue, before an emulator that ignores groups: it forwards every other call unchanged.

The endpoint keeps the queue's messages itself. Their order is AWS's documented one (bench/scale/fair_order.py).
"""

import hashlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.scale.fair_order import FairOrder
from tests.sqs_endpoint import serve_sqs

POLL_S = 0.05


@dataclass(slots=True, kw_only=True)
class StoredMessage:
    """A message of the queue; `visible_s` is the time from which it can be received, if it isn't waiting already."""

    body: str
    attributes: Mapping[str, Any]
    group: str
    sent_ms: int
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    receives: int = 0
    received_s: float = 0.0
    visible_s: float = 0.0


class FairQueueEndpoint:
    """The messages of one queue."""

    def __init__(self, queue_url: str, *, visibility_timeout_s: float = 180) -> None:
        self.queue_url = queue_url
        self.sent = 0
        """The number of messages that were ever sent."""
        self._visibility_timeout_s = visibility_timeout_s
        self._order = FairOrder()
        self._waiting: dict[str, deque[tuple[int, StoredMessage]]] = {}
        self._hidden: dict[str, StoredMessage] = {}
        self._number = 0
        self._begin_s = time.monotonic()
        self._lock = threading.Lock()

    def call(self, action: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the response to a call of this queue; None for a call that must be forwarded."""
        if request.get("QueueUrl") != self.queue_url:
            return None
        match action:
            case "SendMessage":
                return self._send(request)
            case "ReceiveMessage":
                return {"Messages": self._receive_within(request)}
            case "DeleteMessage":
                self._delete(request["ReceiptHandle"])
                return {}
            case "DeleteMessageBatch":
                for entry in request["Entries"]:
                    self._delete(entry["ReceiptHandle"])
                return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}
            case "ChangeMessageVisibilityBatch":
                for entry in request["Entries"]:
                    self._hide(entry["ReceiptHandle"], entry["VisibilityTimeout"])
                return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}
            case _:
                return None

    def _send(self, request: Mapping[str, Any]) -> dict[str, Any]:
        message = StoredMessage(
            body=request["MessageBody"],
            attributes=request.get("MessageAttributes", {}),
            group=request["MessageGroupId"],
            sent_ms=time.time_ns() // 1_000_000,
        )
        with self._lock:
            self.sent += 1
            self._show(message)
        digest = hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": message.message_id, "MD5OfMessageBody": digest}

    def _receive_within(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        deadline_s = time.monotonic() + request.get("WaitTimeSeconds", 0)
        while not (received := self._receive(request.get("MaxNumberOfMessages", 1))) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        return received

    def _receive(self, count: int) -> list[dict[str, Any]]:
        now_s, received = time.monotonic(), list[dict[str, Any]]()
        with self._lock:
            for message in [each for each in self._hidden.values() if each.visible_s <= now_s]:
                self._end(message, now_s)
                self._show(message)
            while self._waiting and len(received) < count:
                group = self._order.next_group({name: messages[0][0] for name, messages in self._waiting.items()})
                _, message = self._waiting[group].popleft()
                if not self._waiting[group]:
                    del self._waiting[group]
                message.receives, message.received_s = message.receives + 1, now_s
                message.visible_s = now_s + self._visibility_timeout_s
                self._hidden[message.message_id] = message
                self._order.begin(group)
                received.append(_wire(message))
        return received

    def _delete(self, receipt: str) -> None:
        with self._lock:
            if message := self._hidden.get(receipt):
                self._end(message, time.monotonic())

    def _hide(self, receipt: str, delay_s: int) -> None:
        with self._lock:
            if message := self._hidden.get(receipt):
                message.visible_s = time.monotonic() + delay_s

    def _end(self, message: StoredMessage, now_s: float) -> None:
        del self._hidden[message.message_id]
        self._order.end(message.group, took_s=now_s - message.received_s, now_s=now_s - self._begin_s)

    def _show(self, message: StoredMessage) -> None:
        self._number += 1
        self._waiting.setdefault(message.group, deque()).append((self._number, message))


def _wire(message: StoredMessage) -> dict[str, Any]:
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": message.message_id,
        "Body": message.body,
        "MD5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "MessageAttributes": message.attributes,
        "Attributes": {"ApproximateReceiveCount": str(message.receives), "SentTimestamp": str(message.sent_ms)},
    }


@contextmanager
def serve_fair_queue(upstream_url: str, queue_url: str) -> Iterator[tuple[str, FairQueueEndpoint]]:
    """Yield the URL of an endpoint on which this queue is fair, and its messages."""
    endpoint = FairQueueEndpoint(queue_url)
    with serve_sqs(upstream_url, endpoint.call) as url:
        yield url, endpoint
