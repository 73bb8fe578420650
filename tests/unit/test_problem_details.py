"""Every error has the shape of RFC 9457."""

from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_app
from service.http_refusals import refusal_bytes
from service.problem_details import MAX_INVALID_FIELDS, invalid_detail, invalid_fields, json_pointer
from service.request_errors import HeadersTooLargeError
from service.settings import ServiceSettings
from service.views.bodies import Problem


def api() -> httpx.AsyncClient:
    """Return a client of an app that is never started."""
    app = create_app(ServiceSettings(input_bucket="input", output_bucket="output"))
    app.state.resources = None  # no request of these tests gets as far as a table
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no-such-route", 404),
        ("PUT", "/jobs", 405),
        ("GET", "/jobs/a_b", 422),
        ("POST", "/uploads", 422),
        ("POST", "/s3/multipart", 422),
    ],
)
async def test_the_errors_of_the_framework_are_problem_details(method: str, path: str, status: int) -> None:
    """The body repeats the status, and `detail` is a sentence."""
    async with api() as client:
        response = await client.request(method, path)
    problem = Problem.model_validate(response.json())
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, problem.status) == (status, status)
    assert problem.type.endswith(f":{problem.code}")
    assert problem.detail
    assert (problem.errors is not None) == (status == 422)


@pytest.mark.parametrize(
    ("body", "location", "pointer"),
    [
        (b'{"file_name": "a.mp4", "content_type": "video/mp4"}', "body", "#/size_bytes"),
        (b'{"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 5, "a/b": 1}', "body", "#/a~1b"),
        (b"\xff", "body", "#"),
    ],
)
async def test_an_invalid_field_is_named_by_a_pointer(body: bytes, location: str, pointer: str) -> None:
    """The pointer is that of the JSON that the caller sent; its values are not repeated."""
    async with api() as client:
        response = await client.post("/uploads", content=body, headers={"Content-Type": "application/json"})
    [error] = response.json()["errors"]
    assert (error["location"], error["pointer"]) == (location, pointer)
    assert set(error) == {"location", "pointer", "detail", "code"}


async def test_an_invalid_parameter_is_named_with_its_place() -> None:
    """A query parameter has a pointer too."""
    async with api() as client:
        [error] = (await client.get("/jobs")).json()["errors"]
    assert (error["location"], error["pointer"], error["code"]) == ("query", "#/input_file", "missing")


def test_a_refusal_of_the_protocol_is_problem_details() -> None:
    """The request never reached the application."""
    head, _, body = refusal_bytes(HeadersTooLargeError, []).partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert Problem.model_validate_json(body).code == "headers_too_large"


def test_a_request_with_many_faults_has_a_short_sentence_and_a_limited_list() -> None:
    """Ten thousand wrong parts don't make a response of a megabyte."""
    lines = [{"loc": ("body", "parts", number), "msg": "Wrong", "type": "wrong"} for number in range(10_000)]
    assert len(invalid_fields(lines)) == MAX_INVALID_FIELDS
    assert invalid_detail(lines).endswith("; 9997 more.")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(min_value=0), max_size=5))
def test_a_pointer_can_be_decoded_to_its_path(path: list[str | int]) -> None:
    """Whatever characters a field's name has."""
    pointer = json_pointer(path)
    assert pointer.isascii()
    parts = [unquote(part).replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("#").split("/")[1:]]
    assert parts == [str(part) for part in path]
