"""The proof compares responses with the declared shapes, and its report has no secret."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.embedded_aws import ROOT
from prove.cost import transcode_cents
from prove.event_shapes import SCHEMAS, EventShapes
from prove.exchanges import Recorder
from prove.report import Outcome, Report, Shapes, StepResult, as_json, as_markdown, conclusion
from prove.sample_files import padded
from prove.session import server_sent_events
from prove.shapes import compare, declared_paths, named_schema, response_schema, route_of, sent_paths

OPENAPI: Mapping[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
JOB: Mapping[str, Any] = {
    "job_id": "1-a",
    "input_file": "uploads/a/clip.mp4",
    "file_name": "clip.mp4",
    "external_id": None,
    "metadata": {"title": "clip"},
    "profile": "hls",
    "status": "COMPLETE",
    "progress_percent": 100,
    "queue": None,
    "phase": None,
    "eta_s": None,
    "submitted_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "estimate": {"duration_ms": 1, "billable_minutes": 0.83, "usd": None},
    "billed": None,
    "output": {
        "playback_url": "https://a.example/a.m3u8",
        "path": "uploads/a/",
        "duration_ms": 1,
        "width_px": 1,
        "height_px": 1,
        "playlists": {".m3u8": "a.m3u8"},
        "renditions": [
            {"width_px": 1, "height_px": 1, "duration_ms": 1, "playlist": None, "average_bitrate_bps": None}
        ],
        "poster_url": "https://a.example/a.jpg",
        "files": [{"kind": "poster", "name": "a.jpg", "size_bytes": 1, "url": "https://a.example/a.jpg"}],
    },
    "error": None,
    "warnings": [],
    "cancel_requested": False,
}


def changed(**changes: object) -> dict[str, object]:
    """Return the job with some of its fields changed."""
    return {**JOB, **changes}


def test_a_declared_job_has_no_differences() -> None:
    """Null, mappings and lists are declared too."""
    differences = compare(OPENAPI, named_schema(OPENAPI, "Job"), JOB)
    assert (differences.unknown, differences.missing) == ((), ())


def test_unknown_and_missing_fields_are_found_at_any_depth() -> None:
    """Their paths name them."""
    rendition = {"width_px": 1, "height_px": 1, "duration_ms": 1, "playlist": None, "codec": "h264"}
    job = changed(output={**JOB["output"], "renditions": [rendition]}, colour="red")
    del job["status"]
    differences = compare(OPENAPI, named_schema(OPENAPI, "Job"), job)
    assert differences.unknown == ("colour", "output.renditions[].codec")
    assert {"status", "output.renditions[].average_bitrate_bps"} <= set(differences.missing)


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/jobs", "/jobs"),
        ("GET", "/jobs/1-a", "/jobs/{job_id}"),
        ("POST", "/jobs/1-a/cancel", "/jobs/{job_id}/cancel"),
        ("GET", "/s3/multipart/u/1", "/s3/multipart/{upload_id}/{number}"),
        ("DELETE", "/jobs/1-a", None),
        ("GET", "/index.html", None),
    ],
)
def test_a_request_belongs_to_the_declared_route(method: str, path: str, route: str | None) -> None:
    """A path without a route is none of the API's."""
    assert route_of(OPENAPI, method, path) == route


def test_every_declared_json_response_has_a_schema() -> None:
    """Otherwise the proof would compare nothing."""
    assert response_schema(OPENAPI, "GET", "/jobs/{job_id}", 200) is not None
    assert response_schema(OPENAPI, "GET", "/jobs/{job_id}", 418) is None


@settings(max_examples=30)  # each compares with the whole schema of a job
@given(st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_can_be_compared(value: object) -> None:
    """A response of another program must not end the proof."""
    compare(OPENAPI, named_schema(OPENAPI, "Job"), value)
    sent_paths(value)


async def test_the_recorder_keeps_no_token_and_no_url() -> None:
    """It keeps methods, routes, statuses and names of fields."""

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={**JOB, "token": "secret-value"}, request=request)

    recorder = Recorder(openapi=OPENAPI, api_url="https://a.example")
    hooks = {"response": [recorder.record]}
    transport = httpx.MockTransport(respond)
    async with httpx.AsyncClient(transport=transport, event_hooks=hooks, base_url="https://a.example") as client:
        await client.get("/jobs/1-a?X-Amz-Signature=signature", headers={"Authorization": "Bearer secret"})
        await client.get("https://bucket.example/object")
    assert recorder.counts == {"GET /jobs/{job_id} 200": 1}
    assert recorder.unknown == {"GET /jobs/{job_id} 200": {"token"}}
    assert "secret" not in repr(recorder.counts) + repr(recorder.unknown) + repr(recorder.missing)


