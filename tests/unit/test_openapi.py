"""The API's description is true, whole, and says what it promises."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from service.app import create_app
from service.dump_openapi import document
from service.settings import ServiceSettings
from service.views import bodies, companion
from service.views.examples import BY_SCHEMA
from transcode import job_view

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The app, which is never started."""
    return create_app(ServiceSettings(input_bucket="input", output_bucket="output"))


@pytest.fixture(scope="module")
def description(app: FastAPI) -> dict[str, Any]:
    """What it says of itself."""
    return app.openapi()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation, by its path."""
    for path, item in description["paths"].items():
        yield from ((path, operation) for operation in item.values())


def test_the_document_is_what_the_app_says() -> None:
    """`make openapi` writes it."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_every_operation_is_named_and_explained(description: dict[str, Any]) -> None:
    """A stable id of its own, a summary, a description and a known tag."""
    told = [operation for _, operation in operations(description)]
    tags = {tag["name"] for tag in description["tags"]}
    assert len({each["operationId"] for each in told}) == len(told)
    assert all(each["summary"] and each["description"] and set(each["tags"]) <= tags for each in told)


def test_every_error_has_the_one_shape_and_an_example(description: dict[str, Any]) -> None:
    """FastAPI's own shapes are nowhere; under /s3 it is Uppy's as well."""
    for path, operation in operations(description):
        shape = "UppyProblem" if path.startswith("/s3/") else "Problem"
        for status, response in operation["responses"].items():
            if status >= "400":
                (media,) = response["content"].values()
                assert media["schema"] == {"$ref": f"#/components/schemas/{shape}"}, (path, status)
                assert media["examples"], (path, status)
                models = bodies.UppyProblem if shape == "UppyProblem" else bodies.Problem
                for code, example in media["examples"].items():
                    assert models.model_validate(example["value"]).code == code
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_every_operation_with_a_caller_can_answer_401(description: dict[str, Any]) -> None:
    """And none without."""
    for path, operation in operations(description):
        assert ("401" in operation["responses"]) == ("security" in operation), path


MODELS: list[type[BaseModel]] = [
    each
    for module in (bodies, companion, job_view)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == module.__name__
]


@pytest.mark.parametrize("name", BY_SCHEMA)
def test_examples_are_what_their_schemas_take(name: str) -> None:
    """And nothing in them is passed over."""
    [model] = [each for each in MODELS if (each.model_config.get("title") or each.__name__) == name]
    for example in BY_SCHEMA[name]:
        model.model_validate(example)
        assert set(example) <= set(model.model_json_schema()["properties"])


async def test_the_documentation_needs_no_other_server(app: FastAPI) -> None:
    """Swagger UI and ReDoc come from this one."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as api:
        for path in ("/docs", "/redoc"):
            page = await api.get(path)
            sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert page.status_code == 200
            assert sources
            for source in sources:
                assert (await api.get(source)).status_code == 200, source
