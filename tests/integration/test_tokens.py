"""Tokens and keys, against a real little issuer: who is let in, who isn't, and what that costs the issuer."""

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
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer, new_key, public_jwk
from transcode.errors import ExpiredTokenError, InvalidTokenError, IssuerUnavailableError

IN_2096_S = 4_000_000_000
"""Seconds since 1970. A constant, because the ids of the tests have to be the same in each process of a run."""


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """The present."""
        return self.now_s


@pytest.fixture(scope="module")
def server() -> Iterator[LittleIssuer]:
    """One issuer for all tests here; each changes its keys as it likes."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture
def issuer(server: LittleIssuer) -> LittleIssuer:
    """The issuer with nothing odd left of an earlier test."""
    server.is_down, server.key_set_url, server.named = False, None, None
    return server


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def verifier(issuer: LittleIssuer, clock: Clock) -> TokenVerifier:
    """What the service verifies with."""
    return TokenVerifier(Issuer(issuer.url, clock=clock), audience=AUDIENCE)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_token_of_the_issuer_names_its_subject(
    issuer: LittleIssuer, verifier: TokenVerifier, algorithm: str
) -> None:
    """With either kind of key."""
    assert await verifier.subject(issuer.token("ada", key_id=issuer.add_key(algorithm))) == "ada"


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
    """However well it is signed."""
    issuer.rotate(algorithm="ES256")
    with pytest.raises(InvalidTokenError):
        await verifier.subject(issuer.token(**changes))


async def test_one_of_many_audiences_is_enough(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """`aud` may be a list."""
    assert await verifier.subject(issuer.token(aud=["another", AUDIENCE])) == "ada"


async def test_expiry_is_told_from_other_faults_and_has_a_small_leeway(
    issuer: LittleIssuer, verifier: TokenVerifier
) -> None:
    """So that a client knows to fetch another token; clocks differ a little."""
    now_s = int(time.time())
    assert await verifier.subject(issuer.token(exp=now_s - LEEWAY_S // 2)) == "ada"
    with pytest.raises(ExpiredTokenError):
        await verifier.subject(issuer.token(exp=now_s - 2 * LEEWAY_S))


def _unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def _hmac_with_the_public_key(issuer: LittleIssuer, token: str) -> str:
    """The classic confusion: the public key, which everybody has, taken for an HMAC secret."""
    key_id = jwt.get_unverified_header(token)["kid"]
    secret = json.dumps(public_jwk(key_id, issuer._keys[key_id])).encode()  # noqa: SLF001 -- stolen, so to say
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": key_id}).encode()).rstrip(b"=")
    signed = header + b"." + token.split(".")[1].encode()
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + signature).decode()


async def test_none_and_hmac_are_refused(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """Whatever the header says, only RS256 and ES256 are looked at."""
    token = issuer.token()
    for forged in (_unsigned(token), _hmac_with_the_public_key(issuer, token)):
        with pytest.raises(InvalidTokenError, match="RS256 or ES256"):
            await verifier.subject(forged)


async def test_another_key_under_a_known_id_is_refused(issuer: LittleIssuer, verifier: TokenVerifier) -> None:
    """The signature counts, not what the header claims."""
    key_id = issuer.rotate()
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    forged = jwt.encode(claims, new_key("RS256"), algorithm="RS256", headers={"kid": key_id})
    with pytest.raises(InvalidTokenError):
        await verifier.subject(forged)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "..", "é.é.é", "A" * 20_000, "e30.e30.e30", "bnVsbA.e30."])
async def test_what_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    """Never an error of ours."""
    with pytest.raises(InvalidTokenError):
        await verifier.subject(token)


async def test_rotated_keys_are_picked_up(issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock) -> None:
    """A token signed with a new key works as soon as the keys may be fetched again, and the old key no longer."""
    old = issuer.token()
    assert await verifier.subject(old) == "ada"
    issuer.rotate(algorithm="ES256")
    clock.now_s += RETRY_S
    assert await verifier.subject(issuer.token()) == "ada"
    with pytest.raises(InvalidTokenError):
        await verifier.subject(old)


async def test_a_withdrawn_key_is_soon_refused(issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock) -> None:
    """Even if nobody shows a token of the new key."""
    old = issuer.token()
    assert await verifier.subject(old) == "ada"
    issuer.rotate()
    clock.now_s += FRESH_S
    with pytest.raises(InvalidTokenError):
        await verifier.subject(old)


async def test_invented_keys_do_not_hammer_the_issuer(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """A hundred forged tokens cost it one fetch; a good one costs none."""
    good = issuer.token()
    await verifier.subject(good)
    clock.now_s += RETRY_S
    before = issuer.fetches
    for number in range(100):
        forged = jwt.encode({"sub": "eve"}, new_key("ES256"), algorithm="ES256", headers={"kid": f"forged-{number}"})
        with pytest.raises(InvalidTokenError):
            await verifier.subject(forged)
    assert await verifier.subject(good) == "ada"
    assert issuer.fetches == before + 1


async def test_an_issuer_out_of_reach_is_no_fault_of_the_token(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """Whoever can't be verified is asked to come again, and let in once the issuer is back."""
    issuer.is_down = True
    with pytest.raises(IssuerUnavailableError):
        await verifier.subject(issuer.token())
    issuer.is_down = False
    clock.now_s += RETRY_S
    assert await verifier.subject(issuer.token()) == "ada"


async def test_keys_in_hand_outlive_an_outage_for_a_day(
    issuer: LittleIssuer, verifier: TokenVerifier, clock: Clock
) -> None:
    """An identity provider's bad hour doesn't end every upload."""
    await verifier.subject(issuer.token())
    issuer.is_down = True
    clock.now_s += FRESH_S + 1
    assert await verifier.subject(issuer.token()) == "ada"
    clock.now_s += STALE_S
    with pytest.raises(IssuerUnavailableError):
        await verifier.subject(issuer.token())


@pytest.mark.parametrize("odd", [{"named": "https://elsewhere.example"}, {"key_set_url": "ftp://127.0.0.1/keys"}])
async def test_a_strange_discovery_document_is_not_trusted(
    issuer: LittleIssuer, verifier: TokenVerifier, odd: dict[str, str]
) -> None:
    """It must name the issuer that was configured, and a key set over HTTP."""
    for name, value in odd.items():
        setattr(issuer, name, value)
    with pytest.raises(IssuerUnavailableError):
        await verifier.subject(issuer.token())
