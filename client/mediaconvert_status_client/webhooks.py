"""Verifies webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from mediaconvert_status_client.errors import ClientError

TOLERANCE_S = 300
"""The largest difference between the webhook's time and this machine's clock."""


class Webhook(TypedDict):
    """A verified webhook. `type` is for example `job.complete`; `data` is the Job for types that begin with `job.`."""

    type: str
    timestamp: str
    data: dict[str, Any]


class WebhookError(ClientError):
    """The webhook isn't authentic, is too old, or isn't complete: respond with 400, and don't use its content."""

    code = "invalid_webhook"


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secrets: str | Sequence[str], *, now_s: float | None = None
) -> Webhook:
    """Return the webhook's content if one of the secrets signed it within the last five minutes.

    Args:
        body: the request's body, exactly as received.
        headers: the request's headers, in any case.
        secrets: the endpoint's secret, `whsec_…`; two of them while you replace one with the other.
        now_s: Unix seconds; by default the clock of this machine.

    Raises:
        WebhookError: the webhook isn't authentic.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp, signatures = (lower[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as error:
        raise WebhookError(f"the header {error.args[0]} is missing") from error
    _check_age(timestamp, time.time() if now_s is None else now_s)
    content = body.encode() if isinstance(body, str) else body
    signed = f"{message_id}.{timestamp}.".encode() + content
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    # All pairs are compared, so that the time doesn't depend on which one matches.
    matches = [hmac.compare_digest(_signature(key, signed), given) for key in keys for given in _version_1(signatures)]
    if not any(matches):
        raise WebhookError("no signature is of one of the secrets")
    try:
        return cast("Webhook", json.loads(content))
    except ValueError as error:
        raise WebhookError("the body is no JSON") from error


def _check_age(timestamp: str, now_s: float) -> None:
    if not timestamp.isdecimal() or not timestamp.isascii():
        raise WebhookError("webhook-timestamp is no number of seconds")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise WebhookError(f"webhook-timestamp differs from the clock by more than {TOLERANCE_S} s")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is whsec_ and Base64") from error


def _signature(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def _version_1(signatures: str) -> list[bytes]:
    """Return the signatures of version 1; the header can have others, for asymmetric keys or later versions."""
    pairs = (each.split(",", 1) for each in signatures.split())
    return [pair[1].encode() for pair in pairs if len(pair) > 1 and pair[0] == "v1"]
