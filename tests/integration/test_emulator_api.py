"""boto3 and the AWS CLI take the emulator for MediaConvert: answers, modelled exceptions, pages."""

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

from tests.emulator_laboratory import ROLE, ROOT, TEMPLATE, TEMPLATE_FILE, Laboratory, film, laboratory, until

UNENCODED = "s3://bucket/film.mp4"


@pytest.fixture(scope="module")
def lab(aws_endpoint: str) -> Iterator[Laboratory]:
    """One emulator for all tests here."""
    with laboratory(aws_endpoint, ffmpeg_preset="veryslow") as lab:
        yield lab


@pytest.fixture(scope="module")
def long_film(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of a film that takes long."""
    path = film(tmp_path_factory.mktemp("films") / "long.mp4", size="640x360", duration_s=30)
    return lab.upload(path, "long.mp4")


@pytest.fixture
def blocked(lab: Laboratory, long_film: str) -> Iterator[str]:
    """A job that keeps the emulator's only lane busy until the test is over."""
    job_id = lab.create(long_film, "blocked/")
    until(lambda: lab.job(job_id).get("CurrentPhase") == "TRANSCODING", "the job transcodes")
    yield job_id
    if lab.job(job_id)["Status"] == "PROGRESSING":
        lab.mediaconvert.cancel_job(Id=job_id)


def _refusal(lab: Laboratory, **request: Any) -> str:  # noqa: ANN401 (parts of a request)
    with pytest.raises(lab.mediaconvert.exceptions.BadRequestException) as refused:
        lab.mediaconvert.create_job(**request)
    return str(refused.value)


def test_a_job_template_can_be_sent_back_with_a_job(lab: Laboratory, tmp_path: Path) -> None:
    """A caller may read the template, fill in destination and key, and send it whole: nothing comes twice."""
    uri = lab.upload(film(tmp_path / "f.mp4"), "whole/f.mp4")
    settings = lab.mediaconvert.get_job_template(Name=TEMPLATE)["JobTemplate"]["Settings"]
    settings["Inputs"][0]["FileInput"] = uri
    hls = settings["OutputGroups"][0]["OutputGroupSettings"]["HlsGroupSettings"]
    hls["Destination"] = f"s3://{lab.outputs}/whole/"
    job = lab.finished(lab.create(uri, "whole/", Settings=settings))

    assert job["Status"] == "COMPLETE"
    assert len(job["Settings"]["OutputGroups"][0]["Outputs"]) == 3
    assert job["OutputGroupDetails"] == [
        {"OutputDetails": [{"DurationInMs": 3000, "VideoDetails": {"WidthInPx": 320, "HeightInPx": 180}}]}
    ]


def test_a_waiting_job_is_submitted_and_ends_silently_when_canceled(lab: Laboratory, blocked: str) -> None:
    """Jobs wait their turn as SUBMITTED; one canceled then has no event at all."""
    waiting = lab.create(UNENCODED, "waiting/")
    assert lab.job(waiting)["Status"] == "SUBMITTED"
    queue = lab.mediaconvert.get_queue(Name="Default")["Queue"]
    assert (queue["SubmittedJobsCount"], queue["ProgressingJobsCount"]) == (1, 1)

    lab.mediaconvert.cancel_job(Id=waiting)
    lab.mediaconvert.cancel_job(Id=blocked)
    lab.events_to_the_end(blocked)

    assert lab.job(waiting)["Status"] == "CANCELED"
    assert lab.events(waiting) == []


def test_canceling_a_running_job_stops_ffmpeg_and_clears_up(lab: Laboratory, blocked: str, tmp_path: Path) -> None:
    """CANCELED follows at once, with an event; the next job can start; a second cancel is a conflict."""
    lab.mediaconvert.cancel_job(Id=blocked)

    assert lab.job(blocked)["Status"] == "CANCELED"
    assert lab.events_to_the_end(blocked)[-1]["detail"]["status"] == "CANCELED"
    with pytest.raises(lab.mediaconvert.exceptions.ConflictException):
        lab.mediaconvert.cancel_job(Id=blocked)
    source = film(tmp_path / "next.mp4")
    assert lab.finished(lab.create(lab.upload(source, "next/f.mp4"), "next/"))["Status"] == "COMPLETE"


def test_jobs_start_by_priority_then_in_order(lab: Laboratory, blocked: str) -> None:
    """A higher priority goes first; equals go as they came."""
    made = [lab.create(UNENCODED, "order/", Priority=priority) for priority in (-10, 0, 0, 10)]
    lab.mediaconvert.cancel_job(Id=blocked)
    started = {job_id: lab.events_to_the_end(job_id)[0]["detail"]["timestamp"] for job_id in made}

    assert sorted(made, key=lambda job_id: started[job_id]) == [made[3], made[1], made[2], made[0]]


def test_a_request_token_makes_one_job(lab: Laboratory) -> None:
    """A request repeated with its token within a minute gives the first job, even if it asks for another."""
    first = lab.create(UNENCODED, "token/", ClientRequestToken="token-1")
    second = lab.create("s3://bucket/other.mp4", "token/", ClientRequestToken="token-1")

    assert second == first
    assert lab.create(UNENCODED, "token/", ClientRequestToken="token-2") != first


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"UserMetadata": {"file": "Bücher.mp4"}}, "/userMetadata/file"),
        ({"UserMetadata": {f"k{n}": "v" for n in range(11)}}, "maximum of 10"),
        ({"Role": "nobody"}, "/role"),
        ({"StatusUpdateInterval": "SECONDS_11"}, "/statusUpdateInterval"),
        ({"Settings": {"Inputs": [{"FileInput": "https://example.com/f.mp4"}]}}, "/inputs/0/fileInput"),
        ({"Settings": {"Inputs": [{"FileInput": UNENCODED}]}}, "/destination: Should exist"),
        ({"Settings": {"Inputs": [{"FileInput": UNENCODED}] * 2}}, "Stitching"),
        (
            {
                "JobTemplate": "",
                "Settings": {"OutputGroups": [{"Outputs": [{}]}], "Inputs": [{"FileInput": UNENCODED}]},
            },
            "/outputGroups/0/outputGroupSettings/type",
        ),
    ],
)
def test_an_invalid_request_is_refused_by_name(lab: Laboratory, changes: dict[str, Any], complaint: str) -> None:
    """A 400 says where the request is wrong."""
    assert complaint in _refusal(lab, **lab.job_request(UNENCODED, "bad/", **changes))


