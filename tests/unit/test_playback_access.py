"""Local playback accepts the same signed cookies as CloudFront."""

import base64
import json
from functools import cache

import pytest

from local.playback_access import TrustedKey, is_allowed, is_guarded, trusted_key
from local.playback_key import KeyPair, new_key_pair
from service.playback.grant import grant
from service.playback.signer import Signer

BASE = "https://video.example"
FOLDER = "uploads/6f1c/clip.mp4_1/"
NOW_S = 1_800_000_000
KEYS = new_key_pair()


@cache
def signed_cookies(*, keys: KeyPair = KEYS, folder: str = FOLDER, now_s: int = NOW_S) -> dict[str, str]:
    """Return the service's cookies for a folder."""
    granted = grant(folder, playback_base_url=BASE, ttl_s=600, now_s=now_s)
    return dict(Signer(key_pair_id="K1", private_key_pem=keys.private_pem).values(granted))


def trusted(key_pair_id: str = "K1") -> TrustedKey:
    """Return the public key that playback trusts."""
    return trusted_key(key_pair_id=key_pair_id, public_key_pem=KEYS.public_pem)


def unsigned_policy(**changes: object) -> str:
    """Return an unsigned policy in CloudFront's base64 variant."""
    statement = {"Resource": f"{BASE}/*", "Condition": {"DateLessThan": {"AWS:EpochTime": NOW_S + 60}}, **changes}
    text = base64.b64encode(json.dumps({"Statement": [statement]}).encode()).decode()
    return text.translate(str.maketrans("+=/", "-_~"))


def test_cookies_allow_the_key_file_of_their_output() -> None:
    """The service issues the cookies for one output folder."""
    assert is_allowed(f"{BASE}/{FOLDER}clip.key", signed_cookies(), trusted=trusted(), now_s=NOW_S)


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/uploads/other/clip.mp4_1/clip.key",
        f"http://video.example/{FOLDER}clip.key",
        f"https://evil.example/{FOLDER}clip.key",
        f"{BASE}/{FOLDER.replace('.', 'x')}clip.key",
    ],
)
def test_cookies_allow_no_other_address(address: str) -> None:
    """Another folder, scheme or host is refused, and a dot in the pattern matches only a dot."""
    assert not is_allowed(address, signed_cookies(), trusted=trusted(), now_s=NOW_S)


@pytest.mark.parametrize(
    "cookies",
    [
        {},
        signed_cookies(keys=new_key_pair()),
        {**signed_cookies(), "CloudFront-Policy": unsigned_policy()},
        {**signed_cookies(), "CloudFront-Policy": signed_cookies(now_s=NOW_S + 600)["CloudFront-Policy"]},
        {**signed_cookies(), "CloudFront-Signature": "AAAA"},
        {**signed_cookies(), "CloudFront-Signature": "no base64!"},
        {**signed_cookies(), "CloudFront-Key-Pair-Id": "K2"},
        {name: value for name, value in signed_cookies().items() if name != "CloudFront-Signature"},
    ],
    ids=[
        "none",
        "another key's",
        "own policy",
        "later policy",
        "short",
        "garbage",
        "another id",
        "unsigned",
    ],
)
def test_missing_or_forged_cookies_are_refused(cookies: dict[str, str]) -> None:
    """Playback refuses a foreign signature, a changed policy and another key id."""
    assert not is_allowed(f"{BASE}/{FOLDER}clip.key", cookies, trusted=trusted(), now_s=NOW_S)


def test_an_expired_policy_is_refused() -> None:
    """The expiry in the policy decides, however long the browser keeps the cookie."""
    address, cookies = f"{BASE}/{FOLDER}clip.key", signed_cookies()
    assert is_allowed(address, cookies, trusted=trusted(), now_s=NOW_S + 299)
    assert not is_allowed(address, cookies, trusted=trusted(), now_s=NOW_S + 601)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/clip.key", True),
        ("a/guarded-files/1/clip.jpg", True),
        ("a/guarded-files.mp4_1/clip.ts", True),
        ("a/clip.ts", False),
        ("a/clip.m3u8", False),
        ("a.key/clip.ts", False),
    ],
)
def test_key_files_and_the_guarded_folder_are_guarded(key: str, expected: bool) -> None:  # noqa: FBT001
    """The path patterns in edge.yaml are the same. An upload of the folder's name is guarded as a whole."""
    assert is_guarded(key) is expected
