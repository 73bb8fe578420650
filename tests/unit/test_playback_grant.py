"""The service's playback cookies: their policy, signature and attributes, as CloudFront checks them."""

import base64
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as some
from starlette.responses import Response

from local.playback_key import new_key_pair
from service.playback.cookies import PlaybackCookies
from service.playback.grant import grant
from service.playback.signer import PlaybackKeyError, Signer
from transcode.job import Job, Output, Status

BASE = "https://video.example"
FOLDER = "uploads/6f1c/clip.mp4_20261122080000-4be1c7/"
NOW_S = 1_800_000_000
KEYS = new_key_pair()
COMPLETE = Job(job_id="1-a", status=Status.COMPLETE, output=Output(path=FOLDER, playlists={".m3u8": "clip.m3u8"}))


def cookies(*, ttl_s: int = 600) -> PlaybackCookies:
    """Return playback cookies that a test key signs."""
    signer = Signer(key_pair_id="KTEST", private_key_pem=KEYS.private_pem)
    return PlaybackCookies(signer, playback_base_url=BASE, ttl_s=ttl_s)


def cookies_set(job: Job | None, *, issuer: PlaybackCookies, now_s: int = NOW_S) -> dict[str, tuple[str, set[str]]]:
    """Return the value and the attributes of each cookie that the response sets, by name."""
    response = Response()
    issuer.set_on(response, job, now_s=now_s)
    headers = [header.split("; ") for header in response.headers.getlist("set-cookie")]
    return {pair.split("=", 1)[0]: (pair.split("=", 1)[1], set(attributes)) for pair, *attributes in headers}


def decoded(value: str) -> bytes:
    """Decode CloudFront's base64 variant."""
    return base64.b64decode(value.translate(str.maketrans("-_~", "+=/")))


def test_the_signature_verifies_with_the_public_key() -> None:
    """CloudFront verifies RSA with SHA-1 over the exact bytes of the policy."""
    sent_cookies = cookies_set(COMPLETE, issuer=cookies())
    policy, signature = (decoded(sent_cookies[f"CloudFront-{name}"][0]) for name in ("Policy", "Signature"))
    public = serialization.load_pem_public_key(KEYS.public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- CloudFront's algorithm
    with pytest.raises(InvalidSignature):
        public.verify(signature, policy + b" ", padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    assert sent_cookies["CloudFront-Key-Pair-Id"][0] == "KTEST"


def test_the_policy_allows_only_the_files_of_one_output() -> None:
    """Its only statement has an expiry and no other condition."""
    policy = json.loads(decoded(cookies_set(COMPLETE, issuer=cookies())["CloudFront-Policy"][0]))
    (statement,) = policy["Statement"]
    assert statement["Resource"] == f"{BASE}/{FOLDER}*"
    assert set(statement["Condition"]) == {"DateLessThan"}
    assert NOW_S + 300 <= statement["Condition"]["DateLessThan"]["AWS:EpochTime"] <= NOW_S + 600


def test_a_cookie_is_limited_to_its_output_and_hidden_from_scripts() -> None:
    """It is Secure, HttpOnly and SameSite=strict, has the output's path, and expires with the policy."""
    for name, (_, attributes) in cookies_set(COMPLETE, issuer=cookies()).items():
        assert name in {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
        assert {"Secure", "HttpOnly", "SameSite=strict", f"Path=/{FOLDER}", "Max-Age=600"} == attributes


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.COMPLETE])
def test_only_a_complete_job_sets_cookies(status: Status) -> None:
    """No other job has a key file."""
    assert cookies_set(replace(COMPLETE, status=status), issuer=cookies()) == {}
    assert cookies_set(None, issuer=cookies()) == {}


@given(ttl_s=some.integers(60, 86_400), now_s=some.integers(1_700_000_000, 2_000_000_000))
def test_a_grant_lasts_between_half_and_all_of_its_ttl(ttl_s: int, now_s: int) -> None:
    """A player that renews the cookies after half the time is therefore always early enough."""
    left_s = grant(FOLDER, playback_base_url=BASE, ttl_s=ttl_s, now_s=now_s).expires_s - now_s
    assert ttl_s // 2 <= left_s <= ttl_s


def test_requests_within_half_the_ttl_get_the_same_policy() -> None:
    """The service signs it once for all of them."""
    issuer = cookies(ttl_s=600)
    responses = [cookies_set(COMPLETE, issuer=issuer, now_s=NOW_S + late_s) for late_s in (0, 299, 300)]
    policies = [each["CloudFront-Policy"][0] for each in responses]
    assert policies[0] == policies[1] != policies[2]


@given(folder=some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_folder_is_percent_encoded_in_the_policy(folder: str) -> None:
    """Wildcards, spaces and quotes in a name are therefore literal."""
    folder_grant = grant(folder + "/", playback_base_url=BASE, ttl_s=600, now_s=NOW_S)
    assert folder_grant.resource == f"{BASE}/{quote(folder)}/*"
    assert folder_grant.cookie_path == f"/{quote(folder)}/"
    assert not set("*?;, ") & set(folder_grant.cookie_path)


def test_a_key_that_cloudfront_does_not_accept_is_refused() -> None:
    """The signer accepts only a 2048-bit RSA private key, and its error text doesn't show the key."""
    weak_rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- a weak key on purpose
    elliptic_key = ec.generate_private_key(ec.SECP256R1())
    pem_format = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    wrong = [
        weak_rsa_key.private_bytes(*pem_format).decode(),
        elliptic_key.private_bytes(*pem_format).decode(),
        KEYS.public_pem,
        "secret words",
    ]
    for pem in wrong:
        with pytest.raises(PlaybackKeyError) as refused:
            Signer(key_pair_id="KTEST", private_key_pem=pem)
        assert not any(line in str(refused.value) for line in pem.splitlines())


def test_a_key_may_have_escaped_line_breaks() -> None:
    """An environment file can only contain backslash-n in place of line breaks."""
    Signer(key_pair_id="KTEST", private_key_pem=KEYS.private_pem.replace("\n", "\\n"))
