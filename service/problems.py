"""Every error as JSON of one shape: `{"detail": …, "code": …}`, as FastAPI's users expect, and never a traceback."""

from collections.abc import Sequence
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.schemas import Problem
from transcode.aws import is_passing
from transcode.errors import (
    AwsUnavailableError,
    IssuerUnavailableError,
    MissingTokenError,
    RequestTooLargeError,
    TooManyUploadsError,
    TranscodeError,
    UnauthenticatedError,
)

RETRY_AFTER_S = "5"

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Make the app answer every error of ours, of AWS's and of FastAPI's in the one shape."""
    app.add_exception_handler(TranscodeError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientError, _aws)
    app.add_exception_handler(BotoCoreError, _aws)
    app.add_exception_handler(Exception, _unknown)


def responses(*errors: type[TranscodeError]) -> dict[int | str, dict[str, Any]]:
    """Return what a route's documentation says of the errors it can answer with."""
    return {error.http_status: {"model": Problem, "description": error.__doc__} for error in errors}


def _problem(status: int, detail: object, code: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail, "code": code}, status_code=status, headers=headers)


async def _known(_: Request, error: Exception) -> JSONResponse:
    known = error if isinstance(error, TranscodeError) else TranscodeError()
    return _problem(known.http_status, str(known), known.code, _headers(known))


def _headers(error: TranscodeError) -> dict[str, str]:
    """Return what an answer says beside its body: when to come again, or what to bring."""
    match error:
        case AwsUnavailableError() | IssuerUnavailableError():
            return {"Retry-After": RETRY_AFTER_S}
        case TooManyUploadsError(retry_after_s=retry_after_s):
            return {"Retry-After": str(retry_after_s)}
        case MissingTokenError():
            return {"WWW-Authenticate": "Bearer"}
        case UnauthenticatedError():
            return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
        case _:
            return {}


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Say which field is wrong and why, without repeating what was sent."""
    lines: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    detail = [{"loc": line["loc"], "msg": line["msg"], "type": line["type"]} for line in lines]
    return _problem(422, detail, "invalid_request")


async def _http(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "Internal error."
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    codes = {404: "not_found", 405: "method_not_allowed", 413: RequestTooLargeError.code}
    return _problem(status, detail, codes.get(status, "http_error"), headers)


async def _aws(request: Request, error: Exception) -> JSONResponse:
    if not is_passing(error):
        return await _unknown(request, error)
    log.warning("aws.unavailable", path=request.url.path, reason=type(error).__name__)
    return await _known(request, AwsUnavailableError())


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", path=request.url.path, exc_info=error)
    return _problem(500, "Something went wrong here; it has been noted.", "internal_error")
