"""boto3 and the AWS CLI work with the emulator: jobs, templates, queues, pages."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulator_environment import (
    ROOT,
    TEMPLATE,
    TEMPLATE_FILE,
    EmulatorEnvironment,
    emulator_environment,
    make_video,
    wait_until,
)

MISSING_INPUT = "s3://bucket/video.mp4"


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module."""
    with emulator_environment(aws_endpoint, ffmpeg_preset="veryslow") as environment:
        yield environment


@pytest.fixture(scope="module")
def long_video(environment: EmulatorEnvironment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URI of a video that takes long to transcode."""
    path = make_video(tmp_path_factory.mktemp("videos") / "long.mp4", size="640x360", duration_s=30)
    return environment.upload(path, "long.mp4")


@pytest.fixture
def blocking_job(environment: EmulatorEnvironment, long_video: str) -> Iterator[str]:
    """Yield the id of a job that occupies the emulator's only slot until the test ends."""
    job_id = environment.create_job(long_video, "blocked/")
    wait_until(lambda: environment.job(job_id).get("CurrentPhase") == "TRANSCODING", "the job transcodes")
    yield job_id
    if environment.job(job_id)["Status"] == "PROGRESSING":
        environment.mediaconvert.cancel_job(Id=job_id)


def test_a_job_may_contain_its_whole_template(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A client may read the template, add destination and key, and send it all: no output is made twice."""
    uri = environment.upload(make_video(tmp_path / "f.mp4"), "whole/f.mp4")
    settings = environment.mediaconvert.get_job_template(Name=TEMPLATE)["JobTemplate"]["Settings"]
    settings["Inputs"][0]["FileInput"] = uri
    hls = settings["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]
    hls["Destination"] = f"s3://{environment.outputs}/whole/"
    job = environment.wait_for_job(environment.create_job(uri, "whole/", Settings=settings))

    assert job["Status"] == "COMPLETE"
    assert len(job["Settings"]["OutputGroups"][0]["Outputs"]) == 3
    assert job["OutputGroupDetails"] == [
        {"OutputDetails": [{"DurationInMs": 3000, "VideoDetails": {"WidthInPx": 320, "HeightInPx": 180}}]}
    ]


def test_a_queued_job_is_submitted_and_sends_no_event_when_canceled(
    environment: EmulatorEnvironment, blocking_job: str
) -> None:
    """A queued job has the status SUBMITTED; if it is canceled, it sends no event at all."""
    queued = environment.create_job(MISSING_INPUT, "waiting/")
    assert environment.job(queued)["Status"] == "SUBMITTED"
    queue = environment.mediaconvert.get_queue(Name="Default")["Queue"]
    assert (queue["SubmittedJobsCount"], queue["ProgressingJobsCount"]) == (1, 1)

    environment.mediaconvert.cancel_job(Id=queued)
    environment.mediaconvert.cancel_job(Id=blocking_job)
    environment.wait_for_final_event(blocking_job)

    assert environment.job(queued)["Status"] == "CANCELED"
    assert environment.events(queued) == []


def test_canceling_a_running_job_frees_its_slot(
    environment: EmulatorEnvironment, blocking_job: str, tmp_path: Path
) -> None:
    """The job is CANCELED with an event, the next job starts, and a second CancelJob is a conflict."""
    environment.mediaconvert.cancel_job(Id=blocking_job)

    assert environment.job(blocking_job)["Status"] == "CANCELED"
    assert environment.wait_for_final_event(blocking_job)[-1]["detail"]["status"] == "CANCELED"
    with pytest.raises(environment.mediaconvert.exceptions.ConflictException):
        environment.mediaconvert.cancel_job(Id=blocking_job)
    uri = environment.upload(make_video(tmp_path / "next.mp4"), "next/f.mp4")
    next_job = environment.wait_for_job(environment.create_job(uri, "next/"))
    assert next_job["Status"] == "COMPLETE"


def test_jobs_start_by_priority_then_by_time(environment: EmulatorEnvironment, blocking_job: str) -> None:
    """A higher priority starts first; jobs of the same priority start in the order of their requests."""
    job_ids = [environment.create_job(MISSING_INPUT, "order/", Priority=priority) for priority in (-10, 0, 0, 10)]
    environment.mediaconvert.cancel_job(Id=blocking_job)
    started = {job_id: environment.wait_for_final_event(job_id)[0]["detail"]["timestamp"] for job_id in job_ids}

    assert sorted(job_ids, key=lambda job_id: started[job_id]) == [job_ids[n] for n in (3, 1, 2, 0)]


def test_a_request_token_creates_one_job(environment: EmulatorEnvironment) -> None:
    """A second request with the same token within a minute returns the first job, even if its settings differ."""
    first = environment.create_job(MISSING_INPUT, "token/", ClientRequestToken="token-1")
    second = environment.create_job("s3://bucket/other.mp4", "token/", ClientRequestToken="token-1")

    assert second == first
    assert environment.create_job(MISSING_INPUT, "token/", ClientRequestToken="token-2") != first


def test_lists_have_pages_with_the_newest_first(environment: EmulatorEnvironment, blocking_job: str) -> None:
    """SearchJobs returns each matching job once, by status, queue and a part of the input's URI; so does ListJobs."""
    job_ids = [environment.create_job(f"s3://bucket/paged/{n}.mp4", "paged/") for n in range(5)]
    queue = environment.mediaconvert.get_queue(Name="Default")["Queue"]["Arn"]
    query: dict[str, Any] = {"InputFile": "bucket/paged/", "Status": "SUBMITTED", "Queue": queue, "MaxResults": 2}

    found: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = environment.mediaconvert.search_jobs(**query, **token)
        found += [job["Id"] for job in page["Jobs"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}

    assert found == job_ids[::-1]
    assert [job["Id"] for job in environment.mediaconvert.list_jobs(MaxResults=5)["Jobs"]] == job_ids[::-1]
    assert blocking_job not in found
    for job_id in job_ids:
        environment.mediaconvert.cancel_job(Id=job_id)


def test_templates_can_be_created_updated_used_and_deleted(environment: EmulatorEnvironment) -> None:
    """A job may name a template by ARN; a second template of the same name is a conflict."""
    request = json.loads(TEMPLATE_FILE.read_text()) | {"Name": "second"}
    arn = environment.mediaconvert.create_job_template(**request)["JobTemplate"]["Arn"]
    with pytest.raises(environment.mediaconvert.exceptions.ConflictException):
        environment.mediaconvert.create_job_template(**request)
    environment.mediaconvert.update_job_template(Name="second", Priority=5)

    listed = [template["Name"] for template in environment.mediaconvert.list_job_templates()["JobTemplates"]]
    assert listed == [TEMPLATE, "second"]
    job = environment.job(environment.create_job(MISSING_INPUT, "arn/", JobTemplate=arn))
    assert (job["Priority"], job["StatusUpdateInterval"]) == (5, "SECONDS_10")
    environment.mediaconvert.delete_job_template(Name="second")
    with pytest.raises(environment.mediaconvert.exceptions.NotFoundException):
        environment.mediaconvert.get_job_template(Name="second")


def test_describe_endpoints_returns_the_emulators_url(environment: EmulatorEnvironment) -> None:
    """Old programs request their account's endpoint first."""
    assert environment.mediaconvert.describe_endpoints()["Endpoints"] == [{"Url": environment.url}]
    assert [queue["Name"] for queue in environment.mediaconvert.list_queues()["Queues"]] == ["Default"]


def test_chaos_can_fail_create_job_requests(environment: EmulatorEnvironment) -> None:
    """The errors are those of an overloaded or broken MediaConvert."""
    client = boto3.client(
        "mediaconvert", endpoint_url=environment.url, config=Config(retries={"total_max_attempts": 1})
    )
    for status, name in ((429, "TooManyRequestsException"), (500, "InternalServerErrorException")):
        chaos = {"fail_create_job": {"count": 1, "status": status}}
        httpx.put(f"{environment.url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()
        with pytest.raises(ClientError) as caught:
            client.create_job(**environment.job_request(MISSING_INPUT, "fail/"))
        assert caught.value.response["Error"]["Code"] == name
    assert httpx.get(f"{environment.url}/_emulator/chaos", trust_env=False).json()["fail_create_job"]["count"] == 0
    assert client.create_job(**environment.job_request(MISSING_INPUT, "fail/"))["Job"]["Status"] == "SUBMITTED"


def test_requests_above_the_rate_are_throttled_as_on_aws(aws_endpoint: str) -> None:
    """The SDK raises TooManyRequestsException with AWS's text; the refused requests make no job."""
    with emulator_environment(aws_endpoint, create_job_per_s=0.001, create_job_burst=2) as environment:
        client = boto3.client(
            "mediaconvert", endpoint_url=environment.url, config=Config(retries={"total_max_attempts": 1})
        )
        for number in range(2):
            client.create_job(**environment.job_request(MISSING_INPUT, f"rate/{number}"))
        with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
            client.create_job(**environment.job_request(MISSING_INPUT, "rate/above"))
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert caught.value.response["Error"]["Message"] == "Too Many Requests"
        assert len(client.list_jobs()["Jobs"]) == 2
        requests = httpx.get(f"{environment.url}/_emulator/health", trust_env=False).json()["requests"]
        assert (requests["CreateJob ok"], requests["CreateJob 429"]) == (2, 1)


def test_chaos_can_fail_every_request_for_a_period(environment: EmulatorEnvironment) -> None:
    """The outage ends with its period, or with other settings."""
    client = boto3.client(
        "mediaconvert", endpoint_url=environment.url, config=Config(retries={"total_max_attempts": 1})
    )
    for failures, name in (
        ({"for_s": 3600, "status": 429}, "TooManyRequestsException"),
        ({"for_s": 3600}, "InternalServerErrorException"),
    ):
        chaos = {"fail_requests": failures}
        httpx.put(f"{environment.url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()
        with pytest.raises(ClientError) as caught:
            client.get_queue(Name="Default")
        assert caught.value.response["Error"]["Code"] == name
    httpx.put(f"{environment.url}/_emulator/chaos", json={}, trust_env=False).raise_for_status()
    assert client.get_queue(Name="Default")["Queue"]["Name"] == "Default"


AWS_CLI = ROOT / ".venv-aws" / "bin" / "aws"


@pytest.mark.skipif(not AWS_CLI.exists(), reason="the AWS CLI is installed beside the embedded AWS (make setup) only")
def test_the_aws_cli_works_with_it(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The CLI creates a job from a file, reads it, and prints the modelled exception."""
    request = tmp_path / "job.json"
    request.write_text(json.dumps(environment.job_request(MISSING_INPUT, "cli/", UserMetadata={"id": "a/b+c=d"})))

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(AWS_CLI), "--endpoint-url", environment.url, "--output", "json", "mediaconvert", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=30)

    created = json.loads(run("create-job", "--cli-input-json", f"file://{request}").stdout)["Job"]
    read = json.loads(run("get-job", "--id", created["Id"]).stdout)["Job"]
    assert (read["Id"], read["UserMetadata"]) == (created["Id"], {"id": "a/b+c=d"})
    assert "(NotFoundException) when calling the GetJob" in run("get-job", "--id", "none").stderr


def test_the_oldest_finished_jobs_are_deleted(aws_endpoint: str) -> None:
    """The number of finished jobs in memory has a limit."""
    with emulator_environment(aws_endpoint, finished_jobs_kept=2) as environment:
        job_ids = []
        for _ in range(4):
            job_ids.append(environment.create_job(MISSING_INPUT, "old/"))
            environment.wait_for_job(job_ids[-1])
            time.sleep(0.002)  # ids begin with the millisecond
        listed = [job["Id"] for job in environment.mediaconvert.list_jobs()["Jobs"]]
    assert listed == job_ids[:0:-1]
