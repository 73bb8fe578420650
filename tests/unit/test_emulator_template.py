"""The project's job template is one that MediaConvert takes."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import validate_parameters

from mediaconvert_emulator.overlay import JsonObject, overlay
from mediaconvert_emulator.parse import parse_settings
from mediaconvert_emulator.shapes import check_request, service_model
from mediaconvert_emulator.spec import HlsGroup
from mediaconvert_emulator.template_file import read_template

TEMPLATE_FILE = Path(__file__).resolve().parents[2] / "infra" / "job_template.json"


@pytest.fixture
def template() -> JsonObject:
    """The template, with the names of the wire."""
    return read_template(TEMPLATE_FILE)


def test_the_sdk_accepts_the_template() -> None:
    """Every name and type is one of the service's model."""
    request = json.loads(TEMPLATE_FILE.read_text())
    shape: Any = service_model().operation_model("CreateJobTemplate").input_shape

    validate_parameters(request, shape)


def test_reading_the_template_loses_nothing(template: JsonObject) -> None:
    """A misspelled name would vanish on the way to the wire."""

    def names(value: object) -> int:
        match value:
            case dict():
                return len(value) + sum(names(item) for item in value.values())
            case list():
                return sum(names(item) for item in value)
            case _:
                return 0

    assert names(template) == names(json.loads(TEMPLATE_FILE.read_text()))


def test_the_template_keeps_to_the_models_ranges(template: JsonObject) -> None:
    """Enumerations, ranges and patterns hold as well, which the SDK leaves to the service."""
    check_request("CreateJobTemplate", template)


def test_the_template_lacks_only_input_and_destination(template: JsonObject) -> None:
    """With these two a job is complete; it has three renditions with segments of six seconds."""
    hls = {"destination": "s3://bucket/out/"}
    job = {
        "inputs": [{"fileInput": "s3://bucket/in.mp4"}],
        "outputGroups": [{"outputGroupSettings": {"hlsGroupSettings": hls}}],
    }
    (group,) = parse_settings(overlay(template["settings"], job)).groups

    assert isinstance(group, HlsGroup)
    assert group.segment_s == 6
    assert [(output.name_modifier, output.video and output.video.height_px) for output in group.outputs] == [
        ("_1080p", 1080),
        ("_720p", 720),
        ("_360p", 360),
    ]


@pytest.mark.parametrize("operation", ["CreateJobTemplate", "CreateJob"])
def test_what_is_not_an_object_is_refused(operation: str) -> None:
    """Any JSON may come over the wire."""
    with pytest.raises(Exception, match="Should"):
        check_request(operation, {"name": [], "settings": []})
