"""Every error as problem details (RFC 9457) with a stable code, and without a traceback."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope
from structlog.contextvars import get_contextvars

from service.problem_details import MEDIA_TYPE, invalid_detail, invalid_fields, problem_details
from service.request_errors import (
    CallerFullError,
    IssuerUnavailableError,
    MissingTokenError,
    ProcessFullError,
    RequestTooLargeError,
    TooManyBodiesError,
    UnauthenticatedError,
)
from service.views.bodies import Problem
from transcode.errors import AwsUnavailableError, TooManyUploadsError, TranscodeError
from transcode.failures import is_transient

RETRY_AFTER_S = "5"
REQUEST_ID_HEADER = "X-Request-Id"
INTERNAL = "Internal error; the service has logged it."

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Make the app return this system's, AWS's and FastAPI's errors in the one shape."""
    app.add_exception_handler(TranscodeError, _handle_transcode_error)
    app.add_exception_handler(RequestValidationError, _handle_invalid_request)
    app.add_exception_handler(HTTPException, _handle_http_exception)
    app.add_exception_handler(ClientError, _handle_aws_error)
    app.add_exception_handler(BotoCoreError, _handle_aws_error)
    app.add_exception_handler(Exception, _handle_unexpected_error)


def responses(*errors: type[TranscodeError]) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the errors that a route can return."""
    return {
        int(status): {
            "description": " ".join(example["summary"] for example in examples.values()),
            "content": {MEDIA_TYPE: {"examples": examples}},
        }
        for status, examples in examples_of(*errors).items()
    }


def examples_of(*errors: type[TranscodeError]) -> dict[str, dict[str, Any]]:
    """Return an example of each error, by HTTP status and code."""
    examples: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for error in errors:
        text = INTERNAL if error is TranscodeError else (error.__doc__ or "").strip()
        example = {"summary": text, "value": Problem.example(error.code, text, status=error.http_status)}
        examples[str(error.http_status)][error.code] = example
    return examples


def path_of(scope: Scope) -> str:
    """Return the request's path as the routes know it, without the prefix that a gateway adds."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def problem(
    request: Request,
    *,
    status: int,
    detail: str,
    code: str,
    errors: Sequence[Mapping[str, object]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an error in the one shape; under /s3 also in Uppy's shape: Uppy shows `message`."""
    body = problem_details(status=status, code=code, detail=detail, errors=errors)
    if path_of(request.scope).startswith("/s3/"):
        log.info("upload.refused", code=code)
        body |= {"error": code, "message": detail, "requestId": _request_id()}
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _request_id() -> str:
    """Return the request's id in the log."""
    return str(get_contextvars().get("request_id", ""))


async def _handle_transcode_error(request: Request, error: Exception) -> JSONResponse:
    expected = error if isinstance(error, TranscodeError) else TranscodeError()
    return problem(
        request, status=expected.http_status, detail=str(expected), code=expected.code, headers=_headers(expected)
    )


def _headers(error: TranscodeError) -> dict[str, str]:
    """Return the response headers that say when to retry, or how to authenticate."""
    match error:
        case AwsUnavailableError() | IssuerUnavailableError():
            return {"Retry-After": RETRY_AFTER_S}
        case (
            TooManyUploadsError(retry_after_s=retry_after_s)
            | ProcessFullError(retry_after_s=retry_after_s)
            | CallerFullError(retry_after_s=retry_after_s)
        ):
            return {"Retry-After": str(retry_after_s)}
        case MissingTokenError():
            return {"WWW-Authenticate": "Bearer"}
        case UnauthenticatedError():
            return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
        case _:
            return {}


async def _handle_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Name the wrong fields and the reasons, without repeating the request's values."""
    lines: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    return _invalid(request, lines)


def _invalid(request: Request, lines: Sequence[Mapping[str, Any]]) -> JSONResponse:
    detail, errors = invalid_detail(lines), invalid_fields(lines)
    return problem(request, status=422, code="invalid_request", detail=detail, errors=errors)


async def _handle_http_exception(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else INTERNAL
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == HTTPStatus.BAD_REQUEST:
        # FastAPI's status for a body that is not text; for a body that is not JSON it is 422.
        return _invalid(request, [{"loc": ["body"], "msg": detail, "type": "body_invalid"}])
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of the path's first route only.
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    codes = {404: "not_found", 405: "method_not_allowed", 413: RequestTooLargeError.code, 503: TooManyBodiesError.code}
    return problem(request, status=status, detail=detail, code=codes.get(status, "http_error"), headers=headers)


def _allowed(request: Request) -> str | None:
    """Return the methods of the request's path in the OpenAPI document; None if the document has no such path."""
    documented: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    paths = [path for path in documented if re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", path), path_of(request.scope))]
    if not paths:
        return None
    return ", ".join(sorted(method.upper() for method in documented[min(paths, key=lambda path: path.count("{"))]))


async def _handle_aws_error(request: Request, error: Exception) -> JSONResponse:
    if not is_transient(error):
        return await _handle_unexpected_error(request, error)
    log.warning("aws.unavailable", path=request.url.path, reason=type(error).__name__)
    return await _handle_transcode_error(request, AwsUnavailableError())


async def _handle_unexpected_error(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", path=request.url.path, exc_info=error)
    # Starlette sends this response outside the middleware that adds headers.
    headers = {REQUEST_ID_HEADER: _request_id()}
    return problem(request, status=500, detail=INTERNAL, code=TranscodeError.code, headers=headers)
