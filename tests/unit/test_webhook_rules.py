"""The rules of webhooks: signatures, addresses, delays, and rests."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcomes import Done, GiveUp, Message, Retry
from worker.webhooks.addresses import is_public
from worker.webhooks.delivery_rule import (
    MAX_DELAY_S,
    MAX_RETRY_AFTER_S,
    Answer,
    EndpointRest,
    delay_s,
    is_too_old,
    retry_after_s,
)
from worker.webhooks.signature import headers, parse_secret
from worker.webhooks.webhook_message import WebhookMessage

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the published test vector
OTHER = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_a_signature_is_that_of_the_specification_of_standard_webhooks() -> None:
    """The vector is the one of Standard Webhooks and of Svix's libraries."""
    signed = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', [SECRET], now_s=1_614_265_330)
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_during_a_rotation_a_webhook_has_a_signature_for_each_secret() -> None:
    """A receiver that knows only one of the two secrets accepts it."""
    signed = headers("evt_1", "{}", [SECRET, OTHER], now_s=5)
    first, second = signed["webhook-signature"].split(" ")
    expected = hmac.new(b"k" * 32, b"evt_1.5.{}", hashlib.sha256).digest()
    assert second == "v1," + base64.b64encode(expected).decode()
    assert first == headers("evt_1", "{}", [SECRET], now_s=5)["webhook-signature"]


@pytest.mark.parametrize("secret", ["", "abc", "whsec_", "whsec_!!", "whsec_YQ==", SECRET.removeprefix("whsec_")])
def test_a_secret_of_another_form_is_refused_without_repeating_it(secret: str) -> None:
    """A short key would be guessed, and the text of the error may be logged."""
    with pytest.raises(ValueError, match="whsec_ and base64") as error:
        parse_secret(secret)
    assert len(secret) < 7 or secret not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 -- no socket is bound
            "224.0.0.1",
        ),
        *("255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
        ),
        *("64:ff9b:1::1", "::7f00:1", "2001:db8::1", "192.0.2.1", "example.com", "", "0x7f.1"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    """Private, link-local, loopback, multicast and documentation addresses, also inside of IPv6 addresses."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_accepted(address: str) -> None:
    """Also an IPv4 address behind NAT64."""
    assert is_public(address)


@given(failures=st.integers(1, 10**6), draw=st.floats(0, 1), after=st.none() | st.integers(0, 10**9))
def test_a_delay_grows_to_half_an_hour_and_obeys_retry_after(failures: int, draw: float, after: int | None) -> None:
    """It is 20 % shorter or longer at random. Only a Retry-After makes it longer, within what SQS allows."""
    seconds = delay_s(failures, Answer(status=503, retry_after_s=after), draw=draw)
    assert 4 <= seconds <= MAX_RETRY_AFTER_S
    assert seconds >= min(after or 0, MAX_RETRY_AFTER_S)
    if after is None:
        assert seconds <= MAX_DELAY_S * 1.2


@pytest.mark.parametrize("answer", [Answer(status=429), Answer(reason="timeout", is_timeout=True)])
def test_an_overloaded_receiver_gets_a_minute(answer: Answer) -> None:
    """The first delay after a timeout or a 429 is a minute, and not five seconds."""
    assert delay_s(1, answer, draw=0.5) == 60


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("90", 90),
        (" 90 ", 90),
        ("-1", None),
        ("soon", None),
        ("99999999999999", None),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
    ],
)
def test_retry_after_has_seconds_or_a_date(header: str | None, expected: int | None) -> None:
    """Any other text counts as no header."""
    assert retry_after_s(header, now=datetime(2026, 1, 1, tzinfo=UTC)) == expected


@pytest.mark.parametrize(("status", "is_success"), [(200, True), (204, True), (302, False), (410, False), (500, False)])
def test_only_2xx_is_a_success(status: int, *, is_success: bool) -> None:
    """A redirect isn't followed, so it is a failure."""
    assert Answer(status=status).is_success == is_success


RETRY, GIVEN_UP = Retry(reason="status 500", delay_s=5), GiveUp(reason="too old")


def test_a_failing_endpoint_rests_longer_and_longer_until_one_success() -> None:
    """While it rests, its messages stay visible in the queue."""
    rest = EndpointRest(draw=lambda: 0.5)
    waits = []
    for _ in range(8):
        rest.record([RETRY, RETRY], now_s=100)
        waits.append(rest.remaining_s(now_s=100))
    assert waits == [5, 15, 45, 135, 405, 1215, 1800, 1800]
    rest.record([RETRY, Done()], now_s=100)
    assert (rest.remaining_s(now_s=100), rest.failures) == (0, 0)


def test_webhooks_that_are_given_up_need_no_rest() -> None:
    """After twelve days of failures they go to the dead-letter queue at once, before SQS deletes them."""
    rest = EndpointRest(draw=lambda: 0.5)
    rest.record([RETRY], now_s=100)
    rest.record([GIVEN_UP], now_s=105)
    assert (rest.remaining_s(now_s=105), rest.failures) == (0, 1)


def test_a_webhook_is_too_old_after_twelve_days() -> None:
    """Its age counts from the first sending, unless an operator sent it back from the dead-letter queue."""
    message = Message(message_id="m", body="", sent_ms=1_000)
    assert not is_too_old(message, give_up_after_s=60, now_s=60)
    assert is_too_old(message, give_up_after_s=60, now_s=61)
    assert not is_too_old(Message(message_id="m", body=""), give_up_after_s=60, now_s=10**9)


@given(webhook_id=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), body=st.text())
def test_a_queue_keeps_the_body_byte_for_byte(webhook_id: str, body: str) -> None:
    """The signature is made of these bytes at each attempt."""
    webhook = WebhookMessage(webhook_id=webhook_id, body=body)
    assert WebhookMessage.from_json(webhook.to_json()) == webhook


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"webhook_id": 5, "body": ""}'])
def test_a_message_that_is_no_webhook_is_an_error(text: str) -> None:
    """It goes to the dead-letter queue."""
    with pytest.raises(ValueError):  # noqa: PT011 -- also the errors of the JSON parser
        WebhookMessage.from_json(text)


@pytest.mark.parametrize("webhook_id", ["", "evt 1", "evt\n1", "evt\x001", "é", "\ud83d", "x" * 256])
def test_a_message_whose_id_no_header_can_have_is_no_webhook(webhook_id: str) -> None:
    """Otherwise every attempt would fail, and the endpoint would rest for it."""
    with pytest.raises(ValueError, match="no webhook"):
        WebhookMessage.from_json(WebhookMessage(webhook_id=webhook_id, body="{}").to_json())


def test_the_poller_of_a_stopped_endpoint_rests_for_a_minute_each_time() -> None:
    """Its rest doesn't grow, so it goes on soon after an operator has resumed the endpoint."""
    rest = EndpointRest(draw=lambda: 0.5)
    rest.record_answer(Answer(status=410))
    for number in range(50):
        rest.record([Retry(reason="stopped", delay_s=1_800)], now_s=number * 100)
        assert rest.remaining_s(now_s=number * 100) == 60
    rest.record_answer(Answer(status=500))
    rest.record([Retry(reason="status 500", delay_s=5)], now_s=10_000)
    assert rest.remaining_s(now_s=10_000) == 15
