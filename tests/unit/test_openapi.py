"""The OpenAPI description is complete, valid and up to date."""

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
from transcode.announcement import Webhook
from transcode.announcement_types import AnnouncementType
from worker.webhooks.signature import headers

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """Return the app, which is never started."""
    return create_app(ServiceSettings(input_bucket="input", output_bucket="output"))


@pytest.fixture(scope="module")
def description(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description."""
    return app.openapi()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its path."""
    for path, item in description["paths"].items():
        yield from ((path, operation) for operation in item.values())


def test_the_stored_description_is_up_to_date() -> None:
    """`make openapi` writes the file."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_the_readme_lists_every_route(description: dict[str, Any]) -> None:
    """Uppy's routes, under /s3, share one line."""
    readme = (DOCUMENT.parents[1] / "README.md").read_text(encoding="utf-8")
    routes = [f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item]
    listed = set(re.findall(r"`([A-Z]+ /[^`?]*)", readme))
    assert [route for route in routes if " /s3/" not in route and route not in listed] == []


def test_every_operation_has_an_id_a_summary_and_a_description(description: dict[str, Any]) -> None:
    """The operation id is unique, and the tags are declared."""
    described = [operation for _, operation in operations(description)]
    tags = {tag["name"] for tag in description["tags"]}
    assert len({each["operationId"] for each in described}) == len(described)
    assert all(each["summary"] and each["description"] and set(each["tags"]) <= tags for each in described)


def test_every_error_response_is_a_problem_with_an_example(description: dict[str, Any]) -> None:
    """No response uses FastAPI's own error schema; errors under /s3 also have Uppy's fields."""
    for path, operation in operations(description):
        shape = "UppyProblem" if path.startswith("/s3/") else "Problem"
        for status, response in operation["responses"].items():
            if status >= "400":
                [(media_type, media)] = response["content"].items()
                assert media_type == "application/problem+json"
                assert media["schema"] == {"$ref": f"#/components/schemas/{shape}"}, (path, status)
                assert media["examples"], (path, status)
                models = bodies.UppyProblem if shape == "UppyProblem" else bodies.Problem
                for code, example in media["examples"].items():
                    problem = models.model_validate(example["value"])
                    assert (problem.code, str(problem.status)) == (code, status)
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_an_operation_documents_401_if_and_only_if_it_is_authenticated(description: dict[str, Any]) -> None:
    """Operations without security never return 401."""
    for path, operation in operations(description):
        assert ("401" in operation["responses"]) == bool(operation["security"]), path


def test_the_document_has_what_linters_recommend(description: dict[str, Any]) -> None:
    """Every operation says whether it needs a token; the full rules run in `make check`, where Node.js is."""
    assert description["servers"][0]["url"] == "/"
    assert description["info"]["license"]["identifier"] == "MIT"
    assert description["info"]["contact"]
    public = {path for path, operation in operations(description) if operation["security"] == []}
    assert public == {"/limits", "/healthz", "/readyz"}


MODELS: list[type[BaseModel]] = [
    each
    for module in (bodies, companion, job_view)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == module.__name__
]


@pytest.mark.parametrize("name", BY_SCHEMA)
def test_every_example_is_valid_for_its_schema(name: str) -> None:
    """No example has a field that the schema lacks."""
    [model] = [each for each in MODELS if (each.model_config.get("title") or each.__name__) == name]
    for example in BY_SCHEMA[name]:
        model.model_validate(example)
        assert set(example) <= set(model.model_json_schema()["properties"])


@pytest.mark.parametrize("announcement_type", AnnouncementType)
def test_each_announcement_has_a_webhook(description: dict[str, Any], announcement_type: AnnouncementType) -> None:
    """Its body is the one that the worker sends, with the API's own Job; its example is one that could be sent."""
    operation = description["webhooks"][announcement_type.value]["post"]
    media = operation["requestBody"]["content"]["application/json"]
    schemas = description["components"]["schemas"]
    sent = {name for name in headers("evt_1", "{}", [], now_s=0) if name.startswith("webhook-")}
    assert {each["name"] for each in operation["parameters"]} == sent
    assert list(operation["responses"]) == ["2XX"]
    assert media["schema"]["allOf"][0] == {"$ref": "#/components/schemas/Webhook"}
    assert set(schemas["Webhook"]["required"]) == {"type", "timestamp", "data"}
    example = media["examples"]["webhook"]["value"]
    assert (
        set(schemas["AnnouncedJob"]["required"])
        == set(example["data"])
        == {"version", "id", "owner", "followed", "job"}
    )
    assert schemas["AnnouncedJob"]["properties"]["job"]["$ref"] == "#/components/schemas/Job"
    assert Webhook.model_validate(example).type is announcement_type


def test_there_is_no_webhook_without_an_announcement(description: dict[str, Any]) -> None:
    """The types are the keys of the section."""
    assert set(description["webhooks"]) == {each.value for each in AnnouncementType}


async def test_the_documentation_loads_nothing_from_other_servers(app: FastAPI) -> None:
    """The service serves the files of Swagger UI and ReDoc itself."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as api:
        for path in ("/docs", "/redoc"):
            page = await api.get(path)
            sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert page.status_code == 200
            assert sources
            for source in sources:
                assert (await api.get(source)).status_code == 200, source
