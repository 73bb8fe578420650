"""The message of a webhook's queue: the body that is sent, byte for byte, and the webhook's id. Pure."""

import json
import re
from dataclasses import dataclass

_SENDABLE_ID = re.compile(r"[!-~]{1,255}")
"""An id that a header can have. With another one no attempt could succeed, and the endpoint would rest for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessage:
    """A webhook that waits for its delivery. The signature is made for each attempt."""

    webhook_id: str
    body: str

    def to_json(self) -> str:
        """Return the body of the SQS message."""
        return json.dumps({"webhook_id": self.webhook_id, "body": self.body})

    @classmethod
    def from_json(cls, text: str) -> "WebhookMessage":
        """Return the webhook in an SQS message.

        Raises:
            ValueError: The message is no webhook.
        """
        match json.loads(text):
            case {"webhook_id": str() as webhook_id, "body": str() as body} if _SENDABLE_ID.fullmatch(webhook_id):
                return cls(webhook_id=webhook_id, body=body)
            case _:
                raise ValueError("the message is no webhook")
