"""Conversion of a Lambda invocation's event into messages. Pure.

The event is either a batch of messages from a queue, or an event that EventBridge or S3 sent directly to the function.
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transcode.sqs import decode_attributes
from worker.outcomes import Done, Message, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBatches:
    """Messages, by the name of their queue. Lambda deletes the messages that the response doesn't report as failed."""

    batches: Mapping[str, Sequence[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEvent:
    """One event without a queue. If the invocation fails, Lambda invokes the function for it again."""

    message: Message


class NotHandledError(Exception):
    """An event without a queue could not be handled. Lambda should retry it, or keep it."""


def parse_invocation(event: Mapping[str, Any], *, request_id: str) -> QueueBatches | DirectEvent:
    """Return the invocation's messages. An event that isn't a queue's batch becomes one message."""
    match event:
        case {"Records": [{"eventSource": "aws:sqs"}, *_] as records}:
            batches: defaultdict[str, list[Message]] = defaultdict(list)
            for record in records:
                batches[record["eventSourceARN"].rsplit(":", 1)[-1]].append(_message(record))
            return QueueBatches(batches=batches)
        case _:
            return DirectEvent(message=Message(message_id=request_id, body=json.dumps(event)))


def _message(record: Mapping[str, Any]) -> Message:
    return Message(
        message_id=record["messageId"],
        body=record["body"],
        receipt=record["receiptHandle"],
        deliveries=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
        attributes=decode_attributes(record.get("messageAttributes", {}), key="stringValue"),
        sent_ms=int(record.get("attributes", {}).get("SentTimestamp", 0)) or None,
        group=record.get("attributes", {}).get("MessageGroupId"),
    )


def batch_item_failures(message_ids: Sequence[str]) -> dict[str, Any]:
    """Return the function's response (ReportBatchItemFailures). Lambda deletes all other messages of the batch."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}


def require_done(outcome: Outcome | None) -> None:
    """Raise an error unless the outcome is Done.

    Raises:
        NotHandledError: The event was not handled. Without a queue, only Lambda can retry it, or keep it in the
            function's own dead-letter queue.
    """
    if not isinstance(outcome, Done):
        raise NotHandledError(outcome.reason if outcome else "the event has no outcome")