def test_another_group_type_is_refused_by_name(lab: Laboratory) -> None:
    """What isn't emulated is never silently left out."""
    group = {"OutputGroupSettings": {"Type": "CMAF_GROUP_SETTINGS"}, "Outputs": [{"NameModifier": "_a"}]}
    settings = {"Inputs": [{"FileInput": UNENCODED}], "OutputGroups": [group]}

    assert "CMAF_GROUP_SETTINGS is not emulated" in _refusal(lab, Role=ROLE, Settings=settings)


def test_a_missing_role_is_a_bad_request(lab: Laboratory) -> None:
    """The SDK checks it first; whoever doesn't use one hears it from the service."""
    answer = httpx.post(f"{lab.url}/2017-08-29/jobs", json={"settings": {}}, trust_env=False)

    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    assert answer.json() == {"message": "/role: Should exist"}


def test_what_is_not_there_is_not_found(lab: Laboratory) -> None:
    """Unknown jobs, templates and queues raise the modelled exception."""
    for call in (
        lambda: lab.mediaconvert.get_job(Id="1-abcdef"),
        lambda: lab.mediaconvert.cancel_job(Id="1-abcdef"),
        lambda: lab.mediaconvert.get_job_template(Name="none"),
        lambda: lab.mediaconvert.get_queue(Name="none"),
        lambda: lab.create(UNENCODED, "x/", JobTemplate="none"),
        lambda: lab.create(UNENCODED, "x/", Queue="none"),
    ):
        with pytest.raises(lab.mediaconvert.exceptions.NotFoundException):
            call()


