"""What Lambda hands over, as messages. Pure.

Either a batch from a queue of ours, or an event as EventBridge or S3 sent it, when one of them invokes the function
itself. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transcode.sqs import decode_attributes
from worker.outcomes import Done, Message, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class FromQueues:
    """Messages by the name of the queue that they came from; Lambda deletes those that aren't told to have failed."""

    batches: Mapping[str, Sequence[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """One event, handed over without a queue; Lambda invokes again for it when the invocation fails."""

    message: Message


class NotHandledError(Exception):
    """An event that came without a queue could not be handled; Lambda is to try it again, or to keep it."""


def read_invocation(event: Mapping[str, Any], *, request_id: str) -> FromQueues | Direct:
    """Return what Lambda was invoked with; whatever isn't a queue's batch is one event."""
    match event:
        case {"Records": [{"eventSource": "aws:sqs"}, *_] as records}:
            batches: defaultdict[str, list[Message]] = defaultdict(list)
            for record in records:
                batches[record["eventSourceARN"].rsplit(":", 1)[-1]].append(_message(record))
            return FromQueues(batches=batches)
        case _:
            return Direct(message=Message(message_id=request_id, body=json.dumps(event)))


def _message(record: Mapping[str, Any]) -> Message:
    return Message(
        message_id=record["messageId"],
        body=record["body"],
        receipt=record["receiptHandle"],
        deliveries=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
        attributes=decode_attributes(record.get("messageAttributes", {}), key="stringValue"),
        sent_ms=int(record.get("attributes", {}).get("SentTimestamp", 0)) or None,
    )


def failures(message_ids: Sequence[str]) -> dict[str, Any]:
    """Return what Lambda is told, so that it deletes all other messages of the batch (ReportBatchItemFailures)."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}


def demand_done(outcome: Outcome | None) -> None:
    """Return if the event was handled.

    Raises:
        NotHandledError: It wasn't; without a queue only Lambda can try again, or keep it on its own dead-letter queue.
    """
    if not isinstance(outcome, Done):
        raise NotHandledError(outcome.reason if outcome else "nothing became of it")
