"""Serves the private output bucket as CloudFront does on AWS: GET and HEAD of objects, for any origin.

With PLAYBACK_PUBLIC_KEY, key files and all files that aren't encrypted need the service's signed cookies, as with
CloudFront.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Self

import aioboto3
import uvicorn
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError
from pydantic import Field, model_validator
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local import playback_rules as rules
from local.playback_access import TrustedKey, is_allowed, is_guarded, trusted_key
from transcode import log
from transcode.settings import BucketName, EnvironmentSettings, Url, load

if TYPE_CHECKING:  # stubs, which only development installs
    from types_aiobotocore_s3 import S3Client

_CHUNK_BYTES = 64 * 1024
_NOT_FOUND = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.BAD_REQUEST,
}  # S3 responds 400 to an invalid key


class PlaybackSettings(EnvironmentSettings):
    """Playback's settings, from environment variables."""

    output_bucket: BucketName
    """The bucket to serve."""
    aws_endpoint_url: Url | None = None
    """An emulator's URL; AWS by default."""
    playback_host: str = "127.0.0.1"
    playback_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    playback_base_url: Url | None = None
    """The URL that browsers use for playback; the cookies' policies name it."""
    playback_key_pair_id: str | None = None
    """The key pair's id in cookies."""
    playback_public_key: str | None = None
    """The public RSA key in PEM; without it, key files need no cookie."""
    playback_allowed_hosts: str = "*"
    """The host names under which the server answers, separated by commas; "*" for every name."""
    log_level: str = "INFO"

    @property
    def trusted(self) -> TrustedKey | None:
        """The key that verifies cookies, or None if key files need none."""
        if self.playback_public_key is None or self.playback_key_pair_id is None:
            return None
        return trusted_key(key_pair_id=self.playback_key_pair_id, public_key_pem=self.playback_public_key)

    @model_validator(mode="after")
    def _check_key_settings(self) -> Self:
        if self.playback_public_key is not None:
            if self.playback_key_pair_id is None or self.playback_base_url is None:
                raise ValueError("PLAYBACK_PUBLIC_KEY also needs PLAYBACK_KEY_PAIR_ID and PLAYBACK_BASE_URL")
            _ = self.trusted
        return self


def playback_app(settings: PlaybackSettings) -> Starlette:
    """Return an ASGI application that serves the bucket."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        config = AioConfig(
            max_pool_connections=100, retries={"max_attempts": 2}, response_checksum_validation="when_required"
        )
        session = aioboto3.Session()
        async with session.client("s3", endpoint_url=settings.aws_endpoint_url, config=config) as client:
            app.state.bucket = _Bucket(client, settings.output_bucket)
            app.state.key_access = _KeyAccess(settings)
            yield

    cors = Middleware(
        CORSMiddleware,
        # The page is on another port of this machine, and so of another origin. With cookies, CORS requires that the
        # response names this origin. A page of another site can't send the cookies, because they are SameSite=Strict.
        allow_origin_regex=".*",
        allow_credentials=True,
        allow_methods=["GET", "HEAD"],
        allow_headers=["Range", "If-None-Match", "If-Modified-Since", "If-Range", "Authorization"],
        expose_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        max_age=3600,
    )
    hosts = Middleware(
        TrustedHostMiddleware, allowed_hosts=settings.playback_allowed_hosts.split(","), www_redirect=False
    )
    routes = [Route("/healthz", _healthz), Route("/{key:path}", _serve, methods=["GET", "HEAD"])]
    return Starlette(routes=routes, middleware=[hosts, cors], lifespan=lifespan)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    settings = load(PlaybackSettings)
    log.configure(level=settings.log_level, json=False)
    uvicorn.run(
        playback_app(settings),
        host=settings.playback_host,
        port=settings.playback_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _serve(request: Request) -> Response:
    key: str = request.path_params["key"]
    bucket: _Bucket = request.app.state.bucket
    if not rules.is_servable(key):
        return PlainTextResponse("not found", 404)
    if not request.app.state.key_access.is_allowed(request, key):
        return PlainTextResponse("forbidden", 403)
    arguments = rules.conditions(request.headers)
    try:
        return await (bucket.head(key, arguments) if request.method == "HEAD" else bucket.get(key, arguments))
    except ClientError as error:
        return await bucket.error_response(key, error)


class _KeyAccess:
    """Decides which requests get guarded files."""

    def __init__(self, settings: PlaybackSettings) -> None:
        self._trusted = settings.trusted
        self._base_url = settings.playback_base_url

    def is_allowed(self, request: Request, key: str) -> bool:
        if self._trusted is None or not is_guarded(key):
            return True
        url = f"{self._base_url}{request.scope['raw_path'].decode('latin-1')}"
        return is_allowed(url, request.cookies, trusted=self._trusted, now_s=time.time())


class _Bucket:
    """The served bucket."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name

    async def head(self, key: str, arguments: Mapping[str, Any]) -> Response:
        """Return the object's headers; HEAD ignores a range."""
        response = await self._client.head_object(Bucket=self._name, Key=key, **rules.unconditional(arguments))
        return Response(headers=_headers(key, response))

    async def get(self, key: str, arguments: Mapping[str, Any]) -> Response:
        """Return the object or the requested range; return the whole object if the If-Range condition fails."""
        try:
            response = await self._client.get_object(Bucket=self._name, Key=key, **arguments)
        except ClientError as error:
            if _status(error) != HTTPStatus.PRECONDITION_FAILED:
                raise
            response = await self._client.get_object(Bucket=self._name, Key=key, **rules.unconditional(arguments))
        status = 206 if "Range" in arguments and response.get("ContentRange") else 200
        return _ObjectResponse(response["Body"], status_code=status, headers=_headers(key, response))

    async def error_response(self, key: str, error: ClientError) -> Response:
        """Return the response for an error from S3."""
        match _status(error):
            case 304:
                return Response(status_code=304, headers=_validators(key, error.response["ResponseMetadata"]))
            case 416:
                size = (await self._client.head_object(Bucket=self._name, Key=key))["ContentLength"]
                return PlainTextResponse("range not satisfiable", 416, {"Content-Range": f"bytes */{size}"})
            case 403:
                return PlainTextResponse("forbidden", 403)
            case status if status in _NOT_FOUND:
                return PlainTextResponse("not found", 404)
            case _:
                raise error


class _ObjectResponse(StreamingResponse):
    """A streamed object; closes its connection to S3 however the response ends."""

    def __init__(self, body: Any, *, status_code: int, headers: Mapping[str, str]) -> None:  # noqa: ANN401  aiobotocore has no type for it
        super().__init__(body.iter_chunks(_CHUNK_BYTES), status_code=status_code, headers=headers)
        self._object = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._object.close()


def _headers(key: str, s3_response: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        "Content-Type": rules.content_type(key, s3_response.get("ContentType")),
        "Content-Length": str(s3_response["ContentLength"]),
        "ETag": s3_response["ETag"],
        "Last-Modified": format_datetime(s3_response["LastModified"].astimezone(UTC), usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": rules.cache_control(key),
        "X-Content-Type-Options": "nosniff",
    }
    return headers | ({"Content-Range": s3_response["ContentRange"]} if s3_response.get("ContentRange") else {})


def _validators(key: str, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that a 304 response repeats from the 200 response."""
    sent = {name.lower(): value for name, value in metadata["HTTPHeaders"].items()}
    kept = {name: sent[name.lower()] for name in ("ETag", "Last-Modified") if name.lower() in sent}
    return {**kept, "Cache-Control": rules.cache_control(key)}


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


if __name__ == "__main__":
    main()
