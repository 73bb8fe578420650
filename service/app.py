"""The application: FastAPI with the routes, the middleware and the OpenAPI document."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from service.api import (
    cancel,
    companion,
    deletion,
    health,
    jobs,
    openapi,
    page,
    problems,
    progress,
    upload_list,
    uploads,
)
from service.api.middleware.allowed_hosts import AllowedHosts
from service.api.middleware.body_limits import BodyLimits
from service.api.middleware.origin_secret import OriginSecret
from service.api.middleware.request_log import RequestLog
from service.api.middleware.security_headers import SecurityHeaders
from service.api.middleware.stream_runner import StreamRunner
from service.live.load_report import report_load
from service.resources import Resources, open_resources
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from service.access.quota import UploadQuota
    from service.access.tokens import TokenVerifier

DESCRIPTION = """
Upload a video directly to S3, and show one honest progress bar until it plays.

1. `POST /uploads`, and send the file to the URL in the response. (For large files, use Uppy with `/s3`.)
2. `GET /events?input_file=…` sends every change of up to fifty files on one connection, from the wait for the upload to
   the end of the job. Without streams: `GET /jobs?input_file=…` until there is a `job_id`, then
   `GET /jobs/{job_id}/progress?wait_s=20` with the last `ETag`.
3. At COMPLETE, play `output.playback_url`.

Show `progress_percent` unchanged; null means an indeterminate bar. Errors are problem details (RFC 9457,
`application/problem+json`); `code` is stable. Before a route gets a request, the server may respond with 400
`invalid_http`, 408 `request_timeout`, 414 `url_too_long` (over 16 KiB), 431 `headers_too_large` (over 32 KiB with the
URL) or 503 `too_many_connections`. Every response of a route has the request's id in `X-Request-Id`, which its log
lines contain; a request may set its own.
"""

ROUTERS = (
    jobs.hot,
    jobs.router,
    cancel.router,
    uploads.router,
    upload_list.router,
    deletion.router,
    progress.router,
    companion.router,
    health.router,
)
"""The routers, in the order in which a request's path is compared with them: the routes that are called most are first.
bench/README.md shows what this order and the next comment's flat list are worth."""

OWN_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    problems.REQUEST_ID_HEADER,
)
"""The request headers that a page of another origin may send."""
UPPY_HEADERS = ("Uppy-Versions", "Uppy-Auth-Token")
"""The request headers that Uppy's companion client sends, before version 6."""


def create_app(
    settings: ServiceSettings, *, on_lambda: bool = False, clock: Callable[[], float] = time.time
) -> FastAPI:
    """Return the application; its lifespan opens and closes its AWS clients.

    `on_lambda` is true where the server buffers whole responses, so that a stream would never arrive, and where a
    process handles one request at a time. It then calls `with_secrets` of the app's resources before the first request.
    `clock` returns Unix seconds.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings, clock=clock, in_threads=on_lambda) as resources:
            app.state.resources = resources if on_lambda else await resources.with_secrets()
            reporting = asyncio.create_task(_report_load(resources), name="report load") if not on_lambda else None
            yield
            if reporting is not None:
                reporting.cancel()

    app = FastAPIOffline(
        title="mediaconvert-status",
        summary="Uploads, MediaConvert jobs, and one honest progress bar.",
        description=DESCRIPTION.strip(),
        version="0.1.0",
        contact={"name": "The operator of this deployment"},
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_tags=openapi.TAGS,
        lifespan=lifespan,
        redirect_slashes=False,  # the redirect's address would contain the caller's Host header
        # As the app's own routes, before all others: an included router's routes would be searched twice per request.
        routes=[route for router in ROUTERS for route in router.routes],
        # With OpenTelemetry on, FastAPI traces and measures requests; its own log lines would repeat the request log.
        telemetry={"auto_configure": False, "logs": False, "operation_spans": False},
    )
    app.state.verifier = _verifier(settings)
    app.state.quota = _quota(settings)
    app.state.can_stream = not on_lambda
    problems.install(app)
    openapi.install(app)
    page.install(app, settings.web_dir, policy=settings.page_policy)
    app.add_middleware(BodyLimits)
    app.add_middleware(SecurityHeaders)
    if settings.cors_allow_origins:
        # Around the other middleware, so that a page can read errors too. Without credentials: tokens come in a header.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_allow_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=[*OWN_HEADERS, *UPPY_HEADERS],
            expose_headers=["ETag", "Retry-After", "WWW-Authenticate", problems.REQUEST_ID_HEADER],
            max_age=3_600,
        )
    if settings.allowed_hosts:
        app.add_middleware(AllowedHosts, hosts=settings.allowed_hosts, origins=settings.cors_allow_origins)
    if settings.origin_secret is not None:
        app.add_middleware(OriginSecret, secret=settings.origin_secret.get_secret_value())
    app.add_middleware(RequestLog)
    if not on_lambda:
        app.add_middleware(StreamRunner)
    return app


async def _report_load(resources: Resources) -> None:
    await report_load(resources.hub, streams=resources.streams, long_polls=resources.long_polls)


def _verifier(settings: ServiceSettings) -> "TokenVerifier | None":
    if settings.auth_issuer is None or settings.auth_audience is None:
        return None
    from service.access.issuer import Issuer  # noqa: PLC0415 -- slow to import (bench row "Lambda cold start")
    from service.access.tokens import TokenVerifier  # noqa: PLC0415

    return TokenVerifier(Issuer(settings.auth_issuer), audience=settings.auth_audience, clients=settings.auth_clients)


def _quota(settings: ServiceSettings) -> "UploadQuota | None":
    if not settings.uploads_per_minute:
        return None
    from service.access.quota import UploadQuota  # noqa: PLC0415 -- imported only if the quota is on

    return UploadQuota(per_minute=settings.uploads_per_minute)
