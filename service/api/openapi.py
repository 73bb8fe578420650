"""The OpenAPI document: FastAPI's description of the routes, with every error that they can return."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from service.api import openapi_webhooks
from service.api.middleware.origin_secret import EXEMPT_PATHS
from service.api.problems import examples_of
from service.problem_details import MEDIA_TYPE
from service.request_errors import (
    DirectAccessError,
    ExpiredTokenError,
    InvalidTokenError,
    IssuerUnavailableError,
    MissingTokenError,
    RequestTooLargeError,
    TooManyBodiesError,
)
from service.views.bodies import Problem, UppyProblem
from service.views.examples import BY_SCHEMA, BY_WEBHOOK
from transcode.errors import TranscodeError

TAGS = [
    {"name": "uploads", "description": "Announce a file, and upload it directly to S3."},
    {"name": "jobs", "description": "Follow a file's job, from the upload to the video that plays."},
    {"name": "uppy", "description": "The routes that Uppy's S3 plugin calls: uploads by form and in parts."},
    {"name": "health", "description": "For load balancers and orchestrators."},
    {"name": "webhooks", "description": "Requests that your back end receives, signed as Standard Webhooks 1.0 says."},
]

METHODS = ("get", "post", "put", "patch", "delete")
INVALID = {
    "invalid_request": {
        "summary": "A field is missing or invalid; `errors` names it.",
        "value": {
            "detail": "The request is invalid: body.size_bytes: Field required.",
            "errors": [{"location": "body", "pointer": "#/size_bytes", "detail": "Field required", "code": "missing"}],
        },
    }
}

Json = dict[str, Any]


def install(app: FastAPI) -> None:
    """Make the app's OpenAPI document contain all its errors."""

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
    schemas = description["components"]["schemas"]
    schemas.update({name: each for name, each in openapi_webhooks.schemas().items() if name not in schemas})
    description = _with_published_names(description)
    description["webhooks"] = openapi_webhooks.webhooks(BY_WEBHOOK)
    schemas = description["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (Problem, UppyProblem):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    for name, examples in BY_SCHEMA.items():
        schemas[name]["examples"] = list(examples)
    # The base of every path, relative to the document's own address, because each deployment has another one.
    description["servers"] = [{"url": "/", "description": "The deployment that serves this document."}]
    for path, operation in _operations(description):
        _add_errors(operation)
        if path not in EXEMPT_PATHS:
            _extend(operation["responses"], DirectAccessError)
        operation["responses"] = dict(sorted(operation["responses"].items()))
        _shape_errors(operation, UppyProblem if path.startswith("/s3/") else Problem)
    description["components"]["schemas"] = dict(sorted(schemas.items()))
    return description


def _operations(description: Json) -> Iterator[tuple[str, Json]]:
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _add_errors(operation: Json) -> None:
    """Add the errors that routes don't declare: invalid requests and tokens, too large bodies, internal errors."""
    responses = operation["responses"]
    if "422" in responses:
        declared = responses["422"]["content"].get(MEDIA_TYPE, {}).get("examples", {})
        responses["422"] = {"description": "The request is invalid.", "content": _content({**INVALID, **declared})}
    if "security" not in operation:
        operation["security"] = []  # public, also where the other operations need a token
    else:
        # Without an identity provider, no token is needed.
        operation["security"].append({})
        _extend(responses, ExpiredTokenError, InvalidTokenError, MissingTokenError, IssuerUnavailableError)
        responses["401"]["headers"] = {
            "WWW-Authenticate": _header("The required authentication scheme, and why the token was refused.")
        }
    if "requestBody" in operation:
        _extend(responses, RequestTooLargeError, TooManyBodiesError)
    _extend(responses, TranscodeError)
    for status in ("429", "503"):
        if status in responses:
            responses[status]["headers"] = {"Retry-After": _header("Seconds after which to retry.")}


def _extend(responses: Json, *errors: type[TranscodeError]) -> None:
    for status, response in examples_of(*errors).items():
        documented = responses.setdefault(status, {"description": "", "content": _content({})})
        examples = documented["content"][MEDIA_TYPE].setdefault("examples", {})
        examples.update(response)
        documented["description"] = " ".join(example["summary"] for example in examples.values())


def _shape_errors(operation: Json, model: type[Problem]) -> None:
    """Give every error the one schema, and examples of it."""
    for status, response in operation["responses"].items():
        if int(status) >= 400 and "content" in response:  # noqa: PLR2004 -- HTTP's errors
            examples = {
                code: {**example, "value": _example(model, code, example["value"], status=int(status))}
                for code, example in response["content"].get(MEDIA_TYPE, {}).get("examples", {}).items()
            }
            schema = {"$ref": f"#/components/schemas/{model.__name__}"}
            response["content"] = {MEDIA_TYPE: {"schema": schema, "examples": examples}}


def _example(model: type[Problem], code: str, value: Json, *, status: int) -> Json:
    return model.example(code, value["detail"], status=status, errors=value.get("errors", ()))


def _content(examples: Mapping[str, Json]) -> Json:
    return {MEDIA_TYPE: {"examples": dict(examples)}}


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}
