"""The check that a request came through CloudFront, for an API that also has a public URL of its own.

CloudFront adds the secret to each request in a header, and replaces a header of this name that a viewer sent. Without
the check, requests to API Gateway's URL would avoid CloudFront's WAF. Plain ASGI, so that streams pass through
unbuffered.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
"""

from hmac import compare_digest

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import path_of, problem
from transcode.errors import DirectAccessError

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
        if scope["type"] != "http" or path_of(scope) in EXEMPT_PATHS or self._has_secret(scope):
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
