"""The API's description: what FastAPI knows of the routes, and every error that they can answer with."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from service.api.problems import examples_of
from service.views.bodies import Problem, UppyProblem
from service.views.examples import BY_SCHEMA
from transcode.errors import (
    ExpiredTokenError,
    InvalidTokenError,
    IssuerUnavailableError,
    MissingTokenError,
    RequestTooLargeError,
    TranscodeError,
)

TAGS = [
    {"name": "uploads", "description": "Announce a file, and send it straight to S3."},
    {"name": "jobs", "description": "What becomes of a file: its job, from waiting for the upload to what plays."},
    {"name": "uppy", "description": "What Uppy's S3 plugin asks a companion for: uploads by form and in parts."},
    {"name": "health", "description": "For load balancers and orchestrators."},
]

METHODS = ("get", "post", "put", "patch", "delete")
INVALID = {
    "invalid_request": {
        "summary": "A field is missing or wrong; `loc` names it.",
        "value": {
            "detail": [{"loc": ["body", "size_bytes"], "msg": "Field required", "type": "missing"}],
            "code": "invalid_request",
        },
    }
}

Json = dict[str, Any]


def install(app: FastAPI) -> None:
    """Let the app describe itself with all its errors."""

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(FastAPI.openapi(app))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _with_published_names(description: Json) -> Json:
    """Name each component by its model's title, where that is not the name of the class."""
    titles = {
        name: schema["title"] for name, schema in description["components"]["schemas"].items() if "title" in schema
    }
    text = json.dumps(description)
    for name, title in titles.items():
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{title}"')
    renamed: Json = json.loads(text)
    schemas = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {titles.get(name, name): schema for name, schema in schemas.items()}
    return renamed


def _complete(description: Json) -> Json:
    description = _with_published_names(description)
    schemas = description["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (Problem, UppyProblem):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    for name, examples in BY_SCHEMA.items():
        schemas[name]["examples"] = list(examples)
    for path, operation in _operations(description):
        _add_errors(operation)
        _shape_errors(operation, UppyProblem if path.startswith("/s3/") else Problem)
    description["components"]["schemas"] = dict(sorted(schemas.items()))
    return description


def _operations(description: Json) -> Iterator[tuple[str, Json]]:
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _add_errors(operation: Json) -> None:
    """Add what no route decides for itself: wrong requests, tokens, bodies too large, and our own mistakes."""
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = {"description": "The request is wrong.", "content": _content(INVALID)}
    if "security" in operation:
        # None is needed where no identity provider is configured.
        operation["security"].append({})
        _extend(responses, ExpiredTokenError, InvalidTokenError, MissingTokenError, IssuerUnavailableError)
        responses["401"]["headers"] = {"WWW-Authenticate": _header("What to bring.")}
    if "requestBody" in operation:
        _extend(responses, RequestTooLargeError)
    _extend(responses, TranscodeError)
    for status in ("429", "503"):
        if status in responses:
            responses[status]["headers"] = {"Retry-After": _header("Seconds after which to come again.")}
    operation["responses"] = dict(sorted(responses.items()))


def _extend(responses: Json, *errors: type[TranscodeError]) -> None:
    for status, response in examples_of(*errors).items():
        known = responses.setdefault(status, {"description": "", "content": _content({})})
        examples = known["content"]["application/json"].setdefault("examples", {})
        examples.update(response)
        known["description"] = " ".join(example["summary"] for example in examples.values())


def _shape_errors(operation: Json, model: type[Problem]) -> None:
    """Say of every error that it has the one shape."""
    for status, response in operation["responses"].items():
        if int(status) >= 400 and "content" in response:  # noqa: PLR2004 -- HTTP's errors
            examples = {
                code: {**example, "value": model.example(code, example["value"]["detail"])}
                for code, example in response["content"]["application/json"].get("examples", {}).items()
            }
            schema = {"$ref": f"#/components/schemas/{model.__name__}"}
            response["content"] = {"application/json": {"schema": schema, "examples": examples}}


def _content(examples: Mapping[str, Json]) -> Json:
    return {"application/json": {"examples": dict(examples)}}


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}
