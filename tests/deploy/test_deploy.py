"""`make deploy` and `make destroy`, with every template that the embedded AWS can run.

The embedded AWS can't run `mediaconvert.yaml` (it lacks MediaConvert's resource types) and `alarms.yaml` (no metric
math). It creates CloudFront's resources, but doesn't serve requests to them. The fixtures work around its other
differences from AWS. It enforces the functions' roles, so a missing permission fails a test here.
"""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.demo_clip import make_clip
from tests.deploy.deployments import Deploy, Deployment, poll_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")


def test_the_first_run_creates_every_stack_and_prints_the_addresses(deployment: Deployment) -> None:
    """The functions get the edge's address and the right to clear its caches, although the edge is created later."""
    first, name = deployment.first, deployment.name
    assert [first.outcomes[each] for each in (name, f"{name}-edge")] == ["created"] * 2
    for stack in (f"{name}-permissions", f"{name}-lambda"):
        assert [line.split()[1] for line in first.lines if line.startswith(f"{stack} ")] == ["created", "updated"]
    assert first.addresses["playback"] == deployment.outputs("edge")["PlaybackBaseUrl"]
    assert first.addresses["API"] == first.addresses["page"]
    assert first.lines[-1].startswith("access is open")


def test_the_apis_own_url_refuses_requests_that_avoid_cloudfront(api: httpx.Client) -> None:
    """The function requires the secret that the distribution sends, from the end of the first run on."""
    del api.headers["X-Origin-Secret"]
    response = api.get("/jobs/1-a")
    assert (response.status_code, response.json()["code"]) == (403, "direct_access_refused")
    assert api.get("/healthz").status_code == 200


def test_a_second_run_changes_nothing(deployment: Deployment, deploy: Deploy) -> None:
    """Parameters keep their values, so they need not be given again."""
    second = deploy(*[each for each in deployment.options if "=" not in each and each not in {"--set", "--tag"}])
    assert (second.code, second.errors) == (0, "")
    assert set(second.outcomes.values()) == {"unchanged"}
    assert second.addresses == deployment.first.addresses


def test_the_worker_reserves_the_executions_of_its_event_sources(deployment: Deployment) -> None:
    """Maximum concurrency alone reserves nothing. The embedded AWS allows 1000 executions, and ignores reservations."""
    parameters = deployment.parameters("lambda")
    reserved = 8 if parameters["Webhook1Url"] else 6  # another module of these tests may have added an endpoint
    assert (parameters["Concurrency"], int(parameters["WorkerReservedConcurrency"])) == ("ample", reserved)


def test_a_value_that_other_stacks_import_can_not_be_changed(deployment: Deployment, deploy: Deploy) -> None:
    """The command names it, and changes nothing."""
    refused = deploy(*deployment.options, "--set", "UploadPrefix=in/")
    assert (refused.code, len(refused.errors.splitlines())) == (1, 1)
    assert refused.errors.startswith("deploy: UploadPrefix can't change from 'uploads/' to 'in/'")
    assert len(refused.lines) == 1


def test_an_upload_is_transcoded_and_its_playlist_is_stored(
    deployment: Deployment, api: httpx.Client, tmp_path: Path
) -> None:
    """API, queues, functions, MediaConvert and tables work together as the templates connect them."""
    video = tmp_path / "clip.mp4"
    make_clip(video, duration_s=2, size="320x180")
    body = video.read_bytes()
    fields = {"file_name": "clip.mp4", "content_type": "video/mp4", "size_bytes": len(body)}
    upload = api.post("/uploads", json=fields).raise_for_status().json()
    httpx.put(upload["url"], headers=upload["headers"], content=body, trust_env=False).raise_for_status()
    job = poll_until(
        lambda: api.get("/jobs", params={"input_file": upload["input_file"]}).raise_for_status().json(),
        lambda job: job["status"] in {"COMPLETE", "ERROR"},
        deadline_s=120,  # cold starts dominate: each starts a process on a small machine
    )
    assert job["status"] == "COMPLETE", (job, deployment.log("worker"))
    key = job["output"]["playback_url"].removeprefix(f"{deployment.outputs('edge')['PlaybackBaseUrl']}/")
    bucket = deployment.outputs()["OutputBucket"]
    assert deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().startswith(b"#EXTM3U")


