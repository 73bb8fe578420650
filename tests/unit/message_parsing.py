"""A message parser for the sample messages, and functions that parse one message with it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from worker.messages.events import IncomingEvent
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser

PARSER = MessageParser(
    input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=("clips-in", "clips-out"))
)

LoadMessage = Callable[[str], dict[str, Any]]
"""The function that the fixture `load_message` returns."""


def parse_all(payload: Mapping[str, Any]) -> list[IncomingEvent]:
    """Return everything that the parser reads from the message."""
    return list(PARSER.parse_events(json.dumps(payload)))


def parse_one(payload: Mapping[str, Any]) -> IncomingEvent:
    """Return the only content that the parser reads from the message."""
    [content] = parse_all(payload)
    return content


def with_detail(payload: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return the message with fields of its detail changed."""
    return {**payload, "detail": {**payload["detail"], **changes}}
