"""The check that a request came through CloudFront, for an API that also has a public URL of its own.

CloudFront adds the secret to each request in a header, and replaces a header of this name that a viewer sent. Without
the check, requests to API Gateway's URL would avoid CloudFront's WAF. A request with the secret also has the viewer's
address from CloudFront, so this module sets the client's address. Plain ASGI, so that streams pass through unbuffered.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
"""

from hmac import compare_digest

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.address import behind_cloudfront
from service.api.problems import path_of, problem
from service.request_errors import DirectAccessError

HEADER = "X-Origin-Secret"
"""The header's name, as in infra/edge.yaml."""
EXEMPT_PATHS = frozenset({"/healthz"})
"""The path that load balancers and containers check, without CloudFront. It calls nothing."""


class OriginSecret:
    """The application, with response 403 to each request without the secret."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._app = app
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._has_secret(scope):
            await self._app({**scope, "client": _viewer(scope)}, receive, send)
            return
        if path_of(scope) in EXEMPT_PATHS:
            await self._app(scope, receive, send)
            return
        error = DirectAccessError()
        response = problem(Request(scope), status=error.http_status, detail=str(error), code=error.code)
        await response(scope, receive, send)

    def _has_secret(self, scope: Scope) -> bool:
        """Return whether the header is there once, with the secret; the comparison's time doesn't depend on where."""
        name = HEADER.lower().encode()
        sent = [value for header, value in scope["headers"] if header == name]
        return len(sent) == 1 and compare_digest(sent[0], self._secret)


def _viewer(scope: Scope) -> tuple[str, int] | None:
    """Return the viewer's address; the server knows only CloudFront's, and CloudFront appends the viewer's."""
    if scope.get("client") is None:
        return None
    peer, port = scope["client"]
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return (behind_cloudfront(peer or "", ", ".join(values)), port) if values else (peer, port)
