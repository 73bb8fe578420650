"""The calls of SQS that a worker makes, on models of queues and a virtual clock. The URL of a queue is its name."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests import virtual_time
from tests.sqs_model import SqsModel, StoredMessage

BEGIN_MS = 1_900_000_000_000
VISIBILITY_TIMEOUT_S = 180


def now_ms() -> int:
    """Return the virtual time, in Unix milliseconds."""
    return BEGIN_MS + round(virtual_time.now_s() * 1000)


@dataclass(slots=True, kw_only=True)
class SqsClient:
    """A client of SQS. `most_in_flight` is the largest number of hidden messages of each queue so far."""

    queues: Mapping[str, SqsModel]
    most_in_flight: dict[str, int] = field(default_factory=dict)
    _arrivals: dict[str, asyncio.Event] = field(default_factory=dict)
    _hidden_until_ms: dict[str, dict[str, int]] = field(default_factory=dict)

    async def receive_message(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- as boto3
        """Return visible messages, or wait for one."""
        name, end_ms = request["QueueUrl"], now_ms() + request["WaitTimeSeconds"] * 1000
        queue = self.queues[name]
        while not (found := queue.receive(now_ms=now_ms(), count=request["MaxNumberOfMessages"])) and now_ms() < end_ms:
            await self._wait(name, min(end_ms, queue.next_ms() or end_ms) - now_ms())
        for each in found:
            self._hide(name, each.message_id, VISIBILITY_TIMEOUT_S)
        return {"Messages": [_wire(each) for each in found]}

    async def delete_message_batch(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Delete messages."""
        for each in request["Entries"]:
            self.queues[request["QueueUrl"]].delete(each["ReceiptHandle"])
            self._hidden_until_ms[request["QueueUrl"]].pop(each["ReceiptHandle"], None)
        return {}

    async def change_message_visibility_batch(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Hide messages for another time."""
        queue = self.queues[request["QueueUrl"]]
        for each in request["Entries"]:
            queue.change_visibility(each["ReceiptHandle"], each["VisibilityTimeout"], now_ms=now_ms())
            self._hide(request["QueueUrl"], each["ReceiptHandle"], each["VisibilityTimeout"])
        return {}

    async def send_message(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Send a message."""
        self.send(request["QueueUrl"], request["MessageBody"])
        return {}

    def send(self, name: str, body: str) -> None:
        """Put a message into a queue, and wake those that wait for one."""
        self.queues[name].send(body, now_ms=now_ms())
        self._arrivals.pop(name, asyncio.Event()).set()

    async def _wait(self, name: str, time_ms: int) -> None:
        """Wait for so long, or until a message is sent to the queue."""
        arrival = self._arrivals.setdefault(name, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(1, time_ms) / 1000):
                await arrival.wait()

    def _hide(self, name: str, message_id: str, delay_s: int) -> None:
        hidden, time_ms = self._hidden_until_ms.setdefault(name, {}), now_ms()
        hidden[message_id] = time_ms + delay_s * 1000
        for each in [each for each, until_ms in hidden.items() if until_ms <= time_ms]:
            del hidden[each]
        self.most_in_flight[name] = max(self.most_in_flight.get(name, 0), len(hidden))


def _wire(stored: StoredMessage) -> Mapping[str, Any]:
    return {
        "MessageId": stored.message_id,
        "ReceiptHandle": stored.message_id,
        "Body": stored.body,
        "Attributes": {"ApproximateReceiveCount": str(stored.receives), "SentTimestamp": str(stored.sent_ms)},
    }
