"""The identity provider's signing keys: found by OIDC discovery, kept, and fetched again when they change.

A token that names an unknown key makes us look for new ones, because keys are rotated; but not oftener than every
`RETRY_S`, because anybody can invent names of keys. Keys in hand outlive an outage of the provider.

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

from transcode.errors import InvalidTokenError, IssuerUnavailableError

ALGORITHMS = ("RS256", "ES256")
FRESH_S = 600
"""Seconds after which the keys are fetched again, so that one that was withdrawn is soon refused."""
STALE_S = 86_400
"""Seconds for which keys that can't be fetched again are still trusted."""
RETRY_S = 10
"""Seconds between two fetches, whatever tokens ask for."""
TIMEOUT_S = 5
LARGEST_BYTES = 1024 * 1024

log = structlog.get_logger(__name__)


class IssuerUnusableError(Exception):
    """The identity provider did not answer with a key set; the message says what it did."""


class Issuer:
    """The signing keys of one identity provider; `clock` gives seconds that never go back."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._clock = clock
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_s = float("-inf")
        self._tried_s = float("-inf")
        self._refreshing = asyncio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Return the key of this id; None asks for the only key of a provider that has just one.

        Raises:
            InvalidTokenError: The provider has no such key.
            IssuerUnavailableError: It can't be asked, and no key in hand is of this id.
        """
        known = self._known(key_id)
        if known is not None and (self._age_s() < FRESH_S or self._refreshing.locked()):
            return known
        async with self._refreshing:
            if (self._known(key_id) is None or self._age_s() >= FRESH_S) and self._clock() - self._tried_s >= RETRY_S:
                await self._refresh()
        known = self._known(key_id)
        if known is not None:
            return known
        if self._fetched_s < self._tried_s:
            raise IssuerUnavailableError
        raise InvalidTokenError("The token is signed with a key that the identity provider doesn't have.")

    def _age_s(self) -> float:
        return self._clock() - self._fetched_s

    def _known(self, key_id: str | None) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if self._age_s() < STALE_S else None

    async def _refresh(self) -> None:
        self._tried_s = self._clock()
        try:
            self._keys = await _fetch_keys(self.url)
        except (IssuerUnusableError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("issuer.unavailable", reason=str(error) or type(error).__name__)
            return
        self._fetched_s = self._tried_s
        log.info("issuer.keys_fetched", keys=sorted(key_id for key_id in self._keys if key_id))


async def _fetch_keys(issuer: str) -> Mapping[str | None, jwt.PyJWK]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        discovered = await _fetch(session, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if discovered.get("issuer") != issuer:
            raise IssuerUnusableError("its discovery document names another issuer than AUTH_ISSUER")
        address = discovered.get("jwks_uri")
        if not isinstance(address, str) or urlsplit(address).scheme not in {"https", urlsplit(issuer).scheme}:
            raise IssuerUnusableError("its discovery document names no key set, or one in the clear")
        return _signing_keys(await _fetch(session, address))


async def _fetch(session: aiohttp.ClientSession, address: str) -> Mapping[str, Any]:
    async with session.get(address, allow_redirects=False, headers={"Accept": "application/json"}) as answer:
        if answer.status != 200:  # noqa: PLR2004 -- HTTP's own number
            raise IssuerUnusableError(f"{urlsplit(address).path} answers {answer.status}")
        body = await answer.content.read(LARGEST_BYTES + 1)
        while len(body) <= LARGEST_BYTES and (more := await answer.content.read(LARGEST_BYTES)):
            body += more
    try:
        document = json.loads(body) if len(body) <= LARGEST_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerUnusableError(f"{urlsplit(address).path} is no JSON object")
    return document


def _signing_keys(document: Mapping[str, Any]) -> Mapping[str | None, jwt.PyJWK]:
    """Return the keys that may sign a token, by id; keys of other kinds and uses are passed over."""
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
