"""The Python client's check of webhooks, as Standard Webhooks 1.0 defines it."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_status_client import WebhookError, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the specification's example
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
NOW_S = 1_614_265_330
BODY = '{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW_S),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def signature(body: str, *, secret: str = SECRET, sent_s: int = NOW_S) -> str:
    """Return the signature of the message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{HEADERS['webhook-id']}.{sent_s}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_the_specifications_example_is_authentic() -> None:
    """The names of headers have any case."""
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verify_webhook(BODY.encode(), headers, SECRET, now_s=NOW_S) == json.loads(BODY)


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], [OTHER, SECRET]])
def test_one_of_two_secrets_and_one_of_several_signatures_are_enough(secrets: list[str]) -> None:
    """So a secret can be replaced while webhooks arrive."""
    signatures = f"v1a,xyz {signature(BODY, secret=OTHER)} {HEADERS['webhook-signature']}"
    headers = {**HEADERS, "webhook-signature": signatures}
    assert verify_webhook(BODY, headers, secrets, now_s=NOW_S)
    assert verify_webhook(BODY, HEADERS, secrets, now_s=NOW_S)


@pytest.mark.parametrize(
    ("headers", "body", "now_s"),
    [
        ({"webhook-signature": ""}, BODY, NOW_S),
        ({"webhook-signature": signature(BODY, secret=OTHER)}, BODY, NOW_S),
        ({"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v2,")}, BODY, NOW_S),
        ({"webhook-signature": HEADERS["webhook-signature"].removeprefix("v1,")}, BODY, NOW_S),
        ({"webhook-id": "another"}, BODY, NOW_S),
        ({"webhook-timestamp": str(NOW_S + 1)}, BODY, NOW_S),
        ({"webhook-timestamp": "soon"}, BODY, NOW_S),
        ({}, BODY + " ", NOW_S),
        ({}, BODY, NOW_S + 301),
        ({}, BODY, NOW_S - 301),
        ({"webhook-signature": signature("{")}, "{", NOW_S),
    ],
)
def test_a_changed_or_old_webhook_is_refused(headers: dict[str, str], body: str, now_s: float) -> None:
    """The error has a code, as all errors of the package."""
    with pytest.raises(WebhookError) as refused:
        verify_webhook(body, {**HEADERS, **headers}, SECRET, now_s=now_s)
    assert refused.value.code == "invalid_webhook"


@pytest.mark.parametrize("missing", HEADERS)
def test_a_missing_header_is_named(missing: str) -> None:
    """All three are required."""
    with pytest.raises(WebhookError, match=missing):
        verify_webhook(BODY, {name: HEADERS[name] for name in HEADERS if name != missing}, SECRET, now_s=NOW_S)


def test_a_malformed_secret_is_an_error_of_the_caller() -> None:
    """No webhook could ever be authentic with it."""
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(BODY, HEADERS, "whsec_no Base64", now_s=NOW_S)


@given(st.text(), st.text(), st.text())
def test_any_header_is_checked_without_another_exception(message_id: str, timestamp: str, signatures: str) -> None:
    """Headers come from everyone who knows the URL."""
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signatures}
    with pytest.raises(WebhookError):
        verify_webhook(BODY, headers, SECRET, now_s=NOW_S)
