"""The metrics, read from log events. CloudWatch's metric filters and OpenTelemetry use the same table.

Pure. A metric disappears when its log event is renamed or loses the field. Tests check that this table,
infra/alarms.yaml and docs/operations.md agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The way in which a metric's values are aggregated."""

    COUNT = "count"
    """A counter: the values are added up."""
    DURATION = "duration"
    """A histogram of milliseconds."""
    STATE = "state"
    """A gauge: the last value counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. `log_field` is the log event's field that has the value; without it, each event counts as 1."""

    name: str
    event: str
    kind: Kind
    log_field: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def value(self, line: Mapping[str, object]) -> float | None:
        """Return the log event's value; None if it has none."""
        value = 1 if self.log_field is None else line.get(self.log_field)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


METRICS = (
    Metric(name="upload_to_job", event="job.submitted", kind=Kind.DURATION, log_field="waited_ms"),
    Metric(name="job_to_final", event="job.advanced", kind=Kind.DURATION, log_field="took_ms"),
    Metric(name="event_wait", event="job.advanced", kind=Kind.DURATION, log_field="waited_ms"),
    Metric(name="events", event="job.advanced", kind=Kind.COUNT, attributes={"outcome": "applied"}),
    Metric(name="events", event="job.event_stale", kind=Kind.COUNT, attributes={"outcome": "stale"}),
    Metric(
        name="events",
        event="job.events_superseded",
        kind=Kind.COUNT,
        log_field="count",
        attributes={"outcome": "stale"},
    ),
    Metric(name="events", event="message.ignored", kind=Kind.COUNT, attributes={"outcome": "ignored"}),
    Metric(name="jobs_refused", event="job.refused", kind=Kind.COUNT),
    Metric(name="messages_buried", event="message.buried", kind=Kind.COUNT),
    Metric(name="uploads_given_up", event="upload.given_up", kind=Kind.COUNT),
    Metric(name="versions_refused", event="upload.version_refused", kind=Kind.COUNT),
    Metric(name="announcements", event="announcement.sent", kind=Kind.COUNT, attributes={"outcome": "sent"}),
    Metric(name="announcements", event="announcement.postponed", kind=Kind.COUNT, attributes={"outcome": "postponed"}),
    Metric(name="webhooks", event="webhook.delivered", kind=Kind.COUNT, attributes={"outcome": "delivered"}),
    Metric(name="webhooks", event="webhook.failed", kind=Kind.COUNT, attributes={"outcome": "failed"}),
    Metric(name="webhook_wait", event="webhook.delivered", kind=Kind.DURATION, log_field="waited_ms"),
    Metric(name="jobs_stuck", event="reconcile.done", kind=Kind.STATE, log_field="stuck"),
    Metric(name="streams", event="service.load", kind=Kind.STATE, log_field="streams"),
    Metric(name="long_polls", event="service.load", kind=Kind.STATE, log_field="long_polls"),
    Metric(name="held_percent", event="service.load", kind=Kind.STATE, log_field="held_percent"),
)

BY_EVENT: Mapping[str, tuple[Metric, ...]] = {
    event: tuple(metric for metric in METRICS if metric.event == event) for event in {each.event for each in METRICS}
}
