"""Every metric filter gets its number from sample log lines, evaluated as CloudWatch evaluates JSON patterns."""

from typing import Any

import pytest

from tests.metric_filters import MetricFilter, matches, metric_filters

FILTERS = metric_filters()
WORKER = {"level": "info", "logger": "worker.batch"}
REQUEST = {"event": "request.answered", "level": "info", "logger": "service", "is_held": False, "status": 200}
RECONCILED = {"event": "reconcile.done", "checked": 3, "unmended": 1, "silent": 1, **WORKER}

SAMPLES: list[tuple[str, dict[str, Any], float | None]] = [
    ("UploadToJobMsFilter", {**WORKER, "event": "job.submitted", "waited_ms": 850}, 850),
    ("UploadToJobMsFilter", {**WORKER, "event": "job.submitted", "waited_ms": None}, None),
    ("UploadToJobMsFilter", {**WORKER, "event": "job.advanced", "waited_ms": 850}, None),
    ("JobToFinalMsFilter", {**WORKER, "event": "job.advanced", "waited_ms": 40, "took_ms": 91_000}, 91_000),
    ("JobToFinalMsFilter", {**WORKER, "event": "job.advanced", "waited_ms": 40}, None),
    ("EventsAppliedFilter", {**WORKER, "event": "job.advanced"}, 1),
    ("EventsAppliedFilter", {**WORKER, "event": "job.event_stale"}, None),
    ("EventsStaleFilter", {**WORKER, "event": "job.event_stale"}, 1),
    ("EventsStaleFilter", {**WORKER, "event": "job.advanced"}, None),
    ("EventsSupersededFilter", {**WORKER, "event": "job.events_superseded", "count": 7}, 7),
    ("EventsSupersededFilter", {**WORKER, "event": "job.advanced", "count": 7}, None),
    ("EventsIgnoredFilter", {**WORKER, "event": "message.ignored", "reason": "INPUT_INFORMATION"}, 1),
    ("EventsIgnoredFilter", {**WORKER, "event": "message.buried"}, None),
    ("UploadsGivenUpFilter", {"event": "upload.given_up", "code": 504}, 1),
    ("UploadsGivenUpFilter", {"event": "message.buried"}, None),
    ("VersionsRefusedFilter", {"event": "upload.version_refused", "version": "v2"}, 1),
    ("VersionsRefusedFilter", {"event": "upload.queued"}, None),
    ("MessagesBuriedFilter", {**WORKER, "event": "message.buried", "level": "warning"}, 1),
    ("MessagesBuriedFilter", {**WORKER, "event": "message.ignored"}, None),
    ("AnnouncementsPostponedFilter", {"event": "announcement.postponed", "row": "1-a"}, 1),
    ("AnnouncementsPostponedFilter", {"event": "announcement.sent"}, None),
    ("WebhooksDeliveredFilter", {"event": "webhook.delivered", "slot": 1, "status": 204}, 1),
    ("WebhooksDeliveredFilter", {"event": "webhook.failed", "slot": 1, "status": 500}, None),
    ("WebhooksFailedFilter", {"event": "webhook.failed", "slot": 1, "status": 500}, 1),
    ("WebhooksFailedFilter", {"event": "webhook.stopped", "slot": 1}, None),
    ("StuckJobsFilter", {**RECONCILED, "stuck": 2}, 2),
    ("StuckJobsFilter", {**RECONCILED, "stuck": 0}, 0),  # the alarm on missing passes counts these samples
    ("StuckJobsFilter", {**RECONCILED, "event": "reconcile.ended", "stuck": 2}, None),
    ("WorkerErrorsFilter", {"event": "message.failed", "level": "error", "logger": "worker.batch"}, 1),
    ("WorkerErrorsFilter", {"event": "worker.unusable", "level": "critical", "logger": "worker"}, 1),
    ("WorkerErrorsFilter", {"event": "job.refused", "level": "warning", "logger": "worker"}, None),
    ("WorkerErrorsFilter", {"event": "Failed to export", "level": "error", "logger": "opentelemetry.sdk"}, None),
    ("HeldPercentFilter", {"event": "service.load", "streams": 0, "held_percent": 0.0}, 0),  # scaling in needs samples
    ("HeldPercentFilter", {"event": "service.load", "streams": 3, "held_percent": 61.5}, 61.5),
    ("HeldPercentFilter", {**REQUEST, "held_percent": 61.5}, None),
    ("SlowRequestsFilter", {**REQUEST, "duration_ms": 2_000}, 1),
    ("SlowRequestsFilter", {**REQUEST, "duration_ms": 1_999}, None),
    ("SlowRequestsFilter", {**REQUEST, "duration_ms": 20_000, "is_held": True}, None),
]


@pytest.mark.parametrize(("name", "line", "value"), SAMPLES)
def test_a_metric_filter_takes_its_number_from_a_log_line(name: str, line: dict[str, Any], value: float | None) -> None:
    """A value of None means that CloudWatch adds no sample to the metric."""
    assert FILTERS[name].metric_value(line) == value


@pytest.mark.parametrize("name", FILTERS)
def test_every_metric_filter_has_a_sample_line_that_it_matches_and_one_that_it_does_not(name: str) -> None:
    """A new filter needs its samples here."""
    values = [value for each, _, value in SAMPLES if each == name]
    assert None in values
    assert any(value is not None for value in values)


def test_a_value_that_the_pattern_does_not_select_is_not_published() -> None:
    """CloudWatch accepts such a filter, and never adds a sample to its metric."""
    line = {"event": "reconcile.done", "stuck": 2}
    without = MetricFilter(name="", pattern='{ $.event = "reconcile.done" }', metric="", value="$.stuck")
    selected = MetricFilter(
        name="", pattern='{ ($.event = "reconcile.done") && ($.stuck >= 0) }', metric="", value="$.stuck"
    )
    assert (without.metric_value(line), selected.metric_value(line)) == (None, 2)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.n = 1 }", True),
        ('{ ($.n >= 2) || ($.s = "b*") }', True),
        ('{ ($.n >= 2) || (($.s = "b*") && ($.t IS FALSE)) }', False),
        ("{ $.t IS TRUE }", True),
        ("{ $.none IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing != 1 }", False),
        ("{ $.t >= 0 }", False),
        ('{ $.s != "b" }', True),
    ],
)
def test_the_evaluator_follows_cloudwatchs_pattern_syntax(pattern: str, expected: bool) -> None:  # noqa: FBT001
    """A term about a missing field, or with another type than the field's, doesn't match."""
    assert matches(pattern, {"n": 1, "s": "bc", "t": True, "none": None}) is expected


def test_the_evaluator_refuses_a_pattern_that_it_does_not_know() -> None:
    """An unknown operator must not count as a match."""
    with pytest.raises(ValueError, match="does not know"):
        matches("{ $.n NOT EXISTS }", {})
