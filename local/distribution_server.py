"""Serves page, API and playback at one URL in CloudFront's place, by the behaviors and policies of infra/edge.yaml.

So a wrong template fails the tests that run through it. It has no TLS, adds no response headers and caches nothing.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import uvicorn
from pydantic import Field
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from local.cloudformation_template import parse
from local.cloudformation_values import Values
from local.distribution import Behavior, behavior_of, behaviors
from local.playback_access import is_allowed, trusted_key
from transcode import log
from transcode.settings import EnvironmentSettings, Url, load

TEMPLATE = Path(__file__).parents[1] / "infra" / "edge.yaml"
ORIGIN_HEADER = "X-Origin-Secret"
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
ORIGIN_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:origin"
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "date", "server"})


class DistributionSettings(EnvironmentSettings):
    """The server's settings."""

    distribution_port: Annotated[int, Field(ge=0, le=65_535)]
    api_origin_url: Url
    """The URL of the service, which also serves the page."""
    videos_origin_url: Url
    """The URL of the output bucket."""
    playback_base_url: Url
    """The public URL of this server; cookies are signed for it."""
    playback_key_pair_id: str
    playback_public_key: str
    """The public key, in PEM, that verifies the cookies."""
    origin_secret: str
    """The secret that the template's distribution sends to the API."""
    upload_prefix: str = "uploads/"


def distribution_behaviors(settings: DistributionSettings, text: str) -> list[Behavior]:
    """Return the behaviors of this template."""
    template = parse(text)
    parameters = {
        "ApiOriginDomain": "api",
        "OriginSecretArn": ORIGIN_ARN,
        "PlaybackPublicKey": settings.playback_public_key,
    }
    imports = {
        "mediaconvert-status-OutputBucket": "videos",
        "mediaconvert-status-UploadPrefix": settings.upload_prefix,
    }
    values = Values(template, parameters, imports=imports, secrets={ORIGIN_ARN: settings.origin_secret})
    return behaviors(template, values)


def distribution_app(settings: DistributionSettings, ordered: list[Behavior]) -> Starlette:
    """Return an ASGI application that forwards each request to its behavior's origin."""
    origins = {
        "api": settings.api_origin_url,
        "page": settings.api_origin_url,
        "videos": settings.videos_origin_url,
    }
    trusted = trusted_key(key_pair_id=settings.playback_key_pair_id, public_key_pem=settings.playback_public_key)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # A long poll takes up to 20 s, and a stream is never silent for longer than its heartbeat.
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            app.state.client = client
            yield

    async def serve(request: Request) -> Response:
        behavior = behavior_of(request.url.path, ordered)
        if request.method not in behavior.allowed_methods:
            return PlainTextResponse("method not allowed", 403)
        url = f"{settings.playback_base_url}{request.scope['raw_path'].decode('latin-1')}"
        if behavior.needs_signed_cookie and not is_allowed(url, request.cookies, trusted=trusted, now_s=time.time()):
            return PlainTextResponse("missing key", 403)
        # The service takes the place of the page's bucket, and serves no request without the secret.
        added = [(ORIGIN_HEADER, settings.origin_secret)] if behavior.origin == "page" else []
        return await _forward(request, behavior, origins[behavior.origin], added)

    return Starlette(routes=[Route("/{path:path}", serve, methods=METHODS)], lifespan=lifespan)


async def _forward(request: Request, behavior: Behavior, origin_url: str, added: list[tuple[str, str]]) -> Response:
    client: httpx.AsyncClient = request.app.state.client
    query = "&".join(
        pair for pair in request.url.query.split("&") if pair and behavior.query.has(pair.partition("=")[0])
    )
    path = request.scope["raw_path"].decode("latin-1")
    response = await client.send(
        client.build_request(
            request.method,
            f"{origin_url}{path}{'?' if query else ''}{query}",
            headers=[*behavior.forwarded(request.headers.items()), *added],
            content=await request.body(),
        ),
        stream=True,
    )
    forwarded = StreamingResponse(
        response.aiter_raw(), status_code=response.status_code, background=BackgroundTask(response.aclose)
    )
    kept = [each for each in response.headers.multi_items() if each[0].lower() not in _HOP_BY_HOP]
    forwarded.raw_headers = [(name.encode(), value.encode()) for name, value in behavior.returned(kept)]
    return forwarded


def main() -> None:
    """Serve until SIGTERM."""
    settings = load(DistributionSettings)
    log.configure(level="WARNING", json=False)  # httpx logs each request at INFO
    app = distribution_app(settings, distribution_behaviors(settings, TEMPLATE.read_text(encoding="utf-8")))
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=settings.distribution_port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