def test_lists_come_in_pages_newest_first(lab: Laboratory, blocked: str) -> None:
    """Search and list page through all jobs once, by status, queue and part of the input's name."""
    made = [lab.create(f"s3://bucket/paged/{n}.mp4", "paged/") for n in range(5)]
    queue = lab.mediaconvert.get_queue(Name="Default")["Queue"]["Arn"]
    query: dict[str, Any] = {"InputFile": "bucket/paged/", "Status": "SUBMITTED", "Queue": queue, "MaxResults": 2}

    found: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = lab.mediaconvert.search_jobs(**query, **token)
        found += [job["Id"] for job in page["Jobs"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}

    assert found == made[::-1]
    assert [job["Id"] for job in lab.mediaconvert.list_jobs(MaxResults=5)["Jobs"]] == made[::-1]
    assert blocked not in found
    for job_id in made:
        lab.mediaconvert.cancel_job(Id=job_id)


def test_templates_live_their_life(lab: Laboratory) -> None:
    """Create, list, update, use by ARN, delete; a second of the same name is a conflict."""
    request = json.loads(TEMPLATE_FILE.read_text()) | {"Name": "second"}
    arn = lab.mediaconvert.create_job_template(**request)["JobTemplate"]["Arn"]
    with pytest.raises(lab.mediaconvert.exceptions.ConflictException):
        lab.mediaconvert.create_job_template(**request)
    lab.mediaconvert.update_job_template(Name="second", Priority=5)

    listed = [template["Name"] for template in lab.mediaconvert.list_job_templates()["JobTemplates"]]
    assert listed == [TEMPLATE, "second"]
    job = lab.job(lab.create(UNENCODED, "arn/", JobTemplate=arn))
    assert (job["Priority"], job["StatusUpdateInterval"]) == (5, "SECONDS_10")
    lab.mediaconvert.delete_job_template(Name="second")
    with pytest.raises(lab.mediaconvert.exceptions.NotFoundException):
        lab.mediaconvert.get_job_template(Name="second")


def test_the_endpoint_is_its_own(lab: Laboratory) -> None:
    """Old programs ask for their account's endpoint first; it is this one."""
    assert lab.mediaconvert.describe_endpoints()["Endpoints"] == [{"Url": lab.url}]
    assert [queue["Name"] for queue in lab.mediaconvert.list_queues()["Queues"]] == ["Default"]


def test_requests_can_be_made_to_fail(lab: Laboratory) -> None:
    """Told to, the next CreateJobs fail as an overloaded or broken MediaConvert would."""
    client = boto3.client("mediaconvert", endpoint_url=lab.url, config=Config(retries={"total_max_attempts": 1}))
    for status, name in ((429, "TooManyRequestsException"), (500, "InternalServerErrorException")):
        chaos = {"fail_create_job": {"count": 1, "status": status}}
        httpx.put(f"{lab.url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()
        with pytest.raises(ClientError) as failed:
            client.create_job(**lab.job_request(UNENCODED, "fail/"))
        assert failed.value.response["Error"]["Code"] == name
    assert httpx.get(f"{lab.url}/_emulator/chaos", trust_env=False).json()["fail_create_job"]["count"] == 0
    assert client.create_job(**lab.job_request(UNENCODED, "fail/"))["Job"]["Status"] == "SUBMITTED"


def test_what_the_api_has_beyond_is_refused(lab: Laboratory) -> None:
    """An operation that isn't emulated is a clear 400."""
    with pytest.raises(lab.mediaconvert.exceptions.BadRequestException, match="not emulated"):
        lab.mediaconvert.list_presets()


AWS_CLI = ROOT / ".venv-aws" / "bin" / "aws"


@pytest.mark.skipif(not AWS_CLI.exists(), reason="the AWS CLI is installed beside the embedded AWS (make setup) only")
def test_the_aws_cli_works_with_it(lab: Laboratory, tmp_path: Path) -> None:
    """create-job from a file, get-job, and a clean error."""
    request = tmp_path / "job.json"
    request.write_text(json.dumps(lab.job_request(UNENCODED, "cli/", UserMetadata={"id": "a/b+c=d"})))

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(AWS_CLI), "--endpoint-url", lab.url, "--output", "json", "mediaconvert", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=30)

    made = json.loads(run("create-job", "--cli-input-json", f"file://{request}").stdout)["Job"]
    shown = json.loads(run("get-job", "--id", made["Id"]).stdout)["Job"]
    assert (shown["Id"], shown["UserMetadata"]) == (made["Id"], {"id": "a/b+c=d"})
    assert "(NotFoundException) when calling the GetJob" in run("get-job", "--id", "none").stderr


def test_old_finished_jobs_are_forgotten(aws_endpoint: str) -> None:
    """Memory is bounded: only so many finished jobs are known."""
    with laboratory(aws_endpoint, finished_jobs_kept=2) as lab:
        made = []
        for _ in range(4):
            made.append(lab.create(UNENCODED, "old/"))
            lab.finished(made[-1])
            time.sleep(0.002)  # ids begin with the millisecond
        known = [job["Id"] for job in lab.mediaconvert.list_jobs()["Jobs"]]
    assert known == made[:0:-1]
