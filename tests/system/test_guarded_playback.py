"""With access control, only the owner of a video can get its key."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urljoin

import httpx
import pytest

from tests.fake_issuer import LittleIssuer, little_issuer
from tests.playback_server import GuardedPlayback, guarded_playback

from .api_calls import final_job, upload
from .running_system import System, ffmpeg


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """Yield the identity provider of the callers."""
    with little_issuer() as provider:
        yield provider


@pytest.fixture(scope="module")
def addresses(system: System, issuer: LittleIssuer, free_port: Callable[[], int]) -> Iterator[GuardedPlayback]:
    """Yield the addresses of a service and a playback that restrict keys to owners."""
    if "TEST_SYSTEM" in os.environ:
        pytest.skip("starts its own service and playback on this machine")
    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    with guarded_playback(settings, issuer_url=issuer.url, free_port=free_port, log=system.log) as started:
        yield started


def client(addresses: GuardedPlayback, issuer: LittleIssuer, caller: str) -> httpx.Client:
    """Return an HTTP client of the API for this caller."""
    return httpx.Client(base_url=addresses.api_url, headers=issuer.bearer(caller), timeout=30)


def cookie_header(response: httpx.Response) -> str:
    """Return the Cookie header that a browser sends next; from 127.0.0.1, browsers send Secure cookies without TLS."""
    return "; ".join(header.split(";")[0] for header in response.headers.get_list("set-cookie"))


def playlist_and_key_urls(playback_url: str) -> tuple[str, str]:
    """Return the URLs of the first variant's playlist and of the key that it names."""
    master = httpx.get(playback_url).text
    variant = urljoin(playback_url, next(line for line in master.splitlines() if line and not line.startswith("#")))
    key_uri = re.search(r'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', httpx.get(variant).text)
    assert key_uri
    return variant, urljoin(variant, key_uri[1])


def test_the_owner_plays_and_a_stranger_gets_403_for_the_key(
    addresses: GuardedPlayback, issuer: LittleIssuer, system: System, clip: bytes, tmp_path: Path
) -> None:
    """Only the owner's response sets the cookies that allow the key."""
    with client(addresses, issuer, "ada") as ada, client(addresses, issuer, "eve") as eve:
        job = final_job(ada, upload(ada, clip))
        strangers_response = eve.get(f"/jobs/{job['job_id']}")
        owners_response = ada.get(f"/jobs/{job['job_id']}")
    variant, key = playlist_and_key_urls(job["output"]["playback_url"])
    header = cookie_header(owners_response)
    assert (strangers_response.status_code, cookie_header(strangers_response)) == (404, "")
    assert httpx.get(key).status_code == 403
    assert len(httpx.get(key, headers={"Cookie": header}).content) == 16
    ffmpeg_output = ffmpeg("-headers", f"Cookie: {header}\r\n", "-i", variant, "-f", "null", tmp_path / "none")
    assert re.findall(r"frame=\s*([1-9]\d*)", ffmpeg_output), ffmpeg_output
    log_text = system.log.read_text(encoding="utf-8", errors="replace")
    assert not any(pair.partition("=")[2] in log_text for pair in header.split("; ") if "KTEST" not in pair)


def test_the_demo_plays_a_guarded_video_with_a_token(
    addresses: GuardedPlayback, issuer: LittleIssuer, system: System, clip: bytes, tmp_path: Path
) -> None:
    """The demo stores and sends the cookies as a browser does."""
    video = tmp_path / "clip.mp4"
    video.write_bytes(clip)
    environment = {**system.environment, "API_TOKEN": issuer.token("ada")}
    done = subprocess.run(
        [sys.executable, "-m", "local", "demo", "--api", addresses.api_url, str(video)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert addresses.playback_url in done.stdout


def test_the_service_refuses_requests_that_avoid_cloudfront(addresses: GuardedPlayback, issuer: LittleIssuer) -> None:
    """Only CloudFront knows the secret, and it replaces what a viewer sends in the secret's header."""
    headers = {**issuer.bearer("ada"), "X-Origin-Secret": "a guess"}
    direct = httpx.get(f"{addresses.service_url}/jobs/1-a", headers=headers)
    public = httpx.get(f"{addresses.public_url}/jobs/1-a", headers=headers)
    assert (direct.status_code, direct.json()["code"]) == (403, "direct_access_refused")
    assert (public.status_code, public.json()["code"]) == (404, "job_not_found")


@pytest.mark.parametrize("profile", ["hls", "hls-download", "audio"])
def test_without_cookies_only_playlists_and_encrypted_segments_can_be_read(
    addresses: GuardedPlayback, issuer: LittleIssuer, system: System, clip: bytes, profile: str
) -> None:
    """This requests every object of the profile's job. With the owner's cookies, all of them can be read."""
    with client(addresses, issuer, "ada") as ada:
        job = final_job(ada, upload(ada, clip, profile=profile))
        cookies = {"Cookie": cookie_header(ada.get(f"/jobs/{job['job_id']}"))}
    assert (job["status"], job["profile"]) == ("COMPLETE", profile)
    listed = system.client("s3").list_objects_v2(Bucket=system.settings["OUTPUT_BUCKET"], Prefix=job["output"]["path"])
    keys = [each["Key"] for each in listed["Contents"]]
    origin = job["output"]["playback_url"].removesuffix(job["output"]["path"] + job["output"]["playlists"][".m3u8"])
    readable = {key for key in keys if httpx.get(origin + quote(key)).status_code != 403}
    assert {key.rpartition(".")[2] for key in readable} == {"m3u8", "ts", "json"}
    files = {job["output"]["path"] + each["name"] for each in job["output"]["files"]}
    assert files
    assert files <= set(keys) - readable
    assert all(httpx.get(origin + quote(key), headers=cookies).status_code == 200 for key in keys)
    segment = next(key for key in readable if key.endswith(".ts"))
    assert httpx.get(origin + quote(segment)).content[:1] != b"G", "an unencrypted segment begins with the sync byte G"
    for each in job["output"]["files"]:
        response = httpx.get(each["url"], headers=cookies)
        assert len(response.content) == each["size_bytes"]
    poster_url = job["output"]["poster_url"]
    assert (poster_url is None) is (profile == "audio")
    if poster_url:
        assert httpx.get(poster_url, headers=cookies).content.startswith(b"\xff\xd8")
