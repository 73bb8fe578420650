"""Logs, metrics and traces of one scenario: an upload can be followed, the alarms find their numbers, no secret shows.

One module, because the scenario runs once for each process of a test run that has tests of it.
"""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.metric_filters import metric_filters
from transcode.correlation import upload_of

from .scenario import BEARER, IN_ADDRESS, Scenario

FILTERS = metric_filters()


def test_one_id_follows_an_upload_in_both_logs(scenario: Scenario) -> None:
    """From its announcement to the end of its job, each line about the upload has its id."""
    upload = upload_of(scenario.good_file)
    events = [line["event"] for line in scenario.lines(scenario.service, upload=upload)]
    assert events[:2] == ["upload.announced", "request.answered"]
    lines = scenario.lines(scenario.worker, upload=upload)
    assert "job.submitted" in {line["event"] for line in lines}
    assert "Completed" in {line["event_type"] for line in lines if line["event"] == "job.advanced"}
    assert len({line["job_id"] for line in lines if "job_id" in line}) == 1
    assert {line["event"] for line in lines if "job_id" not in line} == {"upload.queued"}


def test_a_request_is_followed_to_the_end_of_its_job(scenario: Scenario) -> None:
    """Its id goes with the message to the worker, and with the job to MediaConvert and back."""
    assert [line["event"] for line in scenario.lines(scenario.service, request_id="request-again")] == [
        "job.requested",
        "request.answered",
    ]
    lines = scenario.lines(scenario.worker, request_id="request-again")
    assert "job.submitted" in {line["event"] for line in lines}
    assert "Failed" in {line["event_type"] for line in lines if line["event"] == "job.advanced"}
    assert {line["upload"] for line in lines} == {upload_of(scenario.bad_file)}


def test_the_log_has_the_waiting_time_and_the_duration_of_a_job(scenario: Scenario) -> None:
    """The alarms and the dashboard read these numbers from the log."""
    (submitted,) = scenario.lines(scenario.worker, event="job.submitted", upload=upload_of(scenario.good_file))
    ended = scenario.lines(scenario.worker, event="job.advanced", event_type="Completed")
    assert 0 <= submitted["waited_ms"] < 60_000
    assert 0 < ended[0]["took_ms"] < 60_000
    assert scenario.lines(scenario.worker, event="reconcile.done")[0]["stuck"] == 0


def test_one_trace_runs_from_the_request_to_the_end_of_its_job(scenario: Scenario) -> None:
    """It has the service's request, both messages, the call that created the job, and the writes for its events."""
    service = "mediaconvert-status-service"
    request = next(span for span in scenario.received.named("POST /jobs") if span.process == service)
    of_trace = [span for span in scenario.received.spans if span.trace_id == request.trace_id]
    worker_spans = {span.name for span in of_trace if span.process == "mediaconvert-status-worker"}
    assert {"submit upload", "MediaConvert.CreateJob", "apply job events", "DynamoDB.UpdateItem"} <= worker_spans
    submitting = next(span for span in of_trace if span.name == "submit upload")
    senders, by_id = list[str](), {span.span_id: span for span in of_trace}
    span = submitting
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        senders.append(span.process)
    assert senders[0] == "mediaconvert-status-worker", "intake sends the message on"
    assert senders[-1] == service
    assert submitting.attributes["upload"] == upload_of(scenario.bad_file)


def test_a_log_line_has_the_id_of_its_trace(scenario: Scenario) -> None:
    """A reader can go from one to the other."""
    service = "mediaconvert-status-service"
    request = next(span for span in scenario.received.named("POST /jobs") if span.process == service)
    assert scenario.lines(scenario.service, event="job.requested", trace_id=request.trace_id)
    assert scenario.lines(scenario.worker, event="job.submitted", trace_id=request.trace_id)


def test_waiting_for_messages_is_not_traced(scenario: Scenario) -> None:
    """Nor is any other AWS call without a request or a message."""
    assert scenario.received.named("SQS.ReceiveMessage") == []
    assert {span.name for span in scenario.received.spans if not span.parent_id and "." in span.name} == set()


@pytest.mark.parametrize("name", ["UploadToJobMs", "JobToFinalMs", "EventsApplied", "EventsIgnored", "StuckJobs"])
def test_a_filter_finds_its_number_in_the_workers_log(scenario: Scenario, name: str) -> None:
    """At least once in a scenario of three jobs."""
    values = [FILTERS[f"{name}Filter"].metric_value(line) for line in scenario.lines(scenario.worker)]
    assert [value for value in values if value is not None]


def test_the_duration_of_a_job_is_logged_once(scenario: Scenario) -> None:
    """Three jobs ended, and three lines have the duration; lines of progress have none."""
    durations = FILTERS["JobToFinalMsFilter"]
    found = [line for line in scenario.lines(scenario.worker) if durations.metric_value(line) is not None]
    assert sorted(line["event_type"] for line in found) == ["Completed", "Failed", "Failed"]


def test_only_lines_at_level_error_or_above_count_as_errors(scenario: Scenario) -> None:
    """A file that can't be transcoded is not an error of the worker."""
    errors = FILTERS["WorkerErrorsFilter"]
    assert [line for line in scenario.lines(scenario.worker) if errors.metric_value(line) is not None] == []


def test_the_metrics_are_exported(scenario: Scenario) -> None:
    """The worker's own, and FastAPI's of the requests."""
    names = {name for process, name in scenario.received.metrics if process == "mediaconvert-status-worker"}
    own = {name.removeprefix("mediaconvert_status.") for name in names}
    assert {"upload_to_job", "job_to_final", "event_wait", "events", "jobs_stuck"} <= own
    assert ("mediaconvert-status-service", "http.server.request.duration") in scenario.received.metrics


def _secrets(scenario: Scenario) -> list[str]:
    keys = [
        row["KeyValue"]["S"]
        for row in scenario.system.dynamodb.scan(TableName=scenario.system.stack.output_table)["Items"]
        if "KeyValue" in row
    ]
    assert len(keys) >= 3
    raw = [base64.b64encode(bytes.fromhex(key)).decode() for key in keys]
    query = parse_qs(urlsplit(scenario.upload_url).query)
    return [*keys, *raw, *query["X-Amz-Signature"], "X-Amz-Credential", "StaticKeyValue", BEARER, IN_ADDRESS]


def test_no_report_has_a_key_a_token_or_a_signed_url(scenario: Scenario) -> None:
    """Neither the logs, at DEBUG, nor the spans and metrics."""
    reports = b"\n".join(scenario.received.raw) + scenario.service.log.read_bytes() + scenario.worker.log.read_bytes()
    assert len(reports) > 10_000
    assert [secret for secret in _secrets(scenario) if secret.encode() in reports] == []
    assert [key for key in _secrets(scenario)[:3] if bytes.fromhex(key) in reports] == []
