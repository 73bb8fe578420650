"""The HTTP routes of the API: paths, status codes, the form of errors. `/_emulator` is not part of AWS's API."""

import json
import time
import uuid
from collections.abc import Awaitable, Callable
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

API = "/2017-08-29"
REQUEST_ID = "x-amzn-RequestId"


def routes() -> list[Route]:
    """Return all routes. They find the emulator in the application's state."""
    return [
        _route("CreateJob", "POST", "/jobs", lambda e, _, body: e.create_job(body), status=201),
        _route("ListJobs", "GET", "/jobs", lambda e, r, _: e.list_jobs(r.query_params)),
        _route("SearchJobs", "GET", "/search", lambda e, r, _: e.list_jobs(r.query_params)),
        _route("GetJob", "GET", "/jobs/{id}", lambda e, r, _: e.get_job(r.path_params["id"])),
        _route("CancelJob", "DELETE", "/jobs/{id}", lambda e, r, _: e.cancel_job(r.path_params["id"]), status=202),
        _route("ListQueues", "GET", "/queues", lambda e, r, _: e.list_queues(r.query_params)),
        _route("GetQueue", "GET", "/queues/{name}", lambda e, r, _: e.get_queue(r.path_params["name"])),
        _route("CreateJobTemplate", "POST", "/jobTemplates", lambda e, _, body: e.create_template(body), status=201),
        _route("ListJobTemplates", "GET", "/jobTemplates", lambda e, r, _: e.list_templates(r.query_params)),
        _route("GetJobTemplate", "GET", "/jobTemplates/{name}", lambda e, r, _: e.get_template(r.path_params["name"])),
        _route(
            "UpdateJobTemplate",
            "PUT",
            "/jobTemplates/{name}",
            lambda e, r, body: e.update_template(r.path_params["name"], body),
        ),
        _route(
            "DeleteJobTemplate",
            "DELETE",
            "/jobTemplates/{name}",
            lambda e, r, _: e.delete_template(r.path_params["name"]),
            status=202,
        ),
        _route("Probe", "POST", "/probe", lambda e, _, body: e.probe(body)),
        _route("DescribeEndpoints", "POST", "/endpoints", lambda _, r, __: {"endpoints": [{"url": public_url(r)}]}),
        Route("/_emulator/health", health, methods=["GET"]),
        Route("/_emulator/chaos", get_chaos, methods=["GET"]),
        Route("/_emulator/chaos", put_chaos, methods=["PUT"]),
        Route("/{path:path}", not_emulated, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]


def _route(
    name: str,
    method: str,
    path: str,
    operation: Callable[[Emulator, Request, JsonObject], JsonObject | Awaitable[JsonObject]],
    *,
    status: int = 200,
) -> Route:
    async def endpoint(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        emulator.gate.enter(name, now_s=time.monotonic())
        body = await _json_body(request) if method in {"POST", "PUT"} else {}
        result = operation(emulator, request, body)
        answer = await result if isawaitable(result) else result
        return JSONResponse(answer, status, {REQUEST_ID: str(uuid.uuid4())})

    return Route(API + path, endpoint, methods=[method])


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


async def not_emulated(request: Request) -> Response:
    """Refuse every other operation of the real API."""
    raise BadRequestException(f"{request.method} {request.url.path} is not emulated")


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
