"""The places that receive the job events: an EventBridge, a webhook, or nothing."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from urllib.request import Request, urlopen

from botocore.exceptions import BotoCoreError, ClientError

from mediaconvert_emulator.events import DETAIL_TYPE, Account, JobEvent
from mediaconvert_emulator.json_types import JsonObject

if TYPE_CHECKING:
    from types_aiobotocore_events.client import EventBridgeClient
    from types_aiobotocore_events.type_defs import PutEventsRequestEntryTypeDef

WEBHOOK_TIMEOUT_S = 10
SEND_ERRORS = (ClientError, BotoCoreError, OSError)
"""Errors of a receiver that may succeed at the next attempt."""


class EventSink(Protocol):
    """A receiver of events."""

    async def send(self, events: Sequence[JobEvent]) -> list[JobEvent]:
        """Send events in order, and return those that the receiver refused.

        Raises:
            OSError: The receiver is unavailable. It may be another one of `SEND_ERRORS`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBridgeSink:
    """An event bus of EventBridge."""

    client: "EventBridgeClient"
    source: str
    bus: str

    async def send(self, events: Sequence[JobEvent]) -> list[JobEvent]:
        """Send a batch."""
        response = await self.client.put_events(Entries=[self._entry(event) for event in events])
        results = zip(events, response["Entries"], strict=True)
        return [event for event, result in results if result.get("ErrorCode")]

    def _entry(self, event: JobEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "Source": self.source,
            "DetailType": DETAIL_TYPE,
            "Resources": [event.job_arn],
            "Detail": json.dumps(event.detail),
            "EventBusName": self.bus,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSink:
    """A URL that receives one POST for each event, in the form in which EventBridge delivers it."""

    url: str
    source: str
    account: Account

    async def send(self, events: Sequence[JobEvent]) -> list[JobEvent]:
        """Send one event after the other. An error leaves the rest of the batch for the next attempt."""
        for event in events:
            await asyncio.to_thread(self._post, event_envelope(event, self.account, self.source))
        return []

    def _post(self, envelope: JsonObject) -> None:
        body = json.dumps(envelope).encode()
        request = Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 (a setting checks the scheme)
        with urlopen(request, timeout=WEBHOOK_TIMEOUT_S):  # noqa: S310 (as above)
            pass


class NoSink:
    """Nothing receives the events; clients poll GetJob."""

    async def send(self, events: Sequence[JobEvent]) -> list[JobEvent]:
        """Drop the events."""
        return list(events[:0])


def event_envelope(event: JobEvent, account: Account, source: str) -> JsonObject:
    """Return an event as EventBridge delivers it to a target."""
    time = datetime.fromtimestamp(event.detail["timestamp"] / 1000, UTC)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": source,
        "account": account.account_id,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": account.region,
        "resources": [event.job_arn],
        "detail": event.detail,
    }
