"""Compares JSON that a system sent with the shapes that docs/openapi.json declares. Pure.

A difference is a path, such as `output.renditions[].codec`: a field that was sent and isn't declared, or one that is
declared as required and wasn't sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
METHODS = frozenset({"get", "post", "put", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """The fields that differ from a shape, as sorted paths."""

    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Found:
    unknown: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)


def route_of(openapi: Schema, method: str, path: str) -> str | None:
    """Return the route that a request's path belongs to; None for a path that the API doesn't declare.

    >>> route_of({"paths": {"/jobs": {"get": {}}, "/jobs/{job_id}": {"get": {}}}}, "GET", "/jobs/1-a")
    '/jobs/{job_id}'
    """
    parts = path.strip("/").split("/")
    for route, operations in openapi["paths"].items():
        declared = route.strip("/").split("/")
        is_same = len(declared) == len(parts) and all(
            each.startswith("{") or each == part for each, part in zip(declared, parts, strict=True)
        )
        if is_same and method.lower() in operations:
            return str(route)
    return None


def response_schema(openapi: Schema, method: str, route: str, status: int) -> Schema | None:
    """Return the schema of a response's JSON; None if the status, or JSON with it, isn't declared."""
    responses = openapi["paths"][route][method.lower()].get("responses", {})
    response = _resolved(openapi, responses.get(str(status), {}))
    content = response.get("content", {})
    media = content.get("application/json") or content.get("application/problem+json", {})
    schema = media.get("schema")
    return schema if isinstance(schema, Mapping) else None


def is_declared(openapi: Schema, method: str, route: str, status: int) -> bool:
    """Return whether the route declares this status."""
    return str(status) in openapi["paths"][route][method.lower()].get("responses", {})


def compare(openapi: Schema, schema: Schema, value: object, name: str = "") -> Differences:
    """Return the fields of the value that differ from the schema."""
    found = _Found()
    _compare(openapi, schema, value, name, found)
    return Differences(unknown=tuple(sorted(found.unknown)), missing=tuple(sorted(found.missing)))


def named_schema(openapi: Schema, name: str) -> Schema:
    """Return one of the declared shapes: `Job`, `Upload`."""
    schema: Schema = openapi["components"]["schemas"][name]
    return schema


def declared_paths(openapi: Schema, schema: Schema, path: str = "") -> set[str]:
    """Return the paths of all fields that the schema declares, also in lists and in alternatives."""
    schema = _resolved(openapi, schema)
    paths: set[str] = set()
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        paths |= declared_paths(openapi, each, path)
    if "items" in schema:
        paths |= declared_paths(openapi, schema["items"], f"{path}[]")
    for name, each in schema.get("properties", {}).items():
        inner = _joined(path, name)
        paths |= {inner} | declared_paths(openapi, each, inner)
    return paths


def sent_paths(value: object, path: str = "") -> set[str]:
    """Return the paths of all fields of a JSON value.

    >>> sorted(sent_paths({"a": [{"b": 1}]}))
    ['a', 'a[].b']
    """
    if isinstance(value, Mapping):
        inner = {_joined(path, name): each for name, each in value.items()}
        return set(inner).union(*(sent_paths(each, name) for name, each in inner.items()))
    if isinstance(value, list):
        return set().union(*(sent_paths(each, f"{path}[]") for each in value))
    return set()


def _compare(openapi: Schema, schema: Schema, value: object, path: str, found: _Found) -> None:
    schema = _alternative(openapi, _resolved(openapi, schema), value)
    if isinstance(value, Mapping):
        _compare_object(openapi, schema, value, path, found)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        items: Schema = schema.get("items", {})
        for each in value:
            _compare(openapi, items, each, f"{path}[]", found)


def _compare_object(openapi: Schema, schema: Schema, value: Mapping[str, object], path: str, found: _Found) -> None:
    properties = schema.get("properties")
    if properties is None:  # a mapping with keys of its own, such as the headers of an upload
        return
    found.missing |= {_joined(path, name) for name in schema.get("required", []) if name not in value}
    for name, each in value.items():
        if name in properties:
            _compare(openapi, properties[name], each, _joined(path, name), found)
        elif not schema.get("additionalProperties"):
            found.unknown.add(_joined(path, name))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _resolved(openapi: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = openapi
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def _alternative(openapi: Schema, schema: Schema, value: object) -> Schema:
    """Return the alternative of the schema that has the value's kind and most of its fields."""
    alternatives = [_resolved(openapi, each) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    if not alternatives or value is None:
        return schema
    fields = set(value) if isinstance(value, Mapping) else set()
    kind = "object" if isinstance(value, Mapping) else "array" if isinstance(value, list) else None
    fitting = [each for each in alternatives if kind is None or each.get("type") == kind] or alternatives
    return max(fitting, key=lambda each: len(fields & set(each.get("properties", {}))))
