"""MediaConvert accepts the project's job template."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import validate_parameters

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.merge import merge_settings
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.request_validation import check_request, service_model
from mediaconvert_emulator.spec import HlsGroup
from mediaconvert_emulator.template_file import read_template
from tests.emulator_environment import TEMPLATE_FILE as STREAMS_FILE

TEMPLATE_FILE = Path(__file__).resolve().parents[2] / "infra" / "job_template.json"


@pytest.fixture
def template() -> JsonObject:
    """Return the template with the names of the API's JSON."""
    return read_template(TEMPLATE_FILE)


def test_the_sdk_accepts_the_template() -> None:
    """Every name and type is one of the service's model."""
    request = json.loads(TEMPLATE_FILE.read_text())
    shape: Any = service_model().operation_model("CreateJobTemplate").input_shape

    validate_parameters(request, shape)


def test_reading_the_template_loses_no_member(template: JsonObject) -> None:
    """A misspelled name would be omitted."""

    def count_names(value: object) -> int:
        match value:
            case dict():
                return len(value) + sum(count_names(item) for item in value.values())
            case list():
                return sum(count_names(item) for item in value)
            case _:
                return 0

    assert count_names(template) == count_names(json.loads(TEMPLATE_FILE.read_text()))


def test_the_template_respects_the_models_ranges(template: JsonObject) -> None:
    """Its enumerations, ranges and patterns are valid, too; the SDK leaves these checks to the service."""
    check_request("CreateJobTemplate", template)


def test_the_template_lacks_only_input_and_destination(template: JsonObject) -> None:
    """With these two a job is complete; it has three renditions with segments of six seconds."""
    hls = {"destination": "s3://bucket/out/"}
    job = {
        "inputs": [{"fileInput": "s3://bucket/in.mp4"}],
        "outputGroups": [
            {"outputGroupSettings": {"hlsGroupSettings": hls}},
            {"outputGroupSettings": {"fileGroupSettings": hls}},
        ],
    }
    group, _ = parse_settings(merge_settings(template["settings"], job)).groups

    assert isinstance(group, HlsGroup)
    assert group.segment_s == 6
    assert [(output.name_modifier, output.video and output.video.height_px) for output in group.outputs] == [
        ("_1080p", 1080),
        ("_720p", 720),
        ("_360p", 360),
    ]


@pytest.mark.parametrize("operation", ["CreateJobTemplate", "CreateJob"])
def test_an_array_instead_of_an_object_is_refused(operation: str) -> None:
    """A client may send any JSON."""
    with pytest.raises(BadRequestException, match=r"invalid type|not a member"):
        check_request(operation, {"name": [], "settings": []})


def test_the_emulators_tests_use_the_streams_of_the_template() -> None:
    """Their template differs only in its name, its description and the missing poster."""
    whole, streams = json.loads(TEMPLATE_FILE.read_text()), json.loads(STREAMS_FILE.read_text())
    groups = [each for each in whole["Settings"]["OutputGroups"] if each["Name"] != "Poster"]
    own = {"Name": streams["Name"], "Description": streams["Description"]}
    assert streams == {**whole, **own, "Settings": {**whole["Settings"], "OutputGroups": groups}}
