"""Compares events with the fields that the worker's parser declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prove.shapes import compare, declared_paths, sent_paths
from worker.messages.payloads import JobStateChange
from worker.messages.upload_payloads import ObjectCreatedDetail

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "Object Created": ObjectCreatedDetail.model_json_schema(),
    "MediaConvert Job State Change": JobStateChange.model_json_schema()["$defs"]["JobDetail"]
    | {"$defs": JobStateChange.model_json_schema()["$defs"]},
}
"""The schema of `detail` for each detail-type, as the parser declares it."""


@dataclass(slots=True)
class EventShapes:
    """The number of events of each kind, the fields that differ, and the fields that were sent at all."""

    counts: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    _sent: dict[str, set[str]] = field(default_factory=dict)

    def add(self, event: Mapping[str, Any]) -> None:
        """Add an event as EventBridge sends it."""
        kind, detail = str(event.get("detail-type")), event.get("detail", {})
        status = f" {detail['status']}" if "status" in detail else ""
        name = f"event {kind}{status}"
        self.counts[name] = self.counts.get(name, 0) + 1
        if schema := SCHEMAS.get(kind):
            self.unknown.setdefault(name, set()).update(compare(schema, schema, detail).unknown)
            self._sent.setdefault(kind, set()).update(sent_paths(detail))

    def missing(self) -> dict[str, set[str]]:
        """Return the declared fields that no event of a kind contained, by kind."""
        return {
            f"event {kind}, all together": absent
            for kind, sent in self._sent.items()
            if (absent := declared_paths(SCHEMAS[kind], SCHEMAS[kind]) - sent)
        }
