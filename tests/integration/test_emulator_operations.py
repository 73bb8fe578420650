"""All operations of MediaConvert's API respond: each is performed, or refused by name."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mediaconvert_emulator.operations import OPERATIONS
from mediaconvert_emulator.operations.account import REFUSED
from mediaconvert_emulator.request_validation import service_model
from tests.emulator_environment import ROLE, TEMPLATE, EmulatorEnvironment, emulator_environment

MISSING_INPUT = "s3://bucket/video.mp4"
PRESET = {
    "Name": "small",
    "Category": "tests",
    "Settings": {
        "ContainerSettings": {"Container": "M3U8"},
        "VideoDescription": {
            "Width": 320,
            "Height": 180,
            "CodecSettings": {
                "Codec": "H_264",
                "H264Settings": {"RateControlMode": "QVBR", "MaxBitrate": 500_000},
            },
        },
    },
}


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module. Time passes 600 times faster for queue hops."""
    with emulator_environment(aws_endpoint, queues_quota=4, time_factor=600) as environment:
        yield environment


def test_every_operation_of_the_model_has_a_route() -> None:
    """A new botocore brings new operations; this test names them."""
    assert set(service_model().operation_names) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_operation_that_would_do_nothing_is_refused_by_name(environment: EmulatorEnvironment, name: str) -> None:
    """No operation answers 200 and does nothing."""
    http = service_model().operation_model(name).http
    path = http["requestUri"].replace("{arn}", "arn:aws:acm:us-east-1:1:certificate/a")
    response = httpx.request(http["method"], environment.url + path, json={}, trust_env=False)

    assert response.status_code == 400
    assert response.json()["message"].startswith(f"{name} is not emulated: ")


def test_queues_can_be_created_changed_listed_and_deleted(environment: EmulatorEnvironment) -> None:
    """A paused queue starts no job until it is active."""
    client = environment.mediaconvert
    queue = client.create_queue(Name="second", ConcurrentJobs=5, Tags={"team": "video"})["Queue"]
    assert (queue["Status"], queue["ConcurrentJobs"], queue["Type"]) == ("ACTIVE", 5, "CUSTOM")
    listed = client.list_queues(ListBy="NAME")
    assert [item["Name"] for item in listed["Queues"]] == ["Default", "second"]
    assert (listed["TotalConcurrentJobs"], listed["UnallocatedConcurrentJobs"]) == (200, 195)

    client.update_queue(Name="second", Status="PAUSED", Description="paused")
    job_id = environment.create_job(MISSING_INPUT, "paused/", Queue=queue["Arn"])
    paused = client.get_queue(Name="second")["Queue"]
    assert (paused["Status"], paused["SubmittedJobsCount"], paused["Description"]) == ("PAUSED", 1, "paused")
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_queue(Name="second")
    client.update_queue(Name="second", Status="ACTIVE")
    assert environment.wait_for_job(job_id)["ErrorCode"] == 1404
    client.delete_queue(Name="second")
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_queue(Name="second")


def test_reserved_queues_refuse_acceleration_and_the_quota_of_queues_is_a_429(environment: EmulatorEnvironment) -> None:
    """As on AWS."""
    client = environment.mediaconvert
    plan: dict[str, Any] = {"Commitment": "ONE_YEAR", "RenewalType": "EXPIRE", "ReservedSlots": 1}
    queue = client.create_queue(Name="reserved", PricingPlan="RESERVED", ReservationPlanSettings=plan)["Queue"]
    assert queue["ReservationPlan"]["ReservedSlots"] == 1
    with pytest.raises(client.exceptions.BadRequestException, match="Reserved queues don't support accelerated"):
        environment.create_job(MISSING_INPUT, "r/", Queue="reserved", AccelerationSettings={"Mode": "ENABLED"})
    client.create_queue(Name="third")
    client.create_queue(Name="fourth")
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.create_queue(Name="fifth")
    for name in ("reserved", "third", "fourth"):
        client.delete_queue(Name=name)


