"""The route class of hot reads: which requests it serves itself, and that FastAPI gives the same responses."""

from urllib.parse import parse_qs, quote

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from service.api import problems
from service.api.dependencies import AppResources, CurrentCaller, InputFile, JobId
from service.api.hot_route import HotRoute, usual_parameters

FILE = "uploads/00112233445566778899aabbccddeeff/a.mp4"


def _app(route_class: type[APIRoute]) -> FastAPI:
    router = APIRouter(route_class=route_class)

    @router.get("/jobs/{job_id}")
    async def _get(job_id: JobId, caller: CurrentCaller, resources: AppResources) -> Response:
        return Response(f"job {job_id} {caller.sub} {resources}")

    @router.get("/jobs")
    async def _find(input_file: InputFile, caller: CurrentCaller, resources: AppResources) -> Response:
        return Response(f"file {input_file} {caller.sub} {resources}")

    app = FastAPI()
    app.state.verifier, app.state.resources = None, "tables"
    problems.install(app)
    app.include_router(router)
    return app


HOT, ORDINARY = _app(HotRoute), _app(APIRoute)


async def _respond(app: FastAPI, method: str, address: str) -> tuple[int, str | None, str]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        response = await client.request(method, address)
    return response.status_code, response.headers.get("content-type"), response.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "address",
    [
        "/jobs/1763798400123-a1b2c3",
        "/jobs/not_an_id",
        f"/jobs/{'x' * 101}",
        f"/jobs?input_file={FILE}",
        f"/jobs?input_file={quote(FILE, safe='')}",
        "/jobs?input_file=caf%C3%A9.mp4",
        "/jobs?input_file=a+b",
        "/jobs?input_file=a&input_file=b",
        "/jobs?input_file=a&other=b",
        "/jobs?input_file=",
        f"/jobs?input_file={'x' * 1025}",
        "/jobs",
    ],
)
async def test_both_ways_have_the_same_response(method: str, address: str) -> None:
    """A client can't see which way served its request."""
    assert await _respond(HOT, method, address) == await _respond(ORDINARY, method, address)


@given(st.text(max_size=30))
def test_a_usual_query_has_the_value_that_fastapi_parses(query: str) -> None:
    """Every other query is left to FastAPI."""
    encoded = f"input_file={query}".encode()
    parameters = usual_parameters({"path_params": {}, "query_string": encoded})
    assert parameters is None or parse_qs(encoded.decode()) == {"input_file": [parameters["input_file"]]}


@pytest.mark.parametrize("address", ["/jobs/1763798400123-a1b2c3", f"/jobs?input_file={quote(FILE, safe='')}"])
async def test_a_usual_request_needs_no_dependency_solving(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is the purpose of the class."""

    async def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("fastapi.routing.solve_dependencies", fail)
    assert (await _respond(HOT, "GET", address))[0] == 200
