"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from service.api import companion, health, jobs, openapi, page, problems, progress, uploads
from service.api.middleware.body_limits import BodyLimits
from service.api.middleware.request_log import RequestLog
from service.api.middleware.security_headers import SecurityHeaders
from service.resources import open_resources
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from service.access.quota import UploadQuota
    from service.access.tokens import TokenVerifier

DESCRIPTION = """
Upload a video straight to S3, and follow one honest progress bar until it plays.

1. `POST /uploads`, and send the file to the URL it gives. (For large files `/s3` speaks to Uppy.)
2. `GET /events?input_file=…` tells of every change, from the wait for the upload to the end of its job, of up to fifty
   files on one connection. Without streams: `GET /jobs?input_file=…` until there is a `job_id`, then
   `GET /jobs/{job_id}/progress?wait_s=20` with the last `ETag`.
3. At COMPLETE, `output.playback_url` plays.

Show `progress_percent` as it is: null is a bar without end. Errors are `{"detail": …, "code": …}`; `code` is stable.
Every answer names its request in `X-Request-Id`, by which its log lines are found; a request may bring its own.
"""

ROUTERS = (jobs.router, uploads.router, progress.router, companion.router, health.router)
"""In this order: the first route to be compared with a request's path is the one that is called most."""

OWN_HEADERS = ("Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", problems.REQUEST_ID_HEADER)
"""What a page of another origin may send along."""
UPPY_HEADERS = ("Uppy-Versions", "Uppy-Auth-Token")
"""What Uppy's companion client, before version 6, sends along."""


def create_app(settings: ServiceSettings, *, can_stream: bool = True) -> FastAPI:
    """Return the application; its lifespan opens and closes what it needs of AWS.

    `can_stream` is False where answers are sent whole, so that a stream would never arrive.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as opened:
            app.state.resources = opened
            yield

    app = FastAPIOffline(
        title="mediaconvert-status",
        summary="Uploads, MediaConvert jobs, and one honest progress bar.",
        description=DESCRIPTION.strip(),
        version="0.1.0",
        openapi_tags=openapi.TAGS,
        lifespan=lifespan,
        # The app's own routes, and the first of it: an included router's are looked through twice for each request.
        routes=[route for router in ROUTERS for route in router.routes],
        # Where OpenTelemetry is on, FastAPI traces and measures requests; what it logs would be said twice.
        telemetry={"auto_configure": False, "logs": False, "operation_spans": False},
    )
    app.state.verifier = _verifier(settings)
    app.state.quota = _quota(settings)
    app.state.can_stream = can_stream
    problems.install(app)
    openapi.install(app)
    page.install(app, settings.web_dir)
    app.add_middleware(BodyLimits)
    app.add_middleware(SecurityHeaders)
    if settings.cors_allow_origins:
        # Around the rest: a page may read refusals too. Never with credentials: tokens come in a header.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_allow_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=[*OWN_HEADERS, *UPPY_HEADERS],
            expose_headers=["ETag", "Retry-After", "WWW-Authenticate", problems.REQUEST_ID_HEADER],
            max_age=3_600,
        )
    app.add_middleware(RequestLog)
    return app


def _verifier(settings: ServiceSettings) -> "TokenVerifier | None":
    if settings.auth_issuer is None or settings.auth_audience is None:
        return None
    from service.access.issuer import Issuer  # noqa: PLC0415 -- a twentieth of a cold start, for those who check tokens only
    from service.access.tokens import TokenVerifier  # noqa: PLC0415

    return TokenVerifier(Issuer(settings.auth_issuer), audience=settings.auth_audience)


def _quota(settings: ServiceSettings) -> "UploadQuota | None":
    if not settings.uploads_per_minute:
        return None
    from service.access.quota import UploadQuota  # noqa: PLC0415 -- for those who count only

    return UploadQuota(per_minute=settings.uploads_per_minute)