def test_the_schedule_invokes_reconciliation(deployment: Deployment) -> None:
    """The schedule's target is the reconciliation function, and an invocation of it succeeds."""
    (target,) = [
        each["Target"]["Arn"]
        for each in schedules(deployment)
        if deployment.outputs("lambda")["ReconcileFunction"] in each["Target"]["Arn"]
    ]
    response = deployment.client("lambda").invoke(FunctionName=target, Payload=b"{}")
    assert json.loads(response["Payload"].read())["unmended"] == 0


def schedules(deployment: Deployment) -> list[Any]:
    """Return every schedule with its target."""
    client = deployment.client("scheduler")
    return [client.get_schedule(Name=each["Name"]) for each in client.list_schedules()["Schedules"]]


def test_event_streams_return_501_on_lambda(api: httpx.Client) -> None:
    """API Gateway buffers complete responses, so the page polls instead."""
    response = api.get("/events", params={"job_id": "1-abc"})
    assert (response.status_code, response.json()["code"]) == (501, "streaming_unavailable")


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (("--target", "moon"), {}, "TARGET is lambda or fargate"),
        (("--target", "lambda", "--set", "AuthIsuer=x"), {}, "no template has a parameter AuthIsuer; AuthIssuer?"),
        (("--target", "lambda", "--without", "pipeline"), {}, "pipeline: only mediaconvert, edge and alarms"),
        (
            ("--target", "lambda"),
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "AWS can't be reached: check the network, and whether REGION is a region of AWS",
        ),
        (
            ("--target", "lambda"),
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "HOME": "/nonexistent"},
            "no AWS credentials",
        ),
        (
            ("--target", "lambda"),
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": None, "HOME": "/nonexistent"},
            "no region: give one as REGION=eu-west-1",
        ),
    ],
)
def test_an_error_is_reported_in_one_line(
    deploy: Deploy, arguments: tuple[str, ...], environment: dict[str, str | None], reason: str
) -> None:
    """The command fails before it changes anything."""
    result = deploy("up", "--stack", "never", "--open", *arguments, environment=environment)
    assert result.code == 1
    assert result.errors.startswith(f"deploy: {reason}")
    assert len(result.errors.splitlines()) == 1


@pytest.mark.parametrize("answer", ["", "\n", "yes\n"])
def test_a_destruction_without_the_deployments_name_deletes_nothing(
    deployment: Deployment, deploy: Deploy, answer: str
) -> None:
    """An empty answer, another answer and a missing terminal all cancel it."""
    result = deploy("down", "--stack", deployment.name, answer=answer)
    assert (result.code, result.errors) == (1, "deploy: nothing was deleted")
    assert deployment.outputs()["InputBucket"]


def test_destroying_a_missing_deployment_is_not_an_error(deploy: Deploy) -> None:
    """An interrupted destruction can be repeated until everything is deleted."""
    result = deploy("down", "--stack", f"no-{uuid.uuid4().hex[:8]}")
    assert (result.code, result.lines[0][:11]) == (0, "there is no")


def test_hashed_page_files_are_cached_for_a_year_and_the_page_is_revalidated(deployment: Deployment) -> None:
    """The Cache-Control header is stored with each object."""
    bucket = deployment.outputs("edge")["PageBucket"]
    s3 = deployment.client("s3")
    cache_control = {
        key: s3.head_object(Bucket=bucket, Key=key)["CacheControl"] for key in ("index.html", "assets/index-1a2b.js")
    }
    assert cache_control == {"index.html": "no-cache", "assets/index-1a2b.js": "public, max-age=31536000, immutable"}
