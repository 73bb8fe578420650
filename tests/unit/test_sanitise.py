"""Sanitised MediaConvert messages contain no names, addresses or secrets."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.messages.sanitise import MAX_CHARACTERS, Sanitiser

ROLE = "arn:aws:iam::123456789012:role/media/clips-transcode"
SANITISER = Sanitiser(secrets=("clips-in", "clips-out", ROLE))
SIGNED = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20251122&X-Amz-Signature=8f3c0de1"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Unable to open input file [s3://clips-in/uploads/5e0c/a.mp4]: gone",
            "Unable to open input file [a.mp4]: gone",
        ),
        ("No such file: s3://clips-in/uploads/a.mp4", "No such file: a.mp4"),
        ("[s3://clips-in/uploads/5e0c/My holiday (1), cut.mp4]", "[My holiday (1), cut.mp4]"),
        ("[s3://clips-in/uploads/5e0c/港の朝.mp4]", "[港の朝.mp4]"),
        ("[s3://clips-in/uploads/a%20b.mp4]", "[a%20b.mp4]"),
        ("[s3://clips-in/uploads/a%0Ab%00.mp4]", "[a%0Ab%00.mp4]"),
        ("[s3://clips-in/uploads/a.mp4] and [s3ssl://clips-out/b/c.m3u8]", "[a.mp4] and [c.m3u8]"),
        ("S3://clips-in/uploads/a.mp4,s3://clips-in/b.mp4", "a.mp4,b.mp4"),
        ("bucket s3://clips-in is not there", "bucket (bucket) is not there"),
        ("bucket s3://clips-in/ is not there", "bucket (bucket) is not there"),
        ("Bucket clips-out is in another region", "Bucket (bucket) is in another region"),
        ("The clips-out is in another region", "The (hidden) is in another region"),
        (f"cannot assume {ROLE}", "cannot assume (resource)"),
        (
            "queue arn:aws-cn:mediaconvert:cn-north-1:123456789012:queues/Default is paused",
            "queue (resource) is paused",
        ),
        ("User assumed-role/clips-transcode/session may not", "User (role) may not"),
        ("Account 123456789012 has no queue", "Account (account) has no queue"),
        (f"GET https://clips-in.s3.amazonaws.com/uploads/a.mp4{SIGNED} failed", "GET (address) failed"),
        ("s3.eu-central-1.amazonaws.com did not answer", "(address) did not answer"),
        ("clips-in.s3.cn-north-1.amazonaws.com.cn timed out", "(address) timed out"),
        ("HTTP://10.0.0.7:8080/x refused", "(address) refused"),
        ("Not found at s3://partner/Secret Project/take 2/cat.mp4", "Not found at cat.mp4"),
        ("s3://partner/Secret Project/take 2/cat.mp4 and/or its sound", "cat.mp4 and/or its sound"),
        ("s3://partner/Secret v1.2 final/cat.mp4: denied", "cat.mp4: denied"),
        ("(s3://partner/x/cat.mp4)", "(cat.mp4)"),
        ("'s3://partner/Secret Project/my cat.mp4' is empty", "'my cat.mp4' is empty"),
        (
            "Unable to write to output file [s3:///partner]: [Denied]",
            "Unable to write to output file [(bucket)]: [Denied]",
        ),
        ("s3:/partner/x/cat.mp4 is not there", "cat.mp4 is not there"),
        ("https://partner.example/Secret Project/cat.mp4 failed", "(address) failed"),
        ("file:///srv/Secret Project/cat.mp4 failed", "(address) failed"),
        ("s3.us-east-1.amazonaws.com/partner/Secret Project/cat.mp4 failed", "(address) failed"),
        ("partner.s3.dualstack.eu-west-1.amazonaws.com:443/x failed", "(address) failed"),
        ("arn:aws:s3:::partner/Secret Project/cat.mp4 is not there", "(resource) is not there"),
        ("Access to bucket partner-media is denied", "Access to bucket (bucket) is denied"),
        ("no access to bucket 'partner'", "no access to bucket '(bucket)'"),
        ("Bucket: partner", "Bucket: (bucket)"),
        ("[s3://clips-in/uploads/x/202611251800.mp4]", "[202611251800.mp4]"),
        ("The file 202611251800.mp4 of account 123456789012", "The file 202611251800.mp4 of account (account)"),
        ("[s3://clips-in/uploads/x/arn:aws:x.mp4]", "[arn:aws:x.mp4]"),
        ("The file arn:aws:x.mp4 is empty", "The file arn:aws:x.mp4 is empty"),
        ("line\none\ttwo\x00three\x9b", "line one two three"),
    ],
)
def test_addresses_and_names_are_replaced(message: str, shown: str) -> None:
    """An S3 address becomes the file's own name, and anything else becomes a word for what it was."""
    assert SANITISER.clean(message) == shown


