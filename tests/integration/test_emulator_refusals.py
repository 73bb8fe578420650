"""The emulator refuses invalid requests with the exceptions of MediaConvert's model."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator_environment import ROLE, EmulatorEnvironment, emulator_environment

MISSING_INPUT = "s3://bucket/video.mp4"
DESTINATION = [{"OutputGroupSettings": {"HlsGroupSettings": {"Destination": "s3://bucket/out/"}}}]


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module."""
    with emulator_environment(aws_endpoint) as environment:
        yield environment


def _refused_message(environment: EmulatorEnvironment, **request: Any) -> str:  # noqa: ANN401 (parts of a request)
    with pytest.raises(environment.mediaconvert.exceptions.BadRequestException) as caught:
        environment.mediaconvert.create_job(**request)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"UserMetadata": {"file": "Bücher.mp4"}}, "/userMetadata/file"),
        ({"UserMetadata": {f"k{n}": "v" for n in range(11)}}, "maximum of 10"),
        ({"Role": "no-arn"}, "/role"),
        ({"StatusUpdateInterval": "SECONDS_11"}, "invalid type for 'statusUpdateInterval'"),
        ({"Settings": {"Inputs": [{"FileInput": "ftp://example.com/f.mp4"}]}}, "/inputs/0/fileInput"),
        ({"Settings": {"Inputs": [{"FileInput": MISSING_INPUT}]}}, "destination is a required property"),
        ({"Settings": {"Inputs": [{"FileInput": MISSING_INPUT}] * 2, "OutputGroups": DESTINATION}}, "Stitching"),
        (
            {
                "JobTemplate": "",
                "Settings": {"OutputGroups": [{"Outputs": [{}]}], "Inputs": [{"FileInput": MISSING_INPUT}]},
            },
            "/outputGroups/0: outputGroupSettings is a required property",
        ),
    ],
)
def test_an_invalid_request_is_refused_with_its_pointer(
    environment: EmulatorEnvironment, changes: dict[str, Any], message: str
) -> None:
    """The message of the 400 names the invalid value."""
    assert message in _refused_message(environment, **environment.job_request(MISSING_INPUT, "bad/", **changes))


def test_a_group_type_that_is_not_emulated_is_refused_by_name(environment: EmulatorEnvironment) -> None:
    """The emulator never omits an output group silently."""
    output = {"NameModifier": "_a", "ContainerSettings": {"Container": "ISMV"}}
    group = {"OutputGroupSettings": {"Type": "MS_SMOOTH_GROUP_SETTINGS"}, "Outputs": [output]}
    settings = {"Inputs": [{"FileInput": MISSING_INPUT}], "OutputGroups": [group]}

    assert "MS_SMOOTH_GROUP_SETTINGS is not emulated" in _refused_message(environment, Role=ROLE, Settings=settings)


def test_a_missing_role_is_a_bad_request(environment: EmulatorEnvironment) -> None:
    """The SDK checks this itself, but other clients need the service's check."""
    response = httpx.post(f"{environment.url}/2017-08-29/jobs", json={"settings": {}}, trust_env=False)

    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "BadRequestException"
    assert response.json() == {
        "errorType": "BadRequestException",
        "httpStatus": 400,
        "requestId": response.headers["x-amzn-requestid"],
        "message": "The 'role' field is required.",
        "settingsValidationErrorsJsonBlob": "[]",
    }


def test_every_response_has_a_request_id(environment: EmulatorEnvironment) -> None:
    """SDKs log it, and AWS's support needs it."""
    response = environment.mediaconvert.list_queues()

    assert response["ResponseMetadata"]["RequestId"]


def test_a_missing_resource_is_not_found(environment: EmulatorEnvironment) -> None:
    """Missing jobs, templates and queues raise the modelled exception."""
    for call in (
        lambda: environment.mediaconvert.get_job(Id="1-abcdef"),
        lambda: environment.mediaconvert.cancel_job(Id="1-abcdef"),
        lambda: environment.mediaconvert.get_job_template(Name="none"),
        lambda: environment.mediaconvert.get_queue(Name="none"),
        lambda: environment.create_job(MISSING_INPUT, "x/", JobTemplate="none"),
        lambda: environment.create_job(MISSING_INPUT, "x/", Queue="none"),
    ):
        with pytest.raises(environment.mediaconvert.exceptions.NotFoundException):
            call()
