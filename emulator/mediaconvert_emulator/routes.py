"""The HTTP routes of the API: paths, status codes, the form of errors. `/_emulator` is not part of AWS's API."""

import json
import time
import uuid
from http import HTTPStatus
from inspect import isawaitable
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mediaconvert_emulator.chaos import Chaos
from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.errors import ApiError, BadRequestException, InternalServerErrorException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.operations import OPERATIONS, Call, Operation
from mediaconvert_emulator.request_validation import service_model

REQUEST_ID = "x-amzn-RequestId"


def routes() -> list[Route]:
    """Return all routes. They find the emulator in the application's state."""
    return [
        *(_route(name, operation) for name, operation in OPERATIONS.items()),
        Route("/_emulator/health", health, methods=["GET"]),
        Route("/_emulator/chaos", get_chaos, methods=["GET"]),
        Route("/_emulator/chaos", put_chaos, methods=["PUT"]),
        Route("/{path:path}", not_found, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]


def _route(name: str, operation: Operation) -> Route:
    """Return the route of an operation, with the path, the method and the status of the service's model."""
    http = service_model().operation_model(name).http
    method: str = http["method"]
    path = http["requestUri"].replace("{arn}", "{arn:path}")  # an ARN contains slashes
    status = http.get("responseCode", HTTPStatus.OK)

    async def endpoint(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        emulator.gate.enter(name, now_s=time.monotonic())
        call = Call(
            emulator=emulator,
            path=request.path_params,
            query=request.query_params,
            body=await _json_body(request) if method in {"POST", "PUT"} else {},
            base_url=public_url(request),
        )
        result = operation(call)
        answer = await result if isawaitable(result) else result
        return JSONResponse(answer, status, {REQUEST_ID: str(uuid.uuid4())})

    return Route(path, endpoint, methods=[method])


async def _json_body(request: Request) -> JsonObject:
    raw = await request.body()
    try:
        body: Any = json.loads(raw or b"{}")
    except ValueError as error:
        raise BadRequestException("The request's body is not JSON") from error
    if not isinstance(body, dict):
        raise BadRequestException("The request's body should be an object")
    return body


def public_url(request: Request) -> str:
    """Return the base URL for clients: the configured one, or the one that this request used."""
    configured: str | None = request.app.state.public_url
    return configured or str(request.base_url).rstrip("/")


async def health(request: Request) -> Response:
    """Return the number of jobs in each status, and the number of requests by operation and result."""
    emulator: Emulator = request.app.state.emulator
    statuses = [str(job.status) for job in emulator.jobs.all()]
    jobs = {status: statuses.count(status) for status in sorted(set(statuses))}
    return JSONResponse({"status": "ok", "jobs": jobs, "requests": dict(sorted(emulator.gate.counts.items()))})


async def get_chaos(request: Request) -> Response:
    """Return the current chaos settings."""
    emulator: Emulator = request.app.state.emulator
    return JSONResponse(emulator.publisher.chaos.model_dump())


async def put_chaos(request: Request) -> Response:
    """Replace the chaos settings; `{}` ends all chaos."""
    emulator: Emulator = request.app.state.emulator
    try:
        chaos = Chaos.model_validate(await _json_body(request))
    except ValidationError as error:
        raise BadRequestException(str(error)) from error
    emulator.publisher.set_chaos(chaos)
    emulator.gate.fail(chaos.fail_requests, now_s=time.monotonic())
    return await get_chaos(request)


async def not_found(request: Request) -> Response:
    """Refuse a request that is no operation of the API."""
    raise BadRequestException(f"{request.method} {request.url.path} is not an operation of MediaConvert")


async def api_error(_: Request, error: Exception) -> Response:
    """Return an error in MediaConvert's form, from which AWS's SDKs raise the modelled exception."""
    if not isinstance(error, ApiError):  # the server logs it with its traceback
        error = InternalServerErrorException("Unexpected error")
    name, request_id = type(error).__name__, str(uuid.uuid4())
    body = {
        "errorType": name,
        "httpStatus": int(error.status),
        "requestId": request_id,
        "message": error.message,
        "settingsValidationErrorsJsonBlob": "[]",
    }
    return JSONResponse(body, error.status, {"x-amzn-ErrorType": name, REQUEST_ID: request_id})
