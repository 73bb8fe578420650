"""edge.yaml and fargate.yaml agree with the program."""

import asyncio
import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from local import cloudformation_template as templates
from local.cloudformation_template import parse
from local.cloudformation_values import PSEUDO_PARAMETERS, Values
from local.embedded_aws import ROOT
from service.app import create_app
from service.server import configuration
from service.settings import ServiceSettings
from service.views.page_policy import content_security_policy, upload_sources
from tests.unit.template_resources import resources
from worker.settings import WorkerSettings

UPLOADS = "uploads/"
VARIABLES_OF_LIBRARIES = {"FORWARDED_ALLOW_IPS", "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Variables that uvicorn and OpenTelemetry read, not the program's settings."""


async def _unused(*_: object) -> None:
    """Take the place of an ASGI `receive` and `send` that are never called."""


def origin_of(path: str) -> str:
    """Return the origin that the distribution sends a path to: the page, the videos or the API."""
    config = resources("edge.yaml")["Distribution"]["Properties"]["DistributionConfig"]
    for behaviour in config["CacheBehaviors"]:
        pattern = behaviour["PathPattern"]
        text = pattern if isinstance(pattern, str) else pattern["Fn::Sub"][0].replace("${UploadPrefix}", UPLOADS)
        if re.fullmatch(re.escape(text).replace(r"\*", ".*"), path):
            return str(behaviour["TargetOriginId"])
    return str(config["DefaultCacheBehavior"]["TargetOriginId"])


def api_paths() -> list[str]:
    """Return an example path for each route of the API, including its documentation."""
    description = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    paths = [re.sub(r"\{[^}]+\}", "1-a", path) for path in description["paths"]]
    return [*paths, "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/static-offline-docs/swagger-ui.css"]


@pytest.mark.parametrize("path", api_paths())
def test_every_api_route_is_sent_to_the_api(path: str) -> None:
    """The paths are those of docs/openapi.json, which another test compares with the application."""
    assert origin_of(path) == "api"


def test_the_upload_prefix_can_not_hide_a_route_or_the_page() -> None:
    """The distribution sends paths under the upload prefix to the videos before it matches any other path."""
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
def test_page_and_video_paths_are_not_sent_to_the_api(path: str, origin: str) -> None:
    """`POST /uploads` belongs to the API, and paths below /uploads/ belong to videos."""
    assert origin_of(path) == origin


def test_the_distribution_has_at_most_25_cache_behaviors() -> None:
    """CloudFront's default quota is 25."""
    config = resources("edge.yaml")["Distribution"]["Properties"]["DistributionConfig"]
    assert len(config["CacheBehaviors"]) <= 25


@pytest.mark.parametrize(
    ("parameters", "connect"),
    [
        ({}, []),
        ({"AuthIssuer": "https://id.example:8443/realms/a/"}, ["https://id.example:8443"]),
        ({"AuthIssuer": "https://id.example"}, ["https://id.example"]),
        (
            {"AuthIssuer": "https://id.example/a", "PageConnectSources": ["https://a.example", "https://b.example"]},
            ["https://id.example", "https://a.example", "https://b.example"],
        ),
    ],
)
def test_cloudfront_and_the_service_send_the_same_content_security_policy(
    parameters: dict[str, Any], connect: list[str]
) -> None:
    """The page may load the same things from both: CloudFront's playback is the page's own address."""
    template = parse((ROOT / "infra" / "edge.yaml").read_text(encoding="utf-8"))
    values = Values(template, parameters, imports={"mediaconvert-status-InputBucket": "clips-in"})
    headers = values.of(template["Resources"]["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"])
    policy = headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    uploads = upload_sources(bucket="clips-in", region=PSEUDO_PARAMETERS["AWS::Region"], endpoint_url=None)
    expected = content_security_policy(connect=[*uploads, *connect], media=[])
    assert [each.split() for each in policy.split(";")] == [each.split() for each in expected.split(";")]


@pytest.mark.parametrize(("task", "settings"), [("ServiceTask", ServiceSettings), ("WorkerTask", WorkerSettings)])
def test_a_task_sets_every_required_setting_and_no_unknown_one(task: str, settings: type[Any]) -> None:
    """A misspelt variable or a missing required one fails this test."""
    (container,) = resources("fargate.yaml")[task]["Properties"]["ContainerDefinitions"]
    variables = {each["Name"] for each in container["Environment"]} - VARIABLES_OF_LIBRARIES
    fields = {name.upper(): field for name, field in settings.model_fields.items()}
    assert variables <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= variables


def test_the_services_keep_alive_is_longer_than_the_load_balancers_idle_timeout() -> None:
    """Otherwise the service could close a connection that a request is on, and the load balancer would return 502."""
    attributes = resources("fargate.yaml")["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    idle_s = next(int(each["Value"]) for each in attributes if each.get("Key") == "idle_timeout.timeout_seconds")
    settings = ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", web_dir=ROOT / "none")
    assert configuration(create_app(settings), settings).timeout_keep_alive > idle_s


def test_the_client_address_is_the_last_hop_outside_the_vpc() -> None:
    """A client can forge earlier entries of X-Forwarded-For, but not the one that the load balancer appends."""
    (container,) = resources("fargate.yaml")["ServiceTask"]["Properties"]["ContainerDefinitions"]
    (trusted,) = [each for each in container["Environment"] if each["Name"] == "FORWARDED_ALLOW_IPS"]
    assert trusted["Value"] == {"Ref": "VpcCidr"}
    variables = {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", "FORWARDED_ALLOW_IPS": "10.71.0.0/16"}
    settings = ServiceSettings.from_environment(variables)
    seen: list[object] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["client"][0])

    config = configuration(FastAPI(), settings)
    forwarded = (b"x-forwarded-for", b"6.6.6.6, 203.0.113.9, 10.71.200.4")
    scope: Scope = {"type": "http", "client": ("10.71.3.4", 1), "headers": [forwarded], "scheme": "http"}
    asyncio.run(ProxyHeadersMiddleware(app, trusted_hosts=config.forwarded_allow_ips)(scope, _unused, _unused))  # type: ignore[arg-type]
    assert seen == ["203.0.113.9"]


@pytest.mark.parametrize("task", ["ServiceTask", "WorkerTask"])
def test_a_task_runs_with_minimal_privileges_and_a_health_check(task: str) -> None:
    """The container has no root, no capabilities, only /tmp to write to, and 30 seconds to stop."""
    (container,) = resources("fargate.yaml")[task]["Properties"]["ContainerDefinitions"]
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]  # noqa: S108 -- a path in the container
    assert container["StopTimeout"] == 30
    assert container["HealthCheck"]["Command"][0] == "CMD"
    assert not container.get("Secrets")
