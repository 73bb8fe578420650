"""The HTTP client of webhooks: one POST, to a public address, within 15 seconds. It follows no redirect.

The connection goes to the address that was checked, because the check is part of the connector's name resolution. So a
name that resolves to another address a moment later (DNS rebinding) reaches nothing private.
"""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from transcode.aws import USER_AGENT
from worker.webhooks.addresses import is_public
from worker.webhooks.delivery_rule import Answer, retry_after_s

ATTEMPT_S = 15
"""Seconds for one attempt: name, connection, TLS, response."""
MAX_RESPONSE_BYTES = 2_048
"""The part of a response's body that is read, so that the connection can be used again. A longer body is cut off."""
MAX_CONNECTIONS = 20


class PrivateAddressError(OSError):
    """The host's name has no public address."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of the host.

        Raises:
            PrivateAddressError: It has none.
        """
        found = [each for each in await self._resolver.resolve(host, port, family) if is_public(each["host"])]
        if not found:
            raise PrivateAddressError(f"{host} has no public address")
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


class WebhookClient:
    """Sends webhooks. `allows_local` permits every address, for local work."""

    def __init__(self, *, allows_local: bool, resolver: AbstractResolver | None = None) -> None:
        self._allows_local = allows_local
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Return the receiver's answer, or why it gave none. Raises no exception for a fault of the receiver."""
        if not self._allows_local and _is_private_literal(url):
            return Answer(reason="the address is not public")
        try:
            async with asyncio.timeout(ATTEMPT_S):
                return await self._post(url, body, headers)
        except TimeoutError:
            return Answer(reason=f"no answer within {ATTEMPT_S} s", is_timeout=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(reason=type(error).__name__)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        async with self._open().post(url, data=body.encode(), headers=headers, allow_redirects=False) as response:
            await response.content.read(MAX_RESPONSE_BYTES)
            after_s = retry_after_s(response.headers.get("Retry-After"), now=datetime.now(UTC))
            return Answer(status=response.status, retry_after_s=after_s)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = self._resolver or aiohttp.resolver.ThreadedResolver()
            if not self._allows_local:
                resolver = PublicResolver(resolver)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=MAX_CONNECTIONS, ttl_dns_cache=10),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _is_private_literal(url: str) -> bool:
    """Return whether the URL's host is an address, and not a public one: the connector doesn't resolve an address."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return False
    return not is_public(host)
