"""The check of the names and the pages through which a service on a developer's machine may be reached.

Any page in the developer's browser can send requests to this machine. It can even read the responses if its own host
name resolves to 127.0.0.1 (DNS rebinding). So such a service answers only under its own names, and only its own page.
Plain ASGI, so that streams pass through unbuffered.
"""

from collections.abc import Collection

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import problem
from service.request_errors import ForeignOriginError, UnknownHostError
from transcode.errors import TranscodeError


class AllowedHosts:
    """The application, with response 421 to other hosts, and 403 to the pages of other origins."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], origins: Collection[str]) -> None:
        """`hosts` are names without a port; `origins` are those of other pages that may call the service."""
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or (error := self._refusal(scope)) is None:
            await self._app(scope, receive, send)
            return
        response = problem(Request(scope), status=error.http_status, detail=str(error), code=error.code)
        await response(scope, receive, send)

    def _refusal(self, scope: Scope) -> TranscodeError | None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            return UnknownHostError()
        origins = {value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"}
        own = f"{scope['scheme']}://{hosts[0]}"
        return None if origins <= {own, *self._origins} or "*" in self._origins else ForeignOriginError()


def host_name(host: str) -> str:
    """Return the name or address of a Host header, without its port, in lower case.

    >>> host_name("LocalHost:8000"), host_name("[::1]:8000"), host_name("[::1]")
    ('localhost', '[::1]', '[::1]')
    """
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() or not port else host).lower() if name else host.lower()
