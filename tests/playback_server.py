"""A service that sets signed playback cookies, and a playback server that requires them, beside a running system."""

import os
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

READY_WITHIN_S = 30
KEY_PAIR_ID = "KTEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedPlayback:
    """The addresses of the service and the playback server."""

    api_url: str
    playback_url: str


@contextmanager
def guarded_playback(
    settings: Mapping[str, str], *, issuer_url: str, free_port: Callable[[], int], log: Path
) -> Iterator[GuardedPlayback]:
    """Run both processes for the length of the context; `settings` are those of the system that they belong to."""
    private, public = _new_key_pair()
    api_url, playback_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    shared_settings = {**os.environ, **settings, "PLAYBACK_BASE_URL": playback_url, "PLAYBACK_KEY_PAIR_ID": KEY_PAIR_ID}
    access_settings = {"AUTH_ISSUER": issuer_url, "AUTH_AUDIENCE": AUDIENCE, "PLAYBACK_PRIVATE_KEY": private}
    with log.open("ab") as output:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", module], env={**shared_settings, **own_settings}, stdout=output, stderr=output
            )
            for module, own_settings in [
                ("service", {**access_settings, "PORT": api_url.rpartition(":")[2]}),
                (
                    "local.playback_server",
                    {"PLAYBACK_PUBLIC_KEY": public, "PLAYBACK_PORT": playback_url.rpartition(":")[2]},
                ),
            ]
        ]
    try:
        _wait_for(f"{api_url}/readyz", f"{playback_url}/healthz")
        yield GuardedPlayback(api_url=api_url, playback_url=playback_url)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(15)


def _new_key_pair() -> tuple[str, str]:
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