@pytest.mark.parametrize(
    "message",
    [
        "The input has no video or audio stream.",
        "Input contains a codec that MediaConvert does not support: prores_raw [unknown] (0x77727061).",
        "Error code 1040: QvbrQualityLevel must be between 1 and 10; was 11.",
        "Frame rate 29.97 (30000/1001) at 00:01:02;03 differs from 25.",
        "Decoding stopped at byte 1763798401000 of 48213377.",
        "音声トラックが見つかりません。",
        "The specified bucket does not exist.",
        "Buckets in another region are not supported; and/or use one queue.",
        "",
    ],
)
def test_useful_text_is_unchanged(message: str) -> None:
    """Numbers, codecs, times and text in any script help the user."""
    assert SANITISER.clean(message) == message


@pytest.mark.parametrize(
    "message",
    [
        f"[https://media.example.com/a(1).mp4{SIGNED}]: denied",
        f"clips-in.s3.amazonaws.com/a.mp4{SIGNED}",
        f"s3://clips-in/a(1).mp4{SIGNED}",
        f"[s3://clips-in/a.mp4{SIGNED}]",
        f"/a.mp4{SIGNED}",
        "/a.mp4?Policy=eyJ8f3c0de1&Signature=8f3c0de1&Key-Pair-Id=AKIAIOSFODNN7EXAMPLE",
        "/a.mp4?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=8f3c0de1",
        "credential AKIAIOSFODNN7EXAMPLE is not valid",
    ],
)
def test_signatures_and_access_keys_are_removed(message: str) -> None:
    """The URL around them may be incomplete."""
    assert not re.search(r"8f3c0de1|AKIA|X-Amz-Signature=\w", SANITISER.clean(message))


AROUND_KEY = st.text(st.sampled_from(" /:?&=%.,()[]{}'\"-@+0afZ9ビ"), max_size=12) | st.sampled_from(
    ["s3://", "arn:aws:s3:::", "bucket ", "[s3://clips-in/", "https://", "Signature=", ".mp4"]
)
KEY = "7b0cf2a9d4e61f38b5a7c9e2d1f40688"


@pytest.mark.parametrize("key", [KEY, KEY.upper()])
@pytest.mark.parametrize(
    "message",
    [
        "Encryption failed with static key {}",
        "key={}.",
        "[s3://clips-in/{}/{}.mp4]",
        "s3://clips-in/{}",
        "x{}{}y",
        "({})",
    ],
)
def test_the_digits_of_a_key_are_hidden(message: str, key: str) -> None:
    """In prose, beside other text, in addresses and in file names."""
    assert key not in SANITISER.clean(message.replace("{}", key))


@given(AROUND_KEY, AROUND_KEY)
def test_a_key_is_hidden_in_any_text(before: str, after: str) -> None:
    """No pattern takes a part of the key, so that the rest would be shown."""
    assert KEY not in SANITISER.clean(f"{before}{KEY}{after}")


BUCKET = st.text(string.ascii_lowercase + string.digits + ".-", min_size=3, max_size=20).filter(
    lambda name: re.fullmatch(r"[a-z0-9][a-z0-9.-]+[a-z0-9]", name)
)
AROUND = st.text(st.sampled_from(" /:?&=%.,()[]{}'\"-@+\n\x00aZ9ビ"), max_size=12)
REPLACEMENTS = ("(address)", "(resource)", "(role)", "(hidden)", "(bucket)", "(account)")


@given(
    st.lists(st.tuples(AROUND, st.sampled_from(["", "s3://", "https://", "[s3://", "arn:aws:s3:::"])), max_size=4),
    BUCKET,
)
def test_every_configured_name_is_removed(parts: list[tuple[str, str]], bucket: str) -> None:
    """The name may occur several times, inside or outside an address."""
    assume(not any(bucket in word for word in REPLACEMENTS))
    message = "".join(f"{around}{scheme}{bucket}" for around, scheme in parts)
    assert bucket not in Sanitiser(secrets=(bucket,)).clean(message)


@given(st.text(max_size=200) | st.text(st.sampled_from("s3:/[a.%01 ]"), max_size=200))
def test_a_sanitised_message_is_one_short_line(message: str) -> None:
    """It has no control characters, not even from an encoded file name."""
    cleaned = SANITISER.clean(message)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", cleaned)
    assert cleaned == cleaned.strip()
    assert len(cleaned) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    "message", ["x" * 100_000, "a." * 50_000, "[s3://" * 20_000, " " * 9_000, "s3://b/k " * 10_000]
)
def test_a_long_message_is_cut(message: str) -> None:
    """Cleaning takes bounded time for any length."""
    assert len(SANITISER.clean(message)) <= MAX_CHARACTERS


def test_a_longer_name_is_removed_before_its_prefix() -> None:
    """Otherwise the rest of the longer name would remain."""
    assert Sanitiser(secrets=("clips", "clips-out")).clean("clips-out or clips") == "(hidden) or (hidden)"


def test_a_cut_never_leaves_part_of_a_secret() -> None:
    """The word at the cut is removed completely."""
    message = "s3://clips-in/k" + "/x" * 1_980 + " " + "clips-out" * 9
    assert "clips" not in SANITISER.clean(message)
