"""The endpoints of webhooks, as the settings describe them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from transcode.announcement_types import AnnouncementType

SLOTS = (1, 2, 3)
"""The numbers of the endpoints that a deployment can have. Each has a queue of its own in the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """One endpoint. `queue_url` is the URL of its SQS queue; it gets announcements of these types only.

    `secrets` are one or two in the form `whsec_…`; `secret_arn` names the secret in Secrets Manager that has them.
    """

    slot: int
    url: str
    queue_url: str
    types: frozenset[AnnouncementType]
    secrets: Sequence[str] = ()
    secret_arn: str | None = None

    @property
    def queue_name(self) -> str:
        """The name of the endpoint's queue."""
        return self.queue_url.rsplit("/", 1)[-1]
