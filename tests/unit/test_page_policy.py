"""The addresses that the page's scripts may reach."""

from collections.abc import Mapping

import pytest

from service.settings import ServiceSettings
from service.views.page_policy import upload_sources

BASE = {"input_bucket": "clips-in", "output_bucket": "clips-out"}


def directive(settings: Mapping[str, object], name: str) -> list[str]:
    """Return the sources of a directive of the page's policy."""
    policy = ServiceSettings(**{**BASE, **settings}).page_policy
    return next(each.split()[1:] for each in policy.split("; ") if each.split()[0] == name)


@pytest.mark.parametrize(
    ("settings", "connect"),
    [
        ({}, ["https://clips-in.s3.us-east-1.amazonaws.com", "https://s3.us-east-1.amazonaws.com/clips-in/"]),
        ({"aws_endpoint_url": "http://localstack:4566"}, ["http://localstack:4566"]),
        (
            {"aws_endpoint_url": "http://localstack:4566", "s3_public_endpoint_url": "http://localhost:4566"},
            ["http://localhost:4566"],
        ),
        (
            {
                "aws_endpoint_url": "http://127.0.0.1:8003",
                "playback_base_url": "https://play.example/videos",
                "auth_issuer": "https://id.example/realms/a",
                "auth_audience": "api",
                "page_connect_sources": ("https://token.example",),
            },
            ["http://127.0.0.1:8003", "https://play.example", "https://id.example", "https://token.example"],
        ),
    ],
)
def test_the_page_reaches_s3_playback_and_sign_in_only(settings: dict[str, object], connect: list[str]) -> None:
    """A script that an attacker brings into the page can't send the token elsewhere."""
    assert directive(settings, "connect-src") == ["'self'", *connect]


def test_videos_and_posters_come_from_playback_only() -> None:
    """Safari loads them without a script; the pictures of local files are data."""
    assert directive({}, "media-src") == ["'self'", "blob:"]
    playback = {"playback_base_url": "https://play.example/videos"}
    assert directive(playback, "media-src") == ["'self'", "https://play.example", "blob:"]
    assert directive(playback, "img-src") == ["'self'", "https://play.example", "data:"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-south-1", "cn-north-1"])
def test_the_uploads_sources_are_the_regions_own(region: str) -> None:
    """`tests/unit/test_s3_hosts.py` shows that presigned URLs name these hosts."""
    suffix = "amazonaws.com.cn" if region == "cn-north-1" else "amazonaws.com"
    assert upload_sources(bucket="clips.example.com", region=region, endpoint_url=None) == [
        f"https://clips.example.com.s3.{region}.{suffix}",
        f"https://s3.{region}.{suffix}/clips.example.com/",
    ]