def test_a_job_hops_to_another_queue_after_its_wait(environment: EmulatorEnvironment) -> None:
    """It sends QUEUE_HOP, and then runs in the other queue."""
    client = environment.mediaconvert
    client.create_queue(Name="hop-source", Status="PAUSED")
    hops = [{"WaitMinutes": 1, "Queue": "Default", "Priority": 9}]
    job_id = environment.create_job(MISSING_INPUT, "hop/", Queue="hop-source", HopDestinations=hops)
    job = environment.wait_for_job(job_id)
    events = [event["detail"] for event in environment.wait_for_final_event(job_id)]
    client.delete_queue(Name="hop-source")

    assert (job["Queue"].rpartition("/")[2], job["Priority"]) == ("Default", 9)
    assert job["QueueTransitions"][0]["SourceQueue"].endswith("queues/hop-source")
    assert [detail["status"] for detail in events][:2] == ["QUEUE_HOP", "PROGRESSING"]
    hop = events[0]
    assert (hop["priority"], hop["previousPriority"]) == (9, 0)
    assert hop["previousQueue"].endswith("queues/hop-source")
    assert hop["queue"].endswith("queues/Default")


def test_presets_can_be_created_changed_used_and_deleted(environment: EmulatorEnvironment) -> None:
    """An output that names a preset has its settings."""
    client = environment.mediaconvert
    arn = client.create_preset(**PRESET)["Preset"]["Arn"]
    with pytest.raises(client.exceptions.ConflictException):
        client.create_preset(**PRESET)
    client.update_preset(Name="small", Description="changed")
    assert client.get_preset(Name="small")["Preset"]["Description"] == "changed"
    assert [item["Name"] for item in client.list_presets(Category="tests")["Presets"]] == ["small"]
    assert client.list_presets(ListBy="SYSTEM")["Presets"] == []
    hls = {"Destination": "s3://bucket/preset/", "SegmentLength": 6, "MinSegmentLength": 0}
    group = {
        "OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls},
        "Outputs": [{"Preset": arn, "NameModifier": "_s"}],
    }
    settings: Any = {"Inputs": [{"FileInput": MISSING_INPUT}], "OutputGroups": [group]}
    job = client.create_job(Role=ROLE, Settings=settings)["Job"]
    assert job["Settings"]["OutputGroups"][0]["Outputs"][0] == {"Preset": arn, "NameModifier": "_s"}
    assert environment.wait_for_job(job["Id"])["ErrorCode"] == 1404
    client.delete_preset(Name="small")
    with pytest.raises(client.exceptions.BadRequestException, match="No preset 'small'"):
        client.create_job(Role=ROLE, Settings=settings)


def test_a_preset_with_a_fault_is_refused_with_pointers_below_its_settings(environment: EmulatorEnvironment) -> None:
    """As in MediaConvert's own messages."""
    settings: Any = {"ContainerSettings": {"Container": "MP4"}, "VideoDescription": {"CodecSettings": {}}}
    with pytest.raises(environment.mediaconvert.exceptions.BadRequestException) as caught:
        environment.mediaconvert.create_preset(Name="bad", Settings=settings)
    assert str(caught.value).endswith(" /videoDescription/codecSettings: codec is a required property")
    with pytest.raises(environment.mediaconvert.exceptions.BadRequestException, match="Should match any schema"):
        environment.mediaconvert.create_preset(Name="bad", Settings={"ContainerSettings": {"Container": "MP4"}})


