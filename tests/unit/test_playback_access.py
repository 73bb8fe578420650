"""Playback on one machine believes the cookies that CloudFront would, and no others."""

import base64
import json

import pytest

from local.playback_access import TrustedKey, is_allowed, is_guarded, trusted_key
from local.playback_key import KeyPair, new_key_pair
from service.playback.grant import grant
from service.playback.signer import Signer

BASE = "https://video.example"
FOLDER = "uploads/6f1c/clip.mp4_1/"
NOW_S = 1_800_000_000
KEYS = new_key_pair()


def given(*, keys: KeyPair = KEYS, folder: str = FOLDER, now_s: int = NOW_S) -> dict[str, str]:
    """The service's cookies for a folder."""
    granted = grant(folder, playback_base_url=BASE, ttl_s=600, now_s=now_s)
    return dict(Signer(key_pair_id="K1", private_key_pem=keys.private_pem).values(granted))


def trusted(key_pair_id: str = "K1") -> TrustedKey:
    """The key that playback knows."""
    return trusted_key(key_pair_id=key_pair_id, public_key_pem=KEYS.public_pem)


def policy(**changes: object) -> str:
    """A policy that nobody signed, in CloudFront's base64."""
    statement = {"Resource": f"{BASE}/*", "Condition": {"DateLessThan": {"AWS:EpochTime": NOW_S + 60}}, **changes}
    text = base64.b64encode(json.dumps({"Statement": [statement]}).encode()).decode()
    return text.translate(str.maketrans("+=/", "-_~"))


def test_the_services_cookies_open_their_own_key() -> None:
    """The key file of the output that they were given for."""
    assert is_allowed(f"{BASE}/{FOLDER}clip.key", given(), trusted=trusted(), now_s=NOW_S)


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/uploads/other/clip.mp4_1/clip.key",
        f"{BASE}/{FOLDER}clip.keys",
        f"{BASE}/{FOLDER}clip.ts",
        f"http://video.example/{FOLDER}clip.key",
        f"https://evil.example/{FOLDER}clip.key",
        f"{BASE}/{FOLDER.replace('.', 'x')}clip.key",
    ],
)
def test_they_open_nothing_else(address: str) -> None:
    """Another folder, another suffix, another scheme or host; and a dot is a dot."""
    assert not is_allowed(address, given(), trusted=trusted(), now_s=NOW_S)


@pytest.mark.parametrize(
    "cookies",
    [
        {},
        given(keys=new_key_pair()),
        {**given(), "CloudFront-Policy": policy()},
        {**given(), "CloudFront-Policy": given(now_s=NOW_S + 600)["CloudFront-Policy"]},
        {**given(), "CloudFront-Signature": "AAAA"},
        {**given(), "CloudFront-Signature": "no base64!"},
        {**given(), "CloudFront-Key-Pair-Id": "K2"},
        {name: value for name, value in given().items() if name != "CloudFront-Signature"},
    ],
    ids=["none", "another key's", "own policy", "later policy", "short", "garbage", "another id", "unsigned"],
)
def test_what_the_service_did_not_sign_opens_nothing(cookies: dict[str, str]) -> None:
    """No cookie, another's signature, a changed policy."""
    assert not is_allowed(f"{BASE}/{FOLDER}clip.key", cookies, trusted=trusted(), now_s=NOW_S)


def test_a_cookie_ends() -> None:
    """At the moment that the policy names, whatever the browser keeps."""
    address, cookies = f"{BASE}/{FOLDER}clip.key", given()
    assert is_allowed(address, cookies, trusted=trusted(), now_s=NOW_S + 299)
    assert not is_allowed(address, cookies, trusted=trusted(), now_s=NOW_S + 601)


def test_key_files_are_guarded_and_the_rest_is_not() -> None:
    """As edge.yaml's paths say."""
    assert [is_guarded(key) for key in ("a/clip.key", "a/clip.ts", "a/clip.m3u8", "a.key/clip.ts")] == [
        True,
        False,
        False,
        False,
    ]
