"""Records the responses of the API, and how they differ from the declared shapes. Keeps no token, URL or body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from prove.shapes import Differences, compare, is_declared, named_schema, response_schema, route_of


@dataclass(slots=True, kw_only=True)
class Recorder:
    """The number of responses of each kind, and the fields that differ."""

    openapi: Mapping[str, Any]
    api_url: str
    counts: dict[str, int] = field(default_factory=dict)
    """By method, route and status: `GET /jobs 200`."""
    unknown: dict[str, set[str]] = field(default_factory=dict)
    missing: dict[str, set[str]] = field(default_factory=dict)
    undeclared: set[str] = field(default_factory=set)
    """Responses with a status or a route that the API doesn't declare."""

    async def record(self, response: httpx.Response) -> None:
        """Record a response; an event hook of httpx."""
        request = response.request
        if not str(request.url).startswith(self.api_url):
            return
        route = route_of(self.openapi, request.method, request.url.path)
        if route is None:
            self._count(f"{request.method} other {response.status_code}")
            return
        name = f"{request.method} {route} {response.status_code}"
        self._count(name)
        if not is_declared(self.openapi, request.method, route, response.status_code):
            self.undeclared.add(name)
        schema = response_schema(self.openapi, request.method, route, response.status_code)
        if schema is not None and "json" in response.headers.get("content-type", ""):
            await response.aread()
            self._add(name, compare(self.openapi, schema, json.loads(response.content)))

    def record_event(self, kind: str, job: object) -> None:
        """Record the data of a Server-Sent Event, which is a whole job."""
        name = f"event {kind}"
        self._count(name)
        self._add(name, compare(self.openapi, named_schema(self.openapi, "Job"), job))

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _add(self, name: str, differences: Differences) -> None:
        if differences.unknown:
            self.unknown.setdefault(name, set()).update(differences.unknown)
        if differences.missing:
            self.missing.setdefault(name, set()).update(differences.missing)
