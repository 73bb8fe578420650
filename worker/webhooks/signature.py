"""The signature of a webhook, as Standard Webhooks 1.0 defines it. Pure.

The tests verify it with the library of Standard Webhooks. The worker itself doesn't import that library, because it
would add an HTTP client and three more packages to every container and function, for one HMAC.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 -- a prefix, and no secret
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64


def parse_secret(secret: str) -> bytes:
    """Return the key in a secret: `whsec_` and base64 of 24 to 64 bytes.

    Raises:
        ValueError: The secret has another form. The message doesn't contain it.
    """
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if encoded == secret or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise ValueError("a webhook's secret must be whsec_ and base64 of 24 to 64 bytes")
    return key


def headers(webhook_id: str, body: str, secrets: Sequence[str], *, now_s: int) -> dict[str, str]:
    """Return the headers of an attempt. `now_s` is the time of the attempt, with one signature for each secret."""
    signed = f"{webhook_id}.{now_s}.{body}".encode()
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(_signature(signed, parse_secret(secret)) for secret in secrets),
    }


def _signature(signed: bytes, key: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
