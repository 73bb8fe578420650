"""Bearer tokens and signing keys, with a real issuer: accepted and refused tokens, and the issuer's load."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from service.access.issuer import FRESH_S, RETRY_S, STALE_S, Issuer
from service.access.tokens import LEEWAY_S, TokenVerifier
from service.request_errors import ExpiredTokenError, InvalidTokenError, IssuerUnavailableError
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer, new_key, public_jwk

IN_2096_S = 4_000_000_000
"""Seconds since 1970. A constant, because the ids of the tests have to be the same in each process of a run."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """Return the current time."""
        return self.now_s


@pytest.fixture(scope="module")
def server() -> Iterator[LittleIssuer]:
    """One issuer for all tests of this module; each test changes its keys."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture
def issuer(server: LittleIssuer) -> LittleIssuer:
    """The issuer without the changes of earlier tests."""
    server.is_down, server.key_set_url, server.named = False, None, None
    return server


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def verifier(issuer: LittleIssuer, clock: Clock) -> TokenVerifier:
    """The service's verifier."""
    return TokenVerifier(Issuer(issuer.url, clock=clock), audience=AUDIENCE)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_token_of_the_issuer_names_its_subject(
    issuer: LittleIssuer, verifier: TokenVerifier, algorithm: str
) -> None:
    """With each kind of key."""
    assert (await verifier.caller(issuer.token("ada", key_id=issuer.add_key(algorithm)))).sub == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": None},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "a" * 256},
        {"sub": "a\nb"},
        {"nbf": IN_2096_S},
        {"iat": IN_2096_S},
        {"exp": "tomorrow"},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_refused(
    issuer: LittleIssuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    """Also if the signature is valid."""
    issuer.rotate(algorithm="ES256")
    with pytest.raises(InvalidTokenError):
        await verifier.caller(issuer.token(**changes))


@pytest.mark.parametrize("header_type", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
async def test_an_access_token_has_one_of_these_types(
    issuer: LittleIssuer, verifier: TokenVerifier, header_type: str
) -> None:
    """In any case; most providers write JWT."""
    assert (await verifier.caller(issuer.token("ada", header_type=header_type))).sub == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"header_type": "logout+jwt"},
        {"header_type": "dpop+jwt"},
        {"header_type": "secevent+jwt"},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
    ids=str,
)
async def test_a_token_for_another_use_is_refused(
    issuer: LittleIssuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    """A refresh token or a logout token has the same issuer, audience and signature."""
    with pytest.raises(InvalidTokenError, match="not an access token"):
        await verifier.caller(issuer.token(**changes))


async def test_only_tokens_of_the_named_clients_are_valid(issuer: LittleIssuer) -> None:
    """`azp` names the client, or `client_id` if there is no `azp`."""
    verifier = TokenVerifier(Issuer(issuer.url), audience=AUDIENCE, clients=["page", "cli"])
    for claims in ({"azp": "page"}, {"client_id": "cli"}, {"azp": "page", "client_id": "other"}):
        assert (await verifier.caller(issuer.token(**claims))).sub == "ada"
    for claims in ({}, {"azp": "other"}, {"client_id": "other"}, {"azp": "other", "client_id": "page"}):
        with pytest.raises(InvalidTokenError, match="another client"):
            await verifier.caller(issuer.token(**claims))


async def test_one_of_many_audiences_is_enough(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """`aud` may be a list."""
    assert (await verifier.caller(issuer.token(aud=["another", AUDIENCE]))).sub == "ada"


async def test_an_expired_token_has_an_error_of_its_own_and_a_small_leeway(
    issuer: LittleIssuer, verifier: TokenVerifier
) -> None:
    """A client can then fetch another token; the leeway is for clocks that differ."""
    now_s = int(time.time())
    assert (await verifier.caller(issuer.token(exp=now_s - LEEWAY_S // 2))).sub == "ada"
    with pytest.raises(ExpiredTokenError):
        await verifier.caller(issuer.token(exp=now_s - 2 * LEEWAY_S))


def _unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def _hmac_with_the_public_key(issuer: LittleIssuer, token: str) -> str:
    """Return a token whose HMAC secret is the public key: a known attack on verifiers that trust the header."""
    key_id = jwt.get_unverified_header(token)["kid"]
    secret = json.dumps(public_jwk(key_id, issuer._keys[key_id])).encode()  # noqa: SLF001 -- the attacker has the public key
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": key_id}).encode()).rstrip(b"=")
    signed = header + b"." + token.split(".")[1].encode()
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + signature).decode()


async def test_none_and_hmac_are_refused(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """The verifier accepts only RS256 and ES256, whatever the header says."""
    token = issuer.token()
    for forged in (_unsigned(token), _hmac_with_the_public_key(issuer, token)):
        with pytest.raises(InvalidTokenError, match="RS256 or ES256"):
            await verifier.caller(forged)


async def test_another_key_under_a_known_id_is_refused(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """The signature decides, not the key id in the header."""
    key_id = issuer.rotate()
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    forged = jwt.encode(claims, new_key("RS256"), algorithm="RS256", headers={"kid": key_id})
    with pytest.raises(InvalidTokenError):
        await verifier.caller(forged)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "..", "é.é.é", "A" * 20_000, "e30.e30.e30", "bnVsbA.e30."])
async def test_malformed_tokens_are_refused(verifier: TokenVerifier, token: str) -> None:
    """The error is InvalidTokenError, never an error of the parser."""
    with pytest.raises(InvalidTokenError):
        await verifier.caller(token)


async def test_rotated_keys_are_fetched(issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock) -> None:
    """A token with a new key is valid once the keys may be fetched again; one with the old key is then invalid."""
    old = issuer.token()
    assert (await verifier.caller(old)).sub == "ada"
    issuer.rotate(algorithm="ES256")
    clock.now_s += RETRY_S
    assert (await verifier.caller(issuer.token())).sub == "ada"
    with pytest.raises(InvalidTokenError):
        await verifier.caller(old)


async def test_a_withdrawn_key_is_refused_when_the_keys_expire(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """Although no token with the new key came."""
    old = issuer.token()
    assert (await verifier.caller(old)).sub == "ada"
    issuer.rotate()
    clock.now_s += FRESH_S
    with pytest.raises(InvalidTokenError):
        await verifier.caller(old)


async def test_tokens_with_unknown_keys_cause_few_fetches(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """A hundred forged tokens cause one fetch; a valid one causes none."""
    good = issuer.token()
    await verifier.caller(good)
    clock.now_s += RETRY_S
    before = issuer.fetches
    for number in range(100):
        forged = jwt.encode({"sub": "eve"}, new_key("ES256"), algorithm="ES256", headers={"kid": f"forged-{number}"})
        with pytest.raises(InvalidTokenError):
            await verifier.caller(forged)
    assert (await verifier.caller(good)).sub == "ada"
    assert issuer.fetches == before + 1


async def test_an_unreachable_issuer_does_not_make_a_token_invalid(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """The service returns 503, and accepts the token when the issuer is available again."""
    issuer.is_down = True
    with pytest.raises(IssuerUnavailableError):
        await verifier.caller(issuer.token())
    issuer.is_down = False
    clock.now_s += RETRY_S
    assert (await verifier.caller(issuer.token())).sub == "ada"


async def test_fetched_keys_are_used_for_a_day_during_an_outage(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """An outage of the identity provider doesn't stop uploads."""
    await verifier.caller(issuer.token())
    issuer.is_down = True
    clock.now_s += FRESH_S + 1
    assert (await verifier.caller(issuer.token())).sub == "ada"
    clock.now_s += STALE_S
    with pytest.raises(IssuerUnavailableError):
        await verifier.caller(issuer.token())


@pytest.mark.parametrize("odd", [{"named": "https://elsewhere.example"}, {"key_set_url": "ftp://127.0.0.1/keys"}])
async def test_a_wrong_discovery_document_is_refused(
    issuer: LittleIssuer, verifier: TokenVerifier, odd: dict[str, str]
) -> None:
    """It must have the configured issuer, and a key set over HTTP."""
    for name, value in odd.items():
        setattr(issuer, name, value)
    with pytest.raises(IssuerUnavailableError):
        await verifier.caller(issuer.token())
