"""`make deploy` and `make destroy`, on everything that the embedded AWS can run of the templates.

It can't run `mediaconvert.yaml` (it knows no resources of MediaConvert's) and `alarms.yaml` (no metric math), and of
CloudFront has the resources, but nobody who answers. What else it does otherwise than AWS, the fixtures mend. It holds
the functions to their roles: whatever the policies lack, fails here.
"""

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.demo_clip import make_clip
from tests.deploy.conftest import Deploy, Deployment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")


@pytest.fixture
def api(deployment: Deployment) -> Iterator[httpx.Client]:
    """The deployed API; the embedded AWS tells its APIs apart by their host names, which no resolver knows."""
    address = deployment.outputs("lambda")["ApiUrl"]
    headers = {"Host": urlsplit(address).netloc}
    with httpx.Client(base_url=deployment.endpoint_url, headers=headers, trust_env=False, timeout=60) as opened:
        yield opened


def eventually(look: Callable[[], Any], is_there: Callable[[Any], bool], *, deadline_s: float) -> Any:  # noqa: ANN401
    """What is looked at, once it is as it should be, or when the deadline has passed."""
    end = time.monotonic() + deadline_s
    while not is_there(seen := look()) and time.monotonic() < end:
        time.sleep(0.2)
    return seen


def test_the_first_run_makes_every_stack_and_tells_the_addresses(deployment: Deployment) -> None:
    """The functions are told the edge's address, which is made after them, in the same run."""
    first, name = deployment.first, deployment.name
    assert [first.outcomes[each] for each in (name, f"{name}-permissions", f"{name}-edge")] == ["created"] * 3
    assert [line.split()[1] for line in first.lines if line.startswith(f"{name}-lambda ")] == ["created", "updated"]
    assert first.addresses["playback"] == deployment.outputs("edge")["PlaybackBaseUrl"]
    assert first.addresses["API"] == first.addresses["page"]
    assert first.lines[-1].startswith("access is open")


def test_a_second_run_changes_nothing(deployment: Deployment, deploy: Deploy) -> None:
    """What was given once need not be given again."""
    again = deploy(*[each for each in deployment.options if "=" not in each and each != "--set"])
    assert (again.code, again.errors) == (0, "")
    assert set(again.outcomes.values()) == {"unchanged"}
    assert again.addresses == deployment.first.addresses


def test_an_upload_plays_in_the_end(deployment: Deployment, api: httpx.Client, tmp_path: Path) -> None:
    """API, queues, functions, MediaConvert and tables, as the templates put them together."""
    video = tmp_path / "clip.mp4"
    make_clip(video, duration_s=2, size="320x180")
    body = video.read_bytes()
    asked = {"file_name": "clip.mp4", "content_type": "video/mp4", "size_bytes": len(body)}
    upload = api.post("/uploads", json=asked).raise_for_status().json()
    httpx.put(upload["url"], headers=upload["headers"], content=body, trust_env=False).raise_for_status()
    job = eventually(
        lambda: api.get("/jobs", params={"input_file": upload["input_file"]}).raise_for_status().json(),
        lambda job: job["status"] in {"COMPLETE", "ERROR"},
        deadline_s=120,  # of which most are cold starts: a process each, on two processors
    )
    assert job["status"] == "COMPLETE", (job, deployment.log("worker"))
    key = job["output"]["playback_url"].removeprefix(f"{deployment.outputs('edge')['PlaybackBaseUrl']}/")
    bucket = deployment.outputs()["OutputBucket"]
    assert deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().startswith(b"#EXTM3U")


def test_the_schedule_invokes_reconciliation(deployment: Deployment) -> None:
    """What the schedule names is the function, and the function does its work."""
    (target,) = [
        each["Target"]["Arn"]
        for each in schedules(deployment)
        if deployment.outputs("lambda")["ReconcileFunction"] in each["Target"]["Arn"]
    ]
    answer = deployment.client("lambda").invoke(FunctionName=target, Payload=b"{}")
    assert json.loads(answer["Payload"].read())["unmended"] == 0


def schedules(deployment: Deployment) -> list[Any]:
    """Every schedule that there is, with its target."""
    client = deployment.client("scheduler")
    return [client.get_schedule(Name=each["Name"]) for each in client.list_schedules()["Schedules"]]


def test_streams_are_refused_there_with_what_to_do_instead(api: httpx.Client) -> None:
    """API Gateway hands answers over whole; the page polls."""
    answer = api.get("/events", params={"job_id": "1-abc"})
    assert (answer.status_code, answer.json()["code"]) == (501, "streaming_unavailable")


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (("--target", "moon"), {}, "TARGET is lambda or fargate"),
        (("--target", "lambda", "--set", "AuthIsuer=x"), {}, "no template has a parameter AuthIsuer; AuthIssuer?"),
        (("--target", "lambda", "--without", "pipeline"), {}, "pipeline: only mediaconvert, edge and alarms"),
        (
            ("--target", "lambda"),
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "AWS refuses your credentials, or can't be reached",
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
def test_what_goes_wrong_is_told_in_one_line(
    aws_endpoint: str, deploy: Deploy, arguments: tuple[str, ...], environment: dict[str, str | None], reason: str
) -> None:
    """And before anything is changed."""
    told = deploy("up", "--stack", "never", *arguments, environment={"AWS_ENDPOINT_URL": aws_endpoint, **environment})
    assert told.code == 1
    assert told.errors.startswith(f"deploy: {reason}")
    assert len(told.errors.splitlines()) == 1


@pytest.mark.parametrize("answer", ["", "\n", "yes\n"])
def test_a_destruction_wants_the_name_again(deployment: Deployment, deploy: Deploy, answer: str) -> None:
    """Whoever presses return too fast loses nothing, nor whoever has no terminal."""
    told = deploy("down", "--stack", deployment.name, answer=answer)
    assert (told.code, told.errors) == (1, "deploy: nothing was deleted")
    assert deployment.outputs()["InputBucket"]


def test_there_is_nothing_to_destroy_of_what_never_was(aws_endpoint: str, deploy: Deploy) -> None:
    """That is no error: a destruction that was interrupted is done again until all is gone."""
    told = deploy("down", "--stack", f"no-{uuid.uuid4().hex[:8]}", environment={"AWS_ENDPOINT_URL": aws_endpoint})
    assert (told.code, told.lines[0][:11]) == (0, "there is no")


def test_the_page_says_how_long_browsers_may_keep_it(deployment: Deployment) -> None:
    """For ever what changes its name with its content; the rest is asked for anew."""
    bucket = deployment.outputs("edge")["PageBucket"]
    s3 = deployment.client("s3")
    kept = {
        key: s3.head_object(Bucket=bucket, Key=key)["CacheControl"] for key in ("index.html", "assets/index-1a2b.js")
    }
    assert kept == {"index.html": "no-cache", "assets/index-1a2b.js": "public, max-age=31536000, immutable"}