async def test_a_status_that_is_not_declared_is_reported() -> None:
    """CloudFront and API Gateway have statuses of their own."""
    recorder = Recorder(openapi=OPENAPI, api_url="https://a.example")
    request = httpx.Request("GET", "https://a.example/jobs/1-a")
    await recorder.record(httpx.Response(504, text="<html>", request=request))
    assert recorder.undeclared == {"GET /jobs/{job_id} 504"}


def test_events_are_compared_with_what_the_parser_declares() -> None:
    """A field is missing if no event of a kind contained it."""
    shapes = EventShapes()
    detail = {"jobId": "1-a", "status": "STATUS_UPDATE", "timestamp": 1, "jobProgress": {"jobPercentComplete": 5}}
    shapes.add({"detail-type": "MediaConvert Job State Change", "detail": {**detail, "newField": "x"}})
    shapes.add(
        {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "k", "size": 1}}}
    )
    shapes.add({"detail-type": "Something Else", "detail": {}})
    assert shapes.counts["event MediaConvert Job State Change STATUS_UPDATE"] == 1
    assert shapes.unknown["event MediaConvert Job State Change STATUS_UPDATE"] == {"newField"}
    missing = shapes.missing()
    assert "jobProgress.currentPhase" in missing["event MediaConvert Job State Change, all together"]
    assert missing["event Object Created, all together"] == {"object.etag", "object.sequencer", "object.version-id"}


def test_the_parsers_shapes_are_complete() -> None:
    """Fields of nested shapes and lists are declared too."""
    schema = SCHEMAS["MediaConvert Job State Change"]
    assert "outputGroupDetails[].outputDetails[].videoDetails.widthInPx" in declared_paths(schema, schema)


REPORT = Report(
    address="https://a.example",
    began_at="2026-01-01T00:00:00+00:00",
    steps=[
        StepResult(name="upload by PUT", outcome=Outcome.PASSED, text="a | b", seconds=1.25, cents=0.625),
        StepResult(name="cancel", outcome=Outcome.SKIPPED, text="too late", seconds=0),
    ],
    shapes=Shapes(
        counts={"GET /jobs 200": 2}, unknown={"GET /jobs 200": ["x"]}, missing={"event A, all together": ["y"]}
    ),
    unseen=["the events"],
)


def test_the_report_has_both_forms() -> None:
    """Markdown for a person, JSON for a program."""
    markdown, parsed = as_markdown(REPORT), json.loads(as_json(REPORT))
    assert "| upload by PUT | passed | 1.2 | 0.62 | a \\| b |" in markdown
    assert "| GET /jobs 200 | 2 | `x` | - |" in markdown
    assert "| event A, all together |  | - | `y` |" in markdown
    assert (parsed["is_proven"], parsed["cents"], parsed["steps"][1]["outcome"]) == (True, 0.625, "skipped")
    assert parsed["fields_sent_and_not_read"] == {"GET /jobs 200": ["x"]}
    assert conclusion(REPORT).endswith("1 kinds of responses and events seen, 2 differ from the known shapes")


def test_a_failed_step_fails_the_proof() -> None:
    """A skipped one doesn't."""
    failed = StepResult(name="x", outcome=Outcome.FAILED, text="", seconds=0)
    assert REPORT.is_proven
    assert not Report(address="", began_at="", steps=[failed], shapes=REPORT.shapes, unseen=[]).is_proven


@pytest.mark.parametrize(("seconds", "cents"), [(1, 0.625), (10, 0.625), (60, 3.75)])
def test_a_short_job_costs_as_much_as_ten_seconds(seconds: float, cents: float) -> None:
    """MediaConvert's smallest charge."""
    assert transcode_cents(seconds) == pytest.approx(cents)


@given(st.binary(max_size=100), st.integers(0, 200))
def test_a_padded_file_has_at_least_the_size(mp4: bytes, size_bytes: int) -> None:
    """The box at its end states its own length."""
    result = padded(mp4, size_bytes)
    box = result[len(mp4) :]
    assert len(result) >= size_bytes
    assert (int.from_bytes(box[:4]), box[4:8]) == (len(box), b"free")


def test_comments_of_an_event_stream_are_no_events() -> None:
    """A heartbeat has no data."""
    text = ': hello\n\nevent: progress\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: 2\n\n'
    assert server_sent_events(text) == [("progress", {"a": 1}), ("message", 2)]