def test_tags_are_those_of_the_request_and_of_tag_resource(environment: EmulatorEnvironment) -> None:
    """ARNs contain slashes, which clients encode in the path."""
    client = environment.mediaconvert
    arn = client.get_job_template(Name=TEMPLATE)["JobTemplate"]["Arn"]
    client.tag_resource(Arn=arn, Tags={"a": "1", "b": "2"})
    client.untag_resource(Arn=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(Arn=arn)["ResourceTags"] == {"Arn": arn, "Tags": {"b": "2"}}
    with pytest.raises(client.exceptions.NotFoundException):
        client.tag_resource(Arn=arn + "x", Tags={"a": "1"})
    with pytest.raises(client.exceptions.BadRequestException, match="at most 50"):
        client.tag_resource(Arn=arn, Tags={str(n): "" for n in range(51)})


def test_a_policy_can_forbid_inputs_from_s3(environment: EmulatorEnvironment) -> None:
    """The default allows all inputs."""
    client = environment.mediaconvert
    client.put_policy(Policy={"S3Inputs": "DISALLOWED"})
    assert client.get_policy()["Policy"]["HttpInputs"] == "ALLOWED"
    with pytest.raises(client.exceptions.BadRequestException, match="policy"):
        environment.create_job(MISSING_INPUT, "policy/")
    client.delete_policy()
    assert client.get_policy()["Policy"]["S3Inputs"] == "ALLOWED"


def test_a_jobs_query_returns_the_jobs_that_match_its_filters(environment: EmulatorEnvironment) -> None:
    """It is complete at once, and has pages."""
    client = environment.mediaconvert
    job_ids = [environment.create_job(f"s3://bucket/query/{n}.mp4", "query/") for n in range(2)]
    filters: Any = [{"Key": "fileInput", "Values": ["bucket/query/"]}, {"Key": "videoCodec", "Values": ["H_264"]}]
    first = client.start_jobs_query(FilterList=filters, MaxResults=1)["Id"]
    page = client.get_jobs_query_results(Id=first)
    assert (page["Status"], [job["Id"] for job in page["Jobs"]]) == ("COMPLETE", job_ids[:0:-1])
    second = client.start_jobs_query(FilterList=filters, NextToken=page["NextToken"])["Id"]
    assert [job["Id"] for job in client.get_jobs_query_results(Id=second)["Jobs"]] == job_ids[:1]
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_jobs_query_results(Id="none")


def test_a_setting_without_effect_is_a_warning_of_the_job(environment: EmulatorEnvironment) -> None:
    """The job runs; GetJob's messages name the setting."""
    outputs = [{"VideoDescription": {"CodecSettings": {"H264Settings": {"Softness": 5}}}}]
    group = {"OutputGroupSettings": {"HlsGroupSettings": {"Destination": "s3://bucket/x/"}}, "Outputs": outputs}
    settings = {"Inputs": [{"FileInput": MISSING_INPUT}], "OutputGroups": [group]}
    job_id = environment.create_job(MISSING_INPUT, "warned/", Settings=settings)

    (warning,) = environment.job(job_id)["Messages"]["Warning"]
    assert "h264Settings/softness: 5 is without effect here" in warning


def test_strict_mode_accepts_the_projects_template_and_refuses_settings_without_effect(aws_endpoint: str) -> None:
    """Tests use it, so that no setting of a template is silently different from AWS."""
    with emulator_environment(aws_endpoint, strict=True) as environment:
        job_id = environment.create_job(MISSING_INPUT, "strict/")
        assert environment.job(job_id)["Messages"]["Warning"] == []
        outputs = [{"VideoDescription": {"CodecSettings": {"H264Settings": {"Softness": 5}}}}]
        group = {"OutputGroupSettings": {"HlsGroupSettings": {"Destination": "s3://b/x/"}}, "Outputs": outputs}
        settings = {"Inputs": [{"FileInput": MISSING_INPUT}], "OutputGroups": [group]}
        with pytest.raises(environment.mediaconvert.exceptions.BadRequestException, match="softness"):
            environment.create_job(MISSING_INPUT, "strict/", Settings=settings)


def test_an_unknown_path_is_no_operation(environment: EmulatorEnvironment) -> None:
    """The message names the request."""
    response = httpx.get(f"{environment.url}/2017-08-29/nothing", trust_env=False)
    assert response.json()["message"] == "GET /2017-08-29/nothing is not an operation of MediaConvert"
