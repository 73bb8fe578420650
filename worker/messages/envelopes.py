"""The envelopes that other services put around an event: SNS's is removed, the others are named. Pure.

SNS sends `{"Type": "Notification", "Message": "<the event as text>"}` to a queue, unless raw message delivery is on.
Its signature isn't checked: the queue's policy decides which topics may send.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

PIPE_REASON = (
    "looks like a message of a queue inside another message, as an EventBridge pipe sends it: "
    "set the pipe's input template to <$.body>, so that only the event arrives"
)
LAMBDA_REASON = (
    "looks like the event of a Lambda function that SQS or SNS invoked: send the body of each record instead"
)
TRANSFORMER_REASON = (
    "looks like the output of an input transformer or input path: remove it from the rule's target, "
    "so that the whole event arrives"
)
CONFIRMATION_REASON = (
    "is a SubscriptionConfirmation of SNS: confirm the subscription; its uploads don't arrive before that"
)
NESTED_REASON = "has two envelopes of SNS: subscribe the queue to the first topic, or turn on raw message delivery"
UNKNOWN_REASON = "is neither an event nor a notification"

_FIELDS_OF_EVENTS = frozenset(
    {
        "detail",
        "detailType",
        "bucket",
        "Bucket",
        "object",
        "Object",
        "key",
        "Key",
        "jobId",
        "userMetadata",
        "s3",
        "eventName",
    }
)
"""Fields of events that a transformed event still has at its top."""


class EnvelopeError(ValueError):
    """The message is in an envelope that the worker doesn't remove; the text says what to change."""


def unwrap(message: object) -> Mapping[str, Any]:
    """Return the event in the message: the message itself, or the content of SNS's envelope.

    Raises:
        EnvelopeError: The message is not an event and not in an envelope of SNS.
        ValueError: The content of SNS's envelope is not JSON.
    """
    if not _is_from_sns(message):
        return _event(message)
    content = json.loads(message["Message"])
    if _is_from_sns(content):
        raise _error(NESTED_REASON)
    return _event(content)


def unknown(message: Mapping[str, Any]) -> EnvelopeError:
    """Return the error for a JSON object that is no known event, with what it looks like."""
    if message.get("Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        return _error(CONFIRMATION_REASON)
    if "messageId" in message and "body" in message:
        return _error(PIPE_REASON)
    if message.keys() & _FIELDS_OF_EVENTS:
        return _error(TRANSFORMER_REASON)
    return _error(UNKNOWN_REASON)


def _event(message: object) -> Mapping[str, Any]:
    match message:
        case {"Records": [{"eventSource": "aws:sqs"}, *_]} | {"Records": [{"EventSource": "aws:sns"}, *_]}:
            raise _error(LAMBDA_REASON)
        case dict():
            return message
        case [{"messageId": _, "body": _}, *_]:
            raise _error(PIPE_REASON)
        case [dict(), *_]:
            raise _error("is a list: send each event in a message of its own")
        case _:
            raise _error("is not a JSON object")


def _is_from_sns(message: object) -> TypeGuard[Mapping[str, str]]:
    if not isinstance(message, dict):
        return False
    return message.get("Type") == "Notification" and isinstance(message.get("Message"), str)


def _error(problem: str) -> EnvelopeError:
    return EnvelopeError(f"the message {problem}")
