"""A service that sets signed playback cookies, behind CloudFront's stand-in, which requires them.

They run beside a running system. The stand-in reads its rules from infra/edge.yaml, so a template that loses
the cookies or the origin secret fails the tests of guarded playback.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fake_issuer import AUDIENCE

READY_WITHIN_S = 60
KEY_PAIR_ID = "KTEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedPlayback:
    """The public URL of the page, the API and playback, and the URLs of the processes behind it."""

    public_url: str
    service_url: str

    @property
    def api_url(self) -> str:
        """The API's public URL."""
        return self.public_url

    @property
    def playback_url(self) -> str:
        """The public URL of the output bucket."""
        return self.public_url


@contextmanager
def guarded_playback(
    settings: Mapping[str, str], *, issuer_url: str, free_port: Callable[[], int], log: Path
) -> Iterator[GuardedPlayback]:
    """Run the processes for the length of the context; `settings` are those of the system that they belong to."""
    private, public = new_key_pair()
    service, bucket, distribution = (str(free_port()) for _ in range(3))
    public_url, service_url, bucket_url = (f"http://127.0.0.1:{port}" for port in (distribution, service, bucket))
    shared_settings = {
        **os.environ,
        **settings,
        "PLAYBACK_BASE_URL": public_url,
        "PLAYBACK_KEY_PAIR_ID": KEY_PAIR_ID,
        "ORIGIN_SECRET": secrets.token_urlsafe(36),
    }
    access_settings = {"AUTH_ISSUER": issuer_url, "AUTH_AUDIENCE": AUDIENCE, "PLAYBACK_PRIVATE_KEY": private}
    distribution_settings = {
        "DISTRIBUTION_PORT": distribution,
        "API_ORIGIN_URL": service_url,
        "VIDEOS_ORIGIN_URL": bucket_url,
        "PLAYBACK_PUBLIC_KEY": public,
    }
    with log.open("ab") as output:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", module], env={**shared_settings, **own_settings}, stdout=output, stderr=output
            )
            for module, own_settings in [
                ("service", {**access_settings, "PORT": service}),
                ("local.playback_server", {"PLAYBACK_PORT": bucket}),
                ("local.distribution_server", distribution_settings),
            ]
        ]
    try:
        _wait_for(f"{bucket_url}/healthz", f"{service_url}/healthz", f"{public_url}/readyz")
        yield GuardedPlayback(public_url=public_url, service_url=service_url)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(15)


def new_key_pair() -> tuple[str, str]:
    """Return a private key and its public key, both in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _wait_for(*urls: str) -> None:
    end_s = time.monotonic() + READY_WITHIN_S
    for url in urls:
        while time.monotonic() < end_s:
            with suppress(httpx.TransportError):
                if httpx.get(url, trust_env=False).is_success:
                    break
            time.sleep(0.05)
        else:
            raise TimeoutError(url)
