"""The identity provider's signing keys: found by OIDC discovery, cached, and fetched again when they change.

Providers rotate their keys, so a token that names an unknown key triggers a fetch. Any client can invent key ids, so
two fetches are at least `RETRY_S` apart. Cached keys stay valid during an outage of the provider.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import structlog

from service.request_errors import InvalidTokenError, IssuerUnavailableError

ALGORITHMS = ("RS256", "ES256")
FRESH_S = 600
"""Seconds after which the keys are fetched again, so that a withdrawn key is soon refused."""
STALE_S = 86_400
"""Seconds for which cached keys are trusted while they can't be fetched again."""
RETRY_S = 10
"""Minimum seconds between two fetches, whatever key ids the tokens name."""
TIMEOUT_S = 5
MAX_DOCUMENT_BYTES = 1024 * 1024

log = structlog.get_logger(__name__)


class IssuerUnusableError(Exception):
    """The identity provider did not return a usable key set; the message says why."""


class Issuer:
    """The signing keys of one identity provider; `clock` returns monotonic seconds."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._clock = clock
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_s = float("-inf")
        self._last_attempt_s = float("-inf")
        self._refreshing = asyncio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Return the key with this id; without an id, return the only key of a provider that has just one.

        Raises:
            InvalidTokenError: The provider has no such key.
            IssuerUnavailableError: The provider can't be reached, and no cached key has this id.
        """
        key = self._cached(key_id)
        if key is not None and (self._age_s() < FRESH_S or self._refreshing.locked()):
            return key
        async with self._refreshing:
            needs_keys = self._cached(key_id) is None or self._age_s() >= FRESH_S
            if needs_keys and self._clock() - self._last_attempt_s >= RETRY_S:
                await self._refresh()
        key = self._cached(key_id)
        if key is not None:
            return key
        if self._fetched_s < self._last_attempt_s:
            raise IssuerUnavailableError
        raise InvalidTokenError("The token is signed with a key that the identity provider doesn't have.")

    def _age_s(self) -> float:
        return self._clock() - self._fetched_s

    def _cached(self, key_id: str | None) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if self._age_s() < STALE_S else None

    async def _refresh(self) -> None:
        self._last_attempt_s = self._clock()
        try:
            self._keys = await _fetch_keys(self.url)
        except (IssuerUnusableError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("issuer.unavailable", reason=str(error) or type(error).__name__)
            return
        self._fetched_s = self._last_attempt_s
        log.info("issuer.keys_fetched", keys=sorted(key_id for key_id in self._keys if key_id))


async def _fetch_keys(issuer: str) -> Mapping[str | None, jwt.PyJWK]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        discovery = await _fetch(session, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if discovery.get("issuer") != issuer:
            raise IssuerUnusableError("its discovery document names an issuer other than AUTH_ISSUER")
        jwks_url = discovery.get("jwks_uri")
        if not isinstance(jwks_url, str) or urlsplit(jwks_url).scheme not in {"https", urlsplit(issuer).scheme}:
            raise IssuerUnusableError("its discovery document names no key set, or one without TLS")
        return _signing_keys(await _fetch(session, jwks_url))


async def _fetch(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as response:
        if response.status != 200:  # noqa: PLR2004 -- an HTTP status
            raise IssuerUnusableError(f"{urlsplit(url).path} returned status {response.status}")
        body = await response.content.read(MAX_DOCUMENT_BYTES + 1)
        while len(body) <= MAX_DOCUMENT_BYTES and (more := await response.content.read(MAX_DOCUMENT_BYTES)):
            body += more
    try:
        document = json.loads(body) if len(body) <= MAX_DOCUMENT_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerUnusableError(f"{urlsplit(url).path} is not a JSON object")
    return document


def _signing_keys(document: Mapping[str, Any]) -> Mapping[str | None, jwt.PyJWK]:
    """Return the keys that may sign a token, by id; skip keys of other types and uses."""
    listed = document.get("keys")
    keys: dict[str | None, jwt.PyJWK] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") not in {"RSA", "EC"}:
            continue
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if key.algorithm_name in ALGORITHMS:
            keys[key.key_id] = key
    if not keys:
        raise IssuerUnusableError("its key set has no RS256 or ES256 key")
    if len(keys) == 1:
        keys[None] = next(iter(keys.values()))
    return keys
