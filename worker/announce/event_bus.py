"""The EventBridge bus on which the deployment announces its jobs. No AWS type passes this boundary."""

from typing import TYPE_CHECKING

from transcode.announcement import Announcement
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_events import EventBridgeClient

PERMISSIONS = allow("events:PutEvents", on=[Resource.EVENT_BUS])

EVENT_SOURCE = "mediaconvert-status"
"""The source of all events, which a subscriber's rule matches."""


class EventRefusedError(Exception):
    """EventBridge accepted the request, and not the event in it."""


class EventBus:
    """An event bus: `name` is its name or its ARN."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    async def send(self, announcement: Announcement) -> None:
        """Put the event on the bus. Safe to repeat.

        Raises:
            EventRefusedError: EventBridge returned 200 and an error for the event, for example while it throttles.
        """
        response = await self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._name,
                    "Source": EVENT_SOURCE,
                    "DetailType": announcement.type.detail_type,
                    "Detail": announcement.detail(),
                }
            ]
        )
        for entry in response["Entries"]:
            if "ErrorCode" in entry:
                raise EventRefusedError(entry["ErrorCode"])
