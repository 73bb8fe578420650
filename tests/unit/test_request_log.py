"""The service's request log: which requests are logged, the fields of a line, and the request id."""

import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from service.api import problems
from service.api.middleware import request_log
from service.api.middleware.request_log import RequestLog

FILE = "uploads/00112233445566778899aabbccddeeff/a.mp4"


async def _respond(request: Request) -> Response:
    if "note" in request.query_params:
        request_log.log_upload_event("upload.announced", FILE)
    return PlainTextResponse("", status_code=int(request.query_params.get("status", 200)))


APP = RequestLog(Starlette(routes=[Route("/{path:path}", _respond, methods=["GET", "POST", "HEAD"])]))


async def _request(method: str, address: str, **headers: str) -> tuple[httpx.Response, list[dict[str, Any]]]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://service") as client:
        with capture_logs() as lines:
            response = await client.request(method, address, headers=headers)
    return response, [dict(line) for line in lines]


@pytest.mark.parametrize(
    ("method", "address", "level"),
    [
        ("GET", "/healthz", None),
        ("GET", "/jobs/17-a/progress", None),
        ("GET", "/jobs/17-a/progress?status=304", None),
        ("HEAD", "/readyz", None),
        ("POST", "/uploads?status=201", "info"),
        ("GET", "/jobs/17-a?status=404", "info"),
        ("GET", "/readyz?status=503", "warning"),
        ("POST", "/jobs?status=500", "warning"),
    ],
)
async def test_writes_and_failed_requests_are_logged(method: str, address: str, level: str | None) -> None:
    """Successful reads are not logged, because clients poll and health checks repeat."""
    _, lines = await _request(method, address)
    assert [line["log_level"] for line in lines] == ([level] if level else [])


async def test_reads_are_logged_at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line has the job id, and whether the client asked to hold the request."""
    monkeypatch.setattr(request_log.stdlib_logger, "isEnabledFor", lambda _: True)
    _, (line,) = await _request("GET", "/jobs/17-a/progress?wait_s=20")
    assert line["log_level"] == "debug"
    assert (line["job_id"], line["is_held"], line["status"]) == ("17-a", True, 200)


async def test_a_line_has_the_upload_but_not_the_query() -> None:
    """A caller may put secrets into a query string."""
    _, (line,) = await _request("GET", f"/jobs?input_file={FILE}&access_token=secret&status=404")
    assert line["path"] == "/jobs"
    assert line["upload"] == "00112233445566778899aabbccddeeff"
    assert "secret" not in str(line)


async def test_the_response_has_the_request_id() -> None:
    """It is the request's own id, or a new one."""
    named, _ = await _request("GET", "/healthz", **{"X-Request-Id": "front-end-42"})
    unnamed, _ = await _request("GET", "/healthz")
    assert named.headers["x-request-id"] == "front-end-42"
    assert re.fullmatch(r"[0-9a-f]{32}", unnamed.headers["x-request-id"])


@pytest.mark.parametrize("bad", ["a", "x" * 129, "with space", "{${jndi}}"])
async def test_an_invalid_request_id_is_replaced(bad: str) -> None:
    """The id appears in every log line of the request."""
    response, _ = await _request("GET", "/healthz", **{"X-Request-Id": bad})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


async def test_a_note_about_an_upload_has_its_input_file() -> None:
    """The request's own line follows the note."""
    _, lines = await _request("POST", "/uploads?note", **{"X-Request-Id": "front-end-42"})
    assert [line["event"] for line in lines] == ["upload.announced", "request.answered"]
    assert lines[0]["input_file"] == FILE


@pytest.mark.parametrize("path", ["/defect", "/refused"])
async def test_an_error_response_has_the_request_id_once(path: str) -> None:
    """Starlette handles unexpected exceptions outside of all middleware, and other errors within."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestLog)

    @app.get("/defect")
    async def _defect() -> None:
        raise RuntimeError

    @app.get("/refused")
    async def _refused() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "GetItem")  # type: ignore[typeddict-item]

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    with capture_logs():  # printing the traceback takes seconds
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            response = await client.get(path, headers={"X-Request-Id": "front-end-42"})
    assert response.status_code == 500
    assert response.headers.get_list("x-request-id") == ["front-end-42"]
