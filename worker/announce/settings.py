"""The settings of announcements: an event bus, and up to three endpoints of webhooks."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, HttpUrl, model_validator

from transcode.announcement_types import AnnouncementType
from transcode.settings import Settings, Url, split_on_commas
from worker.webhooks.endpoints import SLOTS, WebhookEndpoint
from worker.webhooks.signature import parse_secret

Secrets = Annotated[tuple[str, ...], Field(max_length=2, repr=False), split_on_commas]
Types = Annotated[tuple[AnnouncementType, ...], split_on_commas]
WebhookUrl = Annotated[str, Field(max_length=2_000)]
SecretArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:.+$")]


class AnnounceSettings(Settings):
    """Settings that only the worker has, because only the worker announces."""

    playback_base_url: Url | None = None
    """The URL of the output bucket's contents, for the playback URL in announcements."""
    announce_event_bus: Annotated[str, Field(pattern=r"^[A-Za-z0-9/._:-]{1,256}$")] | None = None
    """Name or ARN of the EventBridge bus on which jobs are announced; None for no events."""
    webhooks_allow_local: bool = False
    """True if webhooks may go to http and to private addresses: for local work only."""
    webhook_1_url: WebhookUrl | None = None
    """The URL of the first endpoint of webhooks; None for no endpoint."""
    webhook_1_secrets: Secrets = ()
    """The endpoint's secrets, `whsec_…`: one, or two during a rotation."""
    webhook_1_secret_arn: SecretArn | None = None
    """The secret in Secrets Manager whose text is the endpoint's secrets, in place of WEBHOOK_1_SECRETS."""
    webhook_1_types: Types = ()
    """The announcements that the endpoint gets; all if empty."""
    webhook_1_queue_url: Url | None = None
    """The endpoint's own queue."""
    webhook_2_url: WebhookUrl | None = None
    webhook_2_secrets: Secrets = ()
    webhook_2_secret_arn: SecretArn | None = None
    webhook_2_types: Types = ()
    webhook_2_queue_url: Url | None = None
    webhook_3_url: WebhookUrl | None = None
    webhook_3_secrets: Secrets = ()
    webhook_3_secret_arn: SecretArn | None = None
    webhook_3_types: Types = ()
    webhook_3_queue_url: Url | None = None

    @property
    def webhook_endpoints(self) -> Sequence[WebhookEndpoint]:
        """The configured endpoints."""
        return [
            WebhookEndpoint(
                slot=slot,
                url=self._of(slot, "url"),
                queue_url=self._of(slot, "queue_url"),
                types=frozenset(self._of(slot, "types") or AnnouncementType),
                secrets=self._of(slot, "secrets"),
                secret_arn=self._of(slot, "secret_arn"),
            )
            for slot in SLOTS
            if self._of(slot, "url")
        ]

    @property
    def announces(self) -> bool:
        """True if there is a subscriber."""
        return bool(self.announce_event_bus or self.webhook_endpoints)

    def _of(self, slot: int, name: str) -> Any:  # noqa: ANN401 -- a setting of any type
        return getattr(self, f"webhook_{slot}_{name}")

    @model_validator(mode="after")
    def _endpoints_are_complete(self) -> Self:
        """Refuse an endpoint without https, a queue or secrets: its webhooks would be lost, or forged by anyone."""
        for slot in SLOTS:
            url, prefix = self._of(slot, "url"), f"WEBHOOK_{slot}_"
            if not url:
                continue
            parsed = HttpUrl(url)
            if parsed.scheme != "https" and not self.webhooks_allow_local:
                raise ValueError(f"{prefix}URL must begin with https://")
            if parsed.username or parsed.password or parsed.fragment:
                raise ValueError(f"{prefix}URL must have no user, password or fragment")
            if not self._of(slot, "queue_url"):
                raise ValueError(f"{prefix}QUEUE_URL is missing: an endpoint needs a queue of its own")
            if bool(self._of(slot, "secrets")) == bool(self._of(slot, "secret_arn")):
                raise ValueError(f"{prefix}SECRETS or {prefix}SECRET_ARN is needed, and not both")
            for secret in self._of(slot, "secrets"):
                parse_secret(secret)
        return self
