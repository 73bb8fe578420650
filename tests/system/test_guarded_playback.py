"""Where access is on, a video's key is its owner's alone: the owner plays, a stranger gets 403."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.fake_issuer import LittleIssuer, little_issuer
from tests.playback_server import Guarded, guarded

from .running import System, ffmpeg
from .test_pipeline import finished, upload


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers here."""
    with little_issuer() as provider:
        yield provider


@pytest.fixture(scope="module")
def addresses(system: System, issuer: LittleIssuer, free_port: Callable[[], int]) -> Iterator[Guarded]:
    """A service and a playback of the system's that keep keys for owners."""
    if "TEST_SYSTEM" in os.environ:
        pytest.skip("starts a service and a playback of its own, on this machine")
    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    with guarded(settings, issuer_url=issuer.url, free_port=free_port, log=system.log) as started:
        yield started


def client(addresses: Guarded, issuer: LittleIssuer, caller: str) -> httpx.Client:
    """The API, called by this caller."""
    return httpx.Client(base_url=addresses.api_url, headers=issuer.bearer(caller), timeout=30)


def cookies(answer: httpx.Response) -> str:
    """What a browser would send back; it sends such cookies from 127.0.0.1 without TLS as well."""
    return "; ".join(header.split(";")[0] for header in answer.headers.get_list("set-cookie"))


def addresses_of(playback_url: str) -> tuple[str, str]:
    """The first variant's playlist, and the key that it names."""
    master = httpx.get(playback_url).text
    variant = urljoin(playback_url, next(line for line in master.splitlines() if line and not line.startswith("#")))
    named = re.search(r'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', httpx.get(variant).text)
    assert named
    return variant, urljoin(variant, named[1])


def test_the_owner_plays_and_a_stranger_gets_403_for_the_key(
    addresses: Guarded, issuer: LittleIssuer, system: System, clip: bytes, tmp_path: Path
) -> None:
    """The same video, the same addresses: only the owner is given the cookies that open the key."""
    with client(addresses, issuer, "ada") as ada, client(addresses, issuer, "eve") as eve:
        job = finished(ada, upload(ada, clip))
        strangers = eve.get(f"/jobs/{job['job_id']}")
        owners = ada.get(f"/jobs/{job['job_id']}")
    variant, key = addresses_of(job["output"]["playback_url"])
    assert (strangers.status_code, cookies(strangers)) == (404, "")
    assert httpx.get(key).status_code == 403
    assert len(httpx.get(key, headers={"Cookie": cookies(owners)}).content) == 16
    said = ffmpeg("-headers", f"Cookie: {cookies(owners)}\r\n", "-i", variant, "-f", "null", tmp_path / "none")
    assert re.findall(r"frame=\s*([1-9]\d*)", said), said
    logged = system.log.read_text(encoding="utf-8", errors="replace")
    assert not any(pair.partition("=")[2] in logged for pair in cookies(owners).split("; ") if "KTEST" not in pair)


def test_the_demo_plays_with_its_callers_token(
    addresses: Guarded, issuer: LittleIssuer, system: System, clip: bytes, tmp_path: Path
) -> None:
    """It takes the cookies and sends them, as a browser would."""
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
