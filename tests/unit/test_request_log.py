"""Which requests have a line in the log, what it says, and the id that they go by."""

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


async def _answer(request: Request) -> Response:
    if "note" in request.query_params:
        request_log.log_upload_event("upload.announced", FILE)
    return PlainTextResponse("", status_code=int(request.query_params.get("status", 200)))


APP = RequestLog(Starlette(routes=[Route("/{path:path}", _answer, methods=["GET", "POST", "HEAD"])]))


async def _ask(method: str, address: str, **headers: str) -> tuple[httpx.Response, list[dict[str, Any]]]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://service") as client:
        with capture_logs() as lines:
            answer = await client.request(method, address, headers=headers)
    return answer, [dict(line) for line in lines]


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
async def test_what_changes_something_or_fails_is_logged(method: str, address: str, level: str | None) -> None:
    """Good answers to reads are not: somebody polls, and a health check never ends."""
    _, lines = await _ask(method, address)
    assert [line["log_level"] for line in lines] == ([level] if level else [])


async def test_reads_are_logged_at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the job that they are about, and whether they were meant to take long."""
    monkeypatch.setattr(request_log.stdlib_logger, "isEnabledFor", lambda _: True)
    _, (line,) = await _ask("GET", "/jobs/17-a/progress?wait_s=20")
    assert line["log_level"] == "debug"
    assert (line["job_id"], line["is_held"], line["status"]) == ("17-a", True, 200)


async def test_a_line_has_no_query_but_names_the_upload() -> None:
    """A caller may have put anything into an address."""
    _, (line,) = await _ask("GET", f"/jobs?input_file={FILE}&access_token=secret&status=404")
    assert line["path"] == "/jobs"
    assert line["upload"] == "00112233445566778899aabbccddeeff"
    assert "secret" not in str(line)


async def test_the_answer_names_the_request() -> None:
    """With the id that it came with, else with a new one."""
    named, _ = await _ask("GET", "/healthz", **{"X-Request-Id": "front-end-42"})
    unnamed, _ = await _ask("GET", "/healthz")
    assert named.headers["x-request-id"] == "front-end-42"
    assert re.fullmatch(r"[0-9a-f]{32}", unnamed.headers["x-request-id"])


@pytest.mark.parametrize("bad", ["a", "x" * 129, "with space", "{${jndi}}"])
async def test_an_id_in_no_shape_of_one_is_replaced(bad: str) -> None:
    """It would stand in every log line."""
    answer, _ = await _ask("GET", "/healthz", **{"X-Request-Id": bad})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_what_a_request_does_about_an_upload_names_both() -> None:
    """The line itself, and those that follow."""
    _, lines = await _ask("POST", "/uploads?note", **{"X-Request-Id": "front-end-42"})
    assert [line["event"] for line in lines] == ["upload.announced", "request.answered"]
    assert lines[0]["input_file"] == FILE


@pytest.mark.parametrize("path", ["/defect", "/refused"])
async def test_an_answer_to_a_defect_names_its_request_once(path: str) -> None:
    """Whether it is answered outside of all else, as Starlette does for what nobody expects, or within."""
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
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get(path, headers={"X-Request-Id": "front-end-42"})
    assert answer.status_code == 500
    assert answer.headers.get_list("x-request-id") == ["front-end-42"]
