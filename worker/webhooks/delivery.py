"""The delivery of one endpoint's webhooks, which the loop and Lambda both use: from a message to its outcome."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from worker.deliveries import Screening
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry
from worker.webhooks import signature
from worker.webhooks.delivery_rule import GONE_STATUS, MAX_DELAY_S, Answer, EndpointRest, delay_s, is_too_old
from worker.webhooks.endpoints import WebhookEndpoint
from worker.webhooks.http_client import WebhookClient
from worker.webhooks.secrets import EndpointSecrets
from worker.webhooks.stopped_endpoints import StoppedEndpoints
from worker.webhooks.webhook_message import WebhookMessage

STOP_READ_S = 60
"""Seconds for which a process remembers whether the endpoint is stopped."""

STOPPED = Answer(status=GONE_STATUS, reason="the endpoint is stopped")
"""The answer that stands for each webhook of a stopped endpoint."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class WebhookDelivery:
    """Delivers the webhooks of one endpoint. `clock` returns Unix seconds; `rest_clock` never goes back."""

    endpoint: WebhookEndpoint
    secrets: EndpointSecrets
    client: WebhookClient
    stopped: StoppedEndpoints
    give_up_after_s: int
    clock: Callable[[], float]
    rest_clock: Callable[[], float] = time.monotonic
    rest: EndpointRest = field(default_factory=EndpointRest)
    _is_stopped: bool = field(init=False, default=False)
    _read_again_s: float = field(init=False, default=0)

    async def screen(self, messages: Sequence[Message]) -> Screening:
        """Return all messages as ready: a webhook is only sent on, so none can kill a worker. Raises no exception."""
        return Screening(ready=list(messages))

    async def handle(self, messages: Sequence[Message]) -> Mapping[str, Outcome]:
        """Send the webhooks, and return the outcome of each message, by message id. Raises no exception."""
        outcomes = await asyncio.gather(*map(self._outcome, messages))
        return {message.message_id: outcome for message, outcome in zip(messages, outcomes, strict=True)}

    async def handle_alone(self, message: Message) -> Mapping[str, Outcome]:
        """Handle one message."""
        return await self.handle([message])

    async def release(self, messages: Sequence[Message]) -> None:
        """Do nothing: no note is kept of a webhook's deliveries."""

    async def is_stopped(self) -> bool:
        """Return whether the endpoint is stopped; the answer may be a minute old.

        Raises:
            Exception: DynamoDB is unavailable.
        """
        if self.rest_clock() >= self._read_again_s:
            self._is_stopped = await self.stopped.is_stopped(self.endpoint)
            self._read_again_s = self.rest_clock() + STOP_READ_S
        return self._is_stopped

    async def _outcome(self, message: Message) -> Outcome:
        if is_too_old(message, give_up_after_s=self.give_up_after_s, now_s=self.clock()):
            return GiveUp(reason=f"not delivered within {self.give_up_after_s // 86_400} days: {self.rest.last.text}")
        try:
            if await self.is_stopped():
                self.rest.record_answer(STOPPED)
                return Retry(reason=STOPPED.text, delay_s=MAX_DELAY_S)
            webhook = WebhookMessage.from_json(message.body)
            return await self._answered(message, webhook, await self._send(webhook))
        except ValueError as error:
            return GiveUp(reason=str(error))
        except Exception as error:
            log.exception("webhook.not_sent", slot=self.endpoint.slot, message_id=message.message_id)
            return Retry(reason=type(error).__name__, delay_s=delay_s(message.deliveries, Answer(), draw=0.5))

    async def _send(self, webhook: WebhookMessage) -> Answer:
        secrets = await self.secrets.read()
        now_s = int(self.clock())
        headers = signature.headers(webhook.webhook_id, webhook.body, secrets, now_s=now_s)
        return await self.client.post(self.endpoint.url, webhook.body, headers)

    async def _answered(self, message: Message, webhook: WebhookMessage, answer: Answer) -> Outcome:
        fields = {"slot": self.endpoint.slot, "webhook_id": webhook.webhook_id, "deliveries": message.deliveries}
        if answer.is_success:
            log.info("webhook.delivered", **fields, status=answer.status, waited_ms=message.waited_ms(self.clock()))
            return Done()
        self.rest.record_answer(answer)
        log.warning("webhook.failed", **fields, status=answer.status, reason=answer.text)
        if answer.is_gone:
            await self.stopped.stop(self.endpoint, now_s=int(self.clock()))
            self._is_stopped, self._read_again_s = True, self.rest_clock() + STOP_READ_S
            log.error("webhook.stopped", slot=self.endpoint.slot, reason="the receiver answered 410")
        return Retry(reason=answer.text, delay_s=delay_s(message.deliveries, answer, draw=self.rest.draw()))
