"""What playback's cookies allow, and that CloudFront would believe them."""

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
    """Cookies signed with a key of the tests' own."""
    signer = Signer(key_pair_id="KTEST", private_key_pem=KEYS.private_pem)
    return PlaybackCookies(signer, playback_base_url=BASE, ttl_s=ttl_s)


def set_cookies(job: Job | None, *, given_by: PlaybackCookies, now_s: int = NOW_S) -> dict[str, tuple[str, set[str]]]:
    """Each cookie's value and its attributes, by name, as a browser is told them."""
    response = Response()
    given_by.set_on(response, job, now_s=now_s)
    told = [header.split("; ") for header in response.headers.getlist("set-cookie")]
    return {pair.split("=", 1)[0]: (pair.split("=", 1)[1], set(attributes)) for pair, *attributes in told}


def decoded(value: str) -> bytes:
    """CloudFront's base64, read."""
    return base64.b64decode(value.translate(str.maketrans("-_~", "+=/")))


def test_the_signature_is_that_of_the_policy_by_the_private_key() -> None:
    """Verified with the public half, as CloudFront does: RSA, SHA-1, the policy's very bytes."""
    given_cookies = set_cookies(COMPLETE, given_by=cookies())
    policy, signature = (decoded(given_cookies[f"CloudFront-{name}"][0]) for name in ("Policy", "Signature"))
    public = serialization.load_pem_public_key(KEYS.public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- CloudFront's
    with pytest.raises(InvalidSignature):
        public.verify(signature, policy + b" ", padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    assert given_cookies["CloudFront-Key-Pair-Id"][0] == "KTEST"


def test_the_policy_allows_the_keys_of_this_output_and_nothing_else() -> None:
    """One statement: the key files of one folder, until one moment."""
    policy = json.loads(decoded(set_cookies(COMPLETE, given_by=cookies())["CloudFront-Policy"][0]))
    (statement,) = policy["Statement"]
    assert statement["Resource"] == f"{BASE}/{FOLDER}*.key"
    assert set(statement["Condition"]) == {"DateLessThan"}
    assert NOW_S + 300 <= statement["Condition"]["DateLessThan"]["AWS:EpochTime"] <= NOW_S + 600


def test_a_cookie_is_sent_back_for_this_output_only_and_seen_by_no_script() -> None:
    """Secure, HttpOnly, for this site's own requests, below the output's path, gone when the policy is."""
    for name, (_, attributes) in set_cookies(COMPLETE, given_by=cookies()).items():
        assert name in {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
        assert {"Secure", "HttpOnly", "SameSite=strict", f"Path=/{FOLDER}", "Max-Age=600"} == attributes


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.COMPLETE])
def test_only_a_complete_job_gives_cookies(status: Status) -> None:
    """Nothing else has a key file to fetch."""
    assert set_cookies(replace(COMPLETE, status=status), given_by=cookies()) == {}
    assert set_cookies(None, given_by=cookies()) == {}


@given(ttl_s=some.integers(60, 86_400), now_s=some.integers(1_700_000_000, 2_000_000_000))
def test_a_grant_lasts_half_its_time_at_least_and_all_of_it_at_most(ttl_s: int, now_s: int) -> None:
    """However the moment falls, so that looking again at half time always comes early enough."""
    left_s = grant(FOLDER, playback_base_url=BASE, ttl_s=ttl_s, now_s=now_s).expires_s - now_s
    assert ttl_s // 2 <= left_s <= ttl_s


def test_who_asks_within_half_the_time_is_given_the_same() -> None:
    """Signed once, however many look."""
    giving = cookies(ttl_s=600)
    at = [set_cookies(COMPLETE, given_by=giving, now_s=NOW_S + late_s) for late_s in (0, 299, 300)]
    policies = [each["CloudFront-Policy"][0] for each in at]
    assert policies[0] == policies[1] != policies[2]


@given(folder=some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_folder_is_allowed_as_its_address_is_written(folder: str) -> None:
    """Wildcards, spaces and quotes of a name stand encoded, so that they mean themselves."""
    given_grant = grant(folder + "/", playback_base_url=BASE, ttl_s=600, now_s=NOW_S)
    assert given_grant.resource == f"{BASE}/{quote(folder)}/*.key"
    assert given_grant.cookie_path == f"/{quote(folder)}/"
    assert not set("*?;, ") & set(given_grant.cookie_path)


def test_a_key_that_cloudfront_would_not_take_is_refused() -> None:
    """Another size, another kind, a public key, no key: each in words that don't show it."""
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- to be refused
    other = ec.generate_private_key(ec.SECP256R1())
    as_pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    wrong = [
        small.private_bytes(*as_pem).decode(),
        other.private_bytes(*as_pem).decode(),
        KEYS.public_pem,
        "secret words",
    ]
    for pem in wrong:
        with pytest.raises(PlaybackKeyError) as refused:
            Signer(key_pair_id="KTEST", private_key_pem=pem)
        assert not any(line in str(refused.value) for line in pem.splitlines())


def test_a_key_may_stand_in_one_line_of_a_file_of_variables() -> None:
    r"""Its line breaks spelled as \n, which is all that such files can say."""
    Signer(key_pair_id="KTEST", private_key_pem=KEYS.private_pem.replace("\n", "\\n"))
