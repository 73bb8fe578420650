"""What a stranger may read of MediaConvert's messages."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.messages.sanitise import LONGEST, Sanitiser

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
        ("[s3://clips-in/uploads/%E6%B8%AF.mp4]", "[港.mp4]"),
        ("[s3://clips-in/uploads/a%0Ab%00.mp4]", "[a b .mp4]"),
        ("[s3://clips-in/uploads/a.mp4] and [s3ssl://clips-out/b/c.m3u8]", "[a.mp4] and [c.m3u8]"),
        ("S3://clips-in/uploads/a.mp4,s3://clips-in/b.mp4", "a.mp4,b.mp4"),
        ("bucket s3://clips-in is not there", "bucket (bucket) is not there"),
        ("bucket s3://clips-in/ is not there", "bucket (bucket) is not there"),
        ("Bucket clips-out is in another region", "Bucket (hidden) is in another region"),
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
        ("line\none\ttwo\x00three\x9b", "line one two three"),
    ],
)
def test_names_of_ours_are_taken_out(message: str, shown: str) -> None:
    """Addresses become the file's own name, everything else a word for what stood there."""
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
        "",
    ],
)
def test_what_tells_a_user_something_stays(message: str) -> None:
    """Numbers, codecs, times and any script are what such a message is for."""
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
def test_no_signature_survives(message: str) -> None:
    """However the URL around it was broken up."""
    assert not re.search(r"8f3c0de1|AKIA|X-Amz-Signature=\w", SANITISER.clean(message))


BUCKET = st.text(string.ascii_lowercase + string.digits + ".-", min_size=3, max_size=20).filter(
    lambda name: re.fullmatch(r"[a-z0-9][a-z0-9.-]+[a-z0-9]", name)
)
AROUND = st.text(st.sampled_from(" /:?&=%.,()[]{}'\"-@+\n\x00aZ9ビ"), max_size=12)
STAND_INS = ("(address)", "(resource)", "(role)", "(hidden)", "(bucket)", "(account)")


@given(
    st.lists(st.tuples(AROUND, st.sampled_from(["", "s3://", "https://", "[s3://", "arn:aws:s3:::"])), max_size=4),
    BUCKET,
)
def test_no_configured_name_survives(parts: list[tuple[str, str]], bucket: str) -> None:
    """Whatever stands around it, in an address or out of one, and however often."""
    assume(not any(bucket in word for word in STAND_INS))
    message = "".join(f"{around}{scheme}{bucket}" for around, scheme in parts)
    assert bucket not in Sanitiser(secrets=(bucket,)).clean(message)


@given(st.text(max_size=200) | st.text(st.sampled_from("s3:/[a.%01 ]"), max_size=200))
def test_a_cleaned_message_is_one_short_line(message: str) -> None:
    """Nothing in it that a terminal or a log would act on, not even out of an encoded file name."""
    once = SANITISER.clean(message)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", once)
    assert once == once.strip()
    assert len(once) <= LONGEST


@pytest.mark.parametrize(
    "message", ["x" * 100_000, "a." * 50_000, "[s3://" * 20_000, " " * 9_000, "s3://b/k " * 10_000]
)
def test_a_message_is_cut_to_what_a_page_shows(message: str) -> None:
    """However long it is, and in bounded time."""
    assert len(SANITISER.clean(message)) <= LONGEST


def test_a_name_within_a_name_goes_as_a_whole() -> None:
    """The longer name is taken out first, so that none leaves its end behind."""
    assert Sanitiser(secrets=("clips", "clips-out")).clean("clips-out or clips") == "(hidden) or (hidden)"


def test_a_cut_never_shows_half_a_secret() -> None:
    """The word that the cut goes through is left out."""
    message = "s3://clips-in/k" + "/x" * 1_980 + " " + "clips-out" * 9
    assert "clips" not in SANITISER.clean(message)
