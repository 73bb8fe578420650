"""Serves the private output bucket in CloudFront's place: GET and HEAD of objects, to any origin, and nothing else.

With PLAYBACK_PUBLIC_KEY it gives key files, as CloudFront does, only to who has the service's signed cookies.
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
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local import playback_rules as rules
from local.playback_access import TrustedKey, is_allowed, is_guarded, trusted_key
from transcode import log
from transcode.settings import BucketName, Url, load

if TYPE_CHECKING:  # stubs, which only development installs
    from types_aiobotocore_s3 import S3Client

_CHUNK_BYTES = 64 * 1024
_NOT_FOUND = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}  # a bad request: a key that S3 can't have


class PlaybackSettings(BaseSettings):
    """What playback is told by the environment."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    output_bucket: BucketName
    """The bucket that is served."""
    aws_endpoint_url: Url | None = None
    """Set for an emulator; AWS's own address otherwise."""
    playback_host: str = "127.0.0.1"
    playback_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    playback_base_url: Url | None = None
    """Its own address, as browsers have it: cookies are good for that address."""
    playback_key_pair_id: str | None = None
    """The id of the key pair by which cookies name it."""
    playback_public_key: str | None = None
    """That key, RSA in PEM; without it key files are anybody's."""
    log_level: str = "INFO"

    @property
    def trusted(self) -> TrustedKey | None:
        """Whose cookies count."""
        if self.playback_public_key is None or self.playback_key_pair_id is None:
            return None
        return trusted_key(key_pair_id=self.playback_key_pair_id, public_key_pem=self.playback_public_key)

    @model_validator(mode="after")
    def _keys_are_guarded_or_not(self) -> Self:
        if self.playback_public_key is not None:
            if self.playback_key_pair_id is None or self.playback_base_url is None:
                raise ValueError("PLAYBACK_PUBLIC_KEY needs PLAYBACK_KEY_PAIR_ID and PLAYBACK_BASE_URL beside it")
            _ = self.trusted
        return self


def playback_app(settings: PlaybackSettings) -> Starlette:
    """An ASGI application that serves the bucket."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        config = AioConfig(
            max_pool_connections=100, retries={"max_attempts": 2}, response_checksum_validation="when_required"
        )
        session = aioboto3.Session()
        async with session.client("s3", endpoint_url=settings.aws_endpoint_url, config=config) as client:
            app.state.bucket = _Bucket(client, settings.output_bucket)
            app.state.guard = _Guard(settings)
            yield

    cors = Middleware(
        CORSMiddleware,
        # The page is on another port of this machine, so of another origin, whose cookies have to be let in by name.
        # A page of another site has none to send: they are SameSite=Strict.
        allow_origin_regex=".*",
        allow_credentials=True,
        allow_methods=["GET", "HEAD"],
        allow_headers=["Range", "If-None-Match", "If-Modified-Since", "If-Range", "Authorization"],
        expose_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        max_age=3600,
    )
    routes = [Route("/healthz", _healthz), Route("/{key:path}", _serve, methods=["GET", "HEAD"])]
    return Starlette(routes=routes, middleware=[cors], lifespan=lifespan)


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
    if not request.app.state.guard.lets_pass(request, key):
        return PlainTextResponse("forbidden", 403)
    arguments = rules.conditions(request.headers)
    try:
        return await (bucket.head(key, arguments) if request.method == "HEAD" else bucket.get(key, arguments))
    except ClientError as error:
        return await bucket.explain(key, error)


class _Guard:
    """Who gets key files."""

    def __init__(self, settings: PlaybackSettings) -> None:
        self._trusted = settings.trusted
        self._base_url = settings.playback_base_url

    def lets_pass(self, request: Request, key: str) -> bool:
        if self._trusted is None or not is_guarded(key):
            return True
        address = f"{self._base_url}{request.scope['raw_path'].decode('latin-1')}"
        return is_allowed(address, request.cookies, trusted=self._trusted, now_s=time.time())


class _Bucket:
    """The one bucket that is served."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name

    async def head(self, key: str, arguments: Mapping[str, Any]) -> Response:
        """The object's headers; a range is for GET only."""
        answer = await self._client.head_object(Bucket=self._name, Key=key, **rules.unconditional(arguments))
        return Response(headers=_headers(key, answer))

    async def get(self, key: str, arguments: Mapping[str, Any]) -> Response:
        """The object or the range of it that was asked for; all of it if If-Range's condition fails."""
        try:
            answer = await self._client.get_object(Bucket=self._name, Key=key, **arguments)
        except ClientError as error:
            if _status(error) != HTTPStatus.PRECONDITION_FAILED:
                raise
            answer = await self._client.get_object(Bucket=self._name, Key=key, **rules.unconditional(arguments))
        status = 206 if "Range" in arguments and answer.get("ContentRange") else 200
        return _ObjectResponse(answer["Body"], status_code=status, headers=_headers(key, answer))

    async def explain(self, key: str, error: ClientError) -> Response:
        """The answer for an object that S3 didn't give."""
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
    """Streams an object through, and lets go of its connection to S3 however the response ends."""

    def __init__(self, body: Any, *, status_code: int, headers: Mapping[str, str]) -> None:  # noqa: ANN401  aiobotocore's
        super().__init__(body.iter_chunks(_CHUNK_BYTES), status_code=status_code, headers=headers)
        self._object = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._object.close()


def _headers(key: str, answer: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        "Content-Type": rules.content_type(key, answer.get("ContentType")),
        "Content-Length": str(answer["ContentLength"]),
        "ETag": answer["ETag"],
        "Last-Modified": format_datetime(answer["LastModified"].astimezone(UTC), usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": rules.cache_control(key),
        "X-Content-Type-Options": "nosniff",
    }
    return headers | ({"Content-Range": answer["ContentRange"]} if answer.get("ContentRange") else {})


def _validators(key: str, metadata: Mapping[str, Any]) -> dict[str, str]:
    """What a 304 repeats of the headers of a 200."""
    sent = {name.lower(): value for name, value in metadata["HTTPHeaders"].items()}
    kept = {name: sent[name.lower()] for name in ("ETag", "Last-Modified") if name.lower() in sent}
    return {**kept, "Cache-Control": rules.cache_control(key)}


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


if __name__ == "__main__":
    main()
