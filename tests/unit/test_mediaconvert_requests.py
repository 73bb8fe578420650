"""Requests to MediaConvert are valid by AWS's own model, nested settings too, with enums, ranges and patterns."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from local.cloudformation_template import parse
from tests.service_model import violations
from tests.unit.job_claims import DEFAULTS, claim_of
from transcode.correlation import Correlation
from transcode.profiles import Profiles
from worker.settings import WorkerSettings
from worker.submission.job_request import JobDefaults, job_request, queue_filter, queue_name
from worker.submission.mediaconvert import MAX_SEARCH_CHARACTERS, PAGE_SIZE

INFRA = Path(__file__).parents[2] / "infra"
TEMPLATE = json.loads((INFRA / "job_template.json").read_text(encoding="utf-8"))
SERVICE = get_session().get_service_model("mediaconvert")
CORRELATION = Correlation(
    upload="0" * 64,
    request_id="a" * 128,
    trace_parent=f"00-{'a' * 32}-{'b' * 16}-01",
    job_created_ms=10**15 - 1,
)
"""Every id at its longest."""
MAX_METADATA_PAIRS, MAX_METADATA_VALUE = 10, 256


def wrong(operation: str, request: dict[str, Any]) -> list[str]:
    """Return what AWS's model of the operation doesn't allow in the request."""
    shape = SERVICE.operation_model(operation).input_shape
    assert shape is not None
    return list(violations(shape, request))


def create_job(input_file: str = "uploads/5e0c/harbour.mp4", defaults: JobDefaults = DEFAULTS) -> dict[str, Any]:
    """Return the request that the worker sends for an upload."""
    return job_request(claim_of(input_file), deepcopy(TEMPLATE["Settings"]), defaults, CORRELATION)


def resources() -> dict[str, Any]:
    """Return the resources of mediaconvert.yaml."""
    return dict(parse((INFRA / "mediaconvert.yaml").read_text(encoding="utf-8"))["Resources"])


def test_create_job_is_valid() -> None:
    """The whole request for an upload, with our job template's settings."""
    assert wrong("CreateJob", create_job()) == []


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_create_job_is_valid_for_any_name_of_a_file(name: str) -> None:
    """The name is part of URIs, whose pattern the model has."""
    assert wrong("CreateJob", create_job(f"uploads/5e0c/{name.replace('/', '_')}.mp4")) == []


@pytest.mark.parametrize("queue", [None, "Default", "arn:aws:mediaconvert:eu-west-1:111122223333:queues/videos"])
def test_create_job_and_its_searches_are_valid_for_each_form_of_the_queue(queue: str | None) -> None:
    """By default, by name and by ARN."""
    defaults = JobDefaults(
        input_bucket="clips-in",
        output_bucket="clips-out",
        role="arn:aws:iam::123456789012:role/clips-transcode",
        profiles=Profiles(templates={"hls": "clips-hls"}, default="hls"),
        queue=queue,
        status_update_interval_s=600,
        max_duration_s=86_400,
    )
    newest = {**queue_filter(queue), "Order": "DESCENDING", "MaxResults": PAGE_SIZE}
    assert wrong("CreateJob", create_job(defaults=defaults)) == []
    assert wrong("ListJobs", newest) == []
    assert wrong("GetQueue", {"Name": queue_name(queue)}) == []
    assert wrong("SearchJobs", {**newest, "InputFile": "a" * MAX_SEARCH_CHARACTERS}) == []


def test_the_job_template_is_valid() -> None:
    """The file, and what CloudFormation makes of it."""
    assert wrong("CreateJobTemplate", TEMPLATE) == []
    properties = resources()["JobTemplate"]["Properties"]
    made = {
        "Name": "clips-hls",
        "Category": properties["Category"],
        "Description": properties["Description"],
        "StatusUpdateInterval": properties["StatusUpdateInterval"],
        "Settings": properties["SettingsJson"],
    }
    assert wrong("CreateJobTemplate", made) == []


def test_the_queue_of_the_template_is_valid() -> None:
    """Its plan and its status."""
    properties = resources()["Queue"]["Properties"]
    request = {name: properties[name] for name in ("PricingPlan", "Status")}
    assert wrong("CreateQueue", {"Name": "clips", **request}) == []


def test_each_interval_that_a_deployment_may_set_is_one_of_mediaconverts() -> None:
    """The parameters of both templates and the worker's setting allow the same values."""
    intervals = {
        int(each.removeprefix("SECONDS_")) for each in SERVICE.shape_for("StatusUpdateInterval").metadata["enum"]
    }
    for name in ("lambda", "fargate"):
        parameter = parse((INFRA / f"{name}.yaml").read_text(encoding="utf-8"))["Parameters"]["StatusUpdateIntervalS"]
        assert set(parameter["AllowedValues"]) == intervals
    assert set(get_args(WorkerSettings.model_fields["status_update_interval_s"].annotation)) == intervals


def test_user_metadata_stays_within_the_limits_that_the_model_lacks() -> None:
    """At most 10 pairs, whose values have at most 256 characters, also with every id that follows an upload."""
    metadata = create_job()["UserMetadata"]
    assert len(metadata) <= MAX_METADATA_PAIRS
    assert max(map(len, metadata.values())) <= MAX_METADATA_VALUE


def rate(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the H.264 settings of the first output."""
    codec: dict[str, Any] = settings["OutputGroups"][0]["Outputs"][0]["VideoDescription"]["CodecSettings"]
    h264: dict[str, Any] = codec["H264Settings"]
    return h264


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda settings: rate(settings).update(RateControlMode="VQBR"), "'VQBR' is none of VBR, CBR, QVBR"),
        (lambda settings: rate(settings)["QvbrSettings"].update(QvbrQualityLevel=11), "11 is more than 10"),
        (lambda settings: rate(settings).update(MaxBitrate=999), "999 is less than 1000"),
        (lambda settings: rate(settings).update(GopSizeUnit="SECONDS"), "no such member"),
        (lambda settings: rate(settings).update(ParNumerator="1"), "'1' is no integer"),
        (lambda settings: settings["OutputGroups"][0]["Outputs"][0].update(NameModifier=""), "0 is less than 1"),
        (lambda settings: settings["Inputs"][0].update(TimecodeStart="24:00:00:00"), "doesn't match"),
    ],
)
def test_a_wrong_setting_is_found(change: Callable[[dict[str, Any]], None], reason: str) -> None:
    """However deep it is; botocore finds only the unknown member and the wrong type."""
    request = create_job()
    change(request["Settings"])
    (found,) = wrong("CreateJob", request)
    assert reason in found
