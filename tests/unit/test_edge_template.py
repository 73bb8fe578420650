"""What edge.yaml and fargate.yaml say of the program is true of it."""

import asyncio
import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from service.api import page
from service.app import create_app
from service.server import configuration
from service.settings import ServiceSettings
from worker.settings import WorkerSettings

UPLOADS = "uploads/"
NOT_OURS = {"FORWARDED_ALLOW_IPS", "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""uvicorn's own, and OpenTelemetry's."""


async def _nothing(*_: object) -> None:
    """What is neither received nor sent."""


def resources(name: str) -> dict[str, Any]:
    """The resources of a template."""
    return dict(templates.parse((ROOT / "infra" / name).read_text(encoding="utf-8"))["Resources"])


def origin_of(path: str) -> str:
    """Where the distribution takes this path: to the page, the videos or the API."""
    config = resources("edge.yaml")["Distribution"]["Properties"]["DistributionConfig"]
    for behaviour in config["CacheBehaviors"]:
        pattern = behaviour["PathPattern"]
        text = pattern if isinstance(pattern, str) else pattern["Fn::Sub"][0].replace("${UploadPrefix}", UPLOADS)
        if re.fullmatch(re.escape(text).replace(r"\*", ".*"), path):
            return str(behaviour["TargetOriginId"])
    return str(config["DefaultCacheBehavior"]["TargetOriginId"])


def api_paths() -> list[str]:
    """A path of each route of the API, its documentation included."""
    settings = ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", web_dir=ROOT / "none")
    app = create_app(settings)
    paths = [re.sub(r"\{[^}]+\}", "1-a", path) for path in app.openapi()["paths"]]
    return [*paths, "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/static-offline-docs/swagger-ui.css"]


@pytest.mark.parametrize("path", api_paths())
def test_every_route_of_the_api_leads_to_the_api(path: str) -> None:
    """Read from the application, so that no new route is forgotten."""
    assert origin_of(path) == "api"


def test_no_upload_prefix_hides_a_route_or_the_page() -> None:
    """The distribution takes what lies under the prefix to the videos, before it looks for anything else."""
    pattern = templates.parse((ROOT / "infra" / "pipeline.yaml").read_text())["Parameters"]["UploadPrefix"][
        "AllowedPattern"
    ]
    assert all(re.search(pattern, prefix) for prefix in (UPLOADS, "a/b/", "jobs-in/", "x/jobs/"))
    folders = {path.split("/")[1] for path in [*api_paths(), "/assets/page.js"] if path.count("/") > 1}
    assert not [folder for folder in folders if re.search(pattern, f"{folder}/") or re.search(pattern, f"{folder}/a/")]


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/", "page"),
        ("/index.html", "page"),
        ("/config.js", "page"),
        ("/assets/index-D6a35TnA.js", "page"),
        ("/favicon.svg", "page"),
        ("/uploads/6f1c/clip.mp4_1/clip.m3u8", "videos"),
        ("/uploads/6f1c/clip.mp4_1/clip.key", "videos"),
    ],
)
def test_the_page_and_the_videos_are_no_routes(path: str, origin: str) -> None:
    """`POST /uploads` is the API's; what lies below is a video's."""
    assert origin_of(path) == origin


def test_no_more_behaviours_than_a_distribution_may_have() -> None:
    """Twenty-five, unless AWS is asked for more."""
    config = resources("edge.yaml")["Distribution"]["Properties"]["DistributionConfig"]
    assert len(config["CacheBehaviors"]) <= 25


def test_the_page_has_the_policy_that_the_service_gives_it() -> None:
    """What the page may load is the same wherever it comes from."""
    headers = resources("edge.yaml")["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    policy = headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy.split() == page.CONTENT_SECURITY_POLICY.split()


@pytest.mark.parametrize(("task", "settings"), [("ServiceTask", ServiceSettings), ("WorkerTask", WorkerSettings)])
def test_a_task_is_told_what_its_process_needs_and_nothing_it_does_not_know(task: str, settings: type[Any]) -> None:
    """No misspelt setting, and none missing that has no default."""
    (container,) = resources("fargate.yaml")[task]["Properties"]["ContainerDefinitions"]
    told = {each["Name"] for each in container["Environment"]} - NOT_OURS
    fields = {name.upper(): field for name, field in settings.model_fields.items()}
    assert told <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= told


def test_the_service_keeps_a_connection_longer_than_the_load_balancer_does() -> None:
    """Else it closes one just when a request is on its way, which the load balancer answers with 502."""
    attributes = resources("fargate.yaml")["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    idle_s = next(int(each["Value"]) for each in attributes if each.get("Key") == "idle_timeout.timeout_seconds")
    settings = ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", web_dir=ROOT / "none")
    assert configuration(create_app(settings), settings).timeout_keep_alive > idle_s


def test_nobody_but_the_load_balancer_says_who_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's address is the last hop that is not in the VPC; what a client makes up stands before that one."""
    (container,) = resources("fargate.yaml")["ServiceTask"]["Properties"]["ContainerDefinitions"]
    (trusted,) = [each for each in container["Environment"] if each["Name"] == "FORWARDED_ALLOW_IPS"]
    assert trusted["Value"] == {"Ref": "VpcCidr"}
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.71.0.0/16")
    settings = ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", web_dir=ROOT / "none")
    seen: list[object] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["client"][0])

    config = configuration(FastAPI(), settings)
    forwarded = (b"x-forwarded-for", b"6.6.6.6, 203.0.113.9, 10.71.200.4")
    scope: Scope = {"type": "http", "client": ("10.71.3.4", 1), "headers": [forwarded], "scheme": "http"}
    asyncio.run(ProxyHeadersMiddleware(app, trusted_hosts=config.forwarded_allow_ips)(scope, _nothing, _nothing))  # type: ignore[arg-type]
    assert seen == ["203.0.113.9"]


@pytest.mark.parametrize("task", ["ServiceTask", "WorkerTask"])
def test_a_task_can_do_little_but_run(task: str) -> None:
    """No root, no capability, nothing to write to but /tmp, thirty seconds to end, and somebody who looks after it."""
    (container,) = resources("fargate.yaml")[task]["Properties"]["ContainerDefinitions"]
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]  # noqa: S108 -- the container's
    assert container["StopTimeout"] == 30
    assert container["HealthCheck"]["Command"][0] == "CMD"
    assert not container.get("Secrets")
