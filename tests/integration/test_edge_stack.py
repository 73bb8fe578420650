"""fargate.yaml and edge.yaml on the embedded AWS, which serves a distribution's URL: routes, headers, policies.

The embedded AWS has no Application Auto Scaling, and in CloudFormation no VPC origins, key groups, or security group
rules as resources; the test leaves them out. It serves CloudFront without caches and signed cookies, which
local/playback_server.py has.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from local.cloudformation_template import environment_name, parse
from local.embedded_aws import ROOT
from local.provision import Stack

pytestmark = pytest.mark.localstack_cannot("its free edition has neither CloudFront nor load balancers")

LACKING = (
    "AWS::ApplicationAutoScaling::",
    "AWS::CloudFront::KeyGroup",
    "AWS::CloudFront::PublicKey",
    "AWS::CloudFront::VpcOrigin",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
)
MEDIACONVERT = (
    "MediaConvertRoleArn",
    "MediaConvertQueueArn",
    "MediaConvertJobTemplateArns",
    "MediaConvertJobTemplates",
)
MADE_WITHIN_S = 60
SECRET = b"secret"
FOLDER = "uploads/6f1c/clip.mp4_1/"

FARGATE_PARAMETERS = {
    "ServiceImage": "registry/service:1",
    "WorkerImage": "registry/worker:1",
    "AvailabilityZones": "us-east-1a,us-east-1b",
}
"""The parameters of infra/fargate.yaml without a default."""


class _Echo(BaseHTTPRequestHandler):
    """An API that returns the method, path and headers of the request."""

    def _echo(self) -> None:
        body = json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _echo  # noqa: N815 -- the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name in the base class
        """Log nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The stacks, and an HTTP client at the distribution's URL."""

    browser: httpx.Client
    client: Callable[[str], Any]
    resources: Mapping[str, str]
    """Physical ids of the resources of fargate.yaml, by their logical ids."""
    outputs: Mapping[str, str]


def embedded_aws_template(name: str, **changes: object) -> str:
    """Return a template as JSON, without the resources that the embedded AWS lacks, and with parameters as numbers."""
    template = parse((ROOT / "infra" / f"{name}.yaml").read_text(encoding="utf-8"))
    lacking = {key for key, each in template["Resources"].items() if each["Type"].startswith(LACKING)}
    kept: dict[str, Any] = {key: each for key, each in template["Resources"].items() if key not in lacking}
    for each in kept.values():
        dependencies = each.get("DependsOn", [])
        each["DependsOn"] = [
            one for one in ([dependencies] if isinstance(dependencies, str) else dependencies) if one not in lacking
        ]
    outputs = {key: each for key, each in template["Outputs"].items() if not any(one in str(each) for one in lacking)}
    text = json.dumps({**template, "Resources": kept, "Outputs": outputs, **changes})
    return text.replace('{"Ref": "WorkerOnDemandTasks"}', "0")


def mediaconvert_exports(prefix: str) -> str:
    """Return a template with the exports of mediaconvert.yaml, whose resources the embedded AWS lacks."""
    arn = "arn:aws:mediaconvert:us-east-1:000000000000"
    outputs = {each: {"Value": f"{arn}:{each}", "Export": {"Name": f"{prefix}-{each}"}} for each in MEDIACONVERT}
    return json.dumps({"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs})


@pytest.fixture(scope="module")
def stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """A pipeline of its own, because the edge writes the policy of its output bucket."""
    return deploy_stack()


@pytest.fixture(scope="module")
def make(stack: Stack) -> Callable[..., Mapping[str, str]]:
    """Deploys a stack beside the pipeline, and returns its outputs as settings."""
    prefix = stack.status_table.removesuffix("-StatusTable")
    cloudformation = boto3.client("cloudformation", endpoint_url=stack.endpoint_url)

    def _make(role: str, template: str, **parameters: str) -> Mapping[str, str]:
        name, known = f"{prefix}-{role}", {"StackPrefix": prefix} if "StackPrefix" in template else {}
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in {**known, **parameters}.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        deadline = time.monotonic() + MADE_WITHIN_S
        while (made := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [each["ResourceStatusReason"] for each in events if "ResourceStatusReason" in each]
        assert made["StackStatus"] == "CREATE_COMPLETE", reasons
        return {environment_name(each["OutputKey"]): each["OutputValue"] for each in made.get("Outputs", [])}

    return _make


@pytest.fixture(scope="module")
def deployed(stack: Stack, make: Callable[..., Mapping[str, str]]) -> Iterator[Deployed]:
    """All stacks from the permissions to the edge; behind the load balancer, an API that returns its requests."""
    prefix = stack.status_table.removesuffix("-StatusTable")

    def client(service: str) -> Any:  # noqa: ANN401 -- of any service
        return boto3.client(service, endpoint_url=stack.endpoint_url)

    make("mediaconvert", mediaconvert_exports(prefix))
    make("permissions", embedded_aws_template("permissions"))
    fargate = make("fargate", embedded_aws_template("fargate"), **FARGATE_PARAMETERS)
    listed = client("cloudformation").describe_stack_resources(StackName=f"{prefix}-fargate")["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    # The embedded AWS can't use the VPC origin, so the distribution reaches the load balancer by its name.
    edge = make(
        "edge",
        embedded_aws_template("edge", Rules={}),
        ApiOriginDomain=fargate["API_ORIGIN_DOMAIN"],
        ApiOriginProtocol="http-only",
    )
    s3 = client("s3")
    s3.put_object(Bucket=edge["PAGE_BUCKET"], Key="index.html", Body=b"<page>", ContentType="text/html")
    s3.put_object(Bucket=stack.output_bucket, Key=f"{FOLDER}clip.m3u8", Body=b"#EXTM3U")
    s3.put_object(Bucket=stack.output_bucket, Key=f"{FOLDER}clip.key", Body=bytes(16))
    s3.put_object(Bucket=stack.output_bucket, Key="elsewhere/clip.key", Body=SECRET)
    headers = {"Host": edge["DISTRIBUTION_DOMAIN_NAME"], "X-Forwarded-Proto": "https"}
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as echo,
        httpx.Client(base_url=stack.endpoint_url, headers=headers, trust_env=False, timeout=30) as browser,
    ):
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        client("elbv2").register_targets(
            TargetGroupArn=ids["TargetGroup"], Targets=[{"Id": "127.0.0.1", "Port": echo.server_port}]
        )
        yield Deployed(browser=browser, client=client, resources=ids, outputs={**fargate, **edge})
        echo.shutdown()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/jobs?input_file=a"), ("POST", "/uploads"), ("GET", "/events?job_id=1"), ("DELETE", "/s3/multipart/u")],
)
def test_the_api_gets_each_request_unchanged_and_uncached(deployed: Deployed, method: str, path: str) -> None:
    """CloudFront forwards method, path, query, all headers except Host, and playback's cookies; it caches nothing."""
    sent = {"Authorization": "Bearer t", "Last-Event-ID": "7", "Cookie": "CloudFront-Policy=p; other=1", "X-Any": "1"}
    response = deployed.browser.request(method, path, headers=sent)
    request = response.json()
    parsed = {name.lower(): value for name, value in request["headers"].items()}
    assert (request["method"], request["path"]) == (method, path)
    assert {"authorization": "Bearer t", "last-event-id": "7", "x-any": "1"}.items() <= parsed.items()
    assert parsed["cookie"] == "CloudFront-Policy=p"
    assert parsed["host"] != deployed.outputs["DISTRIBUTION_DOMAIN_NAME"]
    assert response.headers["strict-transport-security"] == "max-age=31536000"


def test_the_page_is_at_the_root_with_its_security_headers(deployed: Deployed) -> None:
    """The page is in a private bucket, which the distribution may read."""
    response = deployed.browser.get("/")
    assert (response.status_code, response.text) == (200, "<page>")
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert (response.headers["x-frame-options"], response.headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_videos_are_served_in_ranges_to_other_origins(deployed: Deployed) -> None:
    """Browsers may cache a segment for a day, but never a key."""
    sent = {"Range": "bytes=0-1", "Origin": "https://page.example"}
    playlist = deployed.browser.get(f"/{FOLDER}clip.m3u8", headers=sent)
    key = deployed.browser.get(f"/{FOLDER}clip.key", headers=sent)
    assert (playlist.status_code, playlist.content, playlist.headers["cache-control"]) == (
        206,
        b"#E",
        "public, max-age=86400",
    )
    assert (key.status_code, key.headers["cache-control"]) == (206, "no-store")
    assert playlist.headers["access-control-allow-origin"] == "*"


def test_only_the_output_of_jobs_is_served_from_the_output_bucket(deployed: Deployed, stack: Stack) -> None:
    """The distribution serves nothing outside the prefix and no list; the bucket serves nothing without it."""
    for path in ("/elsewhere/clip.key", "/uploads/", "/?list-type=2&prefix=elsewhere"):
        assert deployed.browser.get(path).status_code in {200, 403}
        assert SECRET not in deployed.browser.get(path).content
    assert httpx.get(f"{stack.endpoint_url}/{stack.output_bucket}/{FOLDER}clip.key").status_code == 403


def test_the_edge_refuses_writes_to_buckets(deployed: Deployed) -> None:
    """Only the API accepts methods that change something."""
    for path in ("/", f"/{FOLDER}clip.key"):
        assert deployed.browser.request("DELETE", path).status_code == 403
        assert deployed.browser.request("PUT", path, content=b"x").status_code == 403


def test_the_load_balancer_lets_streams_pass(deployed: Deployed) -> None:
    """Its idle timeout is longer than any silence of a stream; it drains requests and drops invalid headers."""
    balancers = deployed.client("elbv2")
    read = balancers.describe_load_balancer_attributes(LoadBalancerArn=deployed.resources["LoadBalancer"])
    attributes = {each["Key"]: each["Value"] for each in read["Attributes"]}
    assert attributes["idle_timeout.timeout_seconds"] == "120"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    (target,) = balancers.describe_target_groups(TargetGroupArns=[deployed.resources["TargetGroup"]])["TargetGroups"]
    assert (target["HealthCheckPath"], target["TargetType"]) == ("/healthz", "ip")
    (described,) = balancers.describe_load_balancers(LoadBalancerArns=[deployed.resources["LoadBalancer"]])[
        "LoadBalancers"
    ]
    assert described["Scheme"] == "internal"


@pytest.mark.parametrize(("role", "policy"), [("ServiceRole", "ServicePolicy"), ("WorkerRole", "WorkerPolicy")])
def test_a_process_has_its_own_policy_and_another_role_starts_it(deployed: Deployed, role: str, policy: str) -> None:
    """The execution role may write logs, and nothing that the code may do."""
    iam = deployed.client("iam")
    attached = iam.list_attached_role_policies(RoleName=deployed.resources[role])["AttachedPolicies"]
    assert [policy in each["PolicyArn"] for each in attached] == [True]
    assert iam.list_role_policies(RoleName=deployed.resources[role])["PolicyNames"] == []
    started = iam.get_role_policy(RoleName=deployed.resources["ExecutionRole"], PolicyName="start")["PolicyDocument"]
    actions = {action for each in started["Statement"] for action in each["Action"]}
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_a_failed_release_is_rolled_back(deployed: Deployed) -> None:
    """The worker also runs on spare capacity."""
    ecs = deployed.client("ecs")
    names = [deployed.outputs["SERVICE_NAME"], deployed.outputs["WORKER_NAME"]]
    service, worker = ecs.describe_services(cluster=deployed.outputs["CLUSTER_NAME"], services=names)["services"]
    for each in (service, worker):
        assert each["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert worker["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert task["containerDefinitions"][0]["readonlyRootFilesystem"] is True


@pytest.mark.parametrize(
    ("role", "parameters", "reason"),
    [
        (
            "edge",
            {"ApiOriginDomain": "a.example", "ApiOriginProtocol": "http-only"},
            "sent over a public network",
        ),
        ("edge", {"ApiOriginDomain": "a.example", "DomainName": "v.example"}, "Set both DomainName"),
        ("edge", {"ApiOriginDomain": "a.example", "PlaybackKeyInUse": "2"}, "which is empty"),
        ("fargate", {"LoadBalancerScheme": "internet-facing"}, "needs ApiCertificateArn"),
        ("fargate", {"AuthIssuer": "https://id.example"}, "Set both AuthIssuer"),
    ],
)
def test_unsafe_parameters_are_refused_before_a_resource_is_created(
    make: Callable[..., Mapping[str, str]], role: str, parameters: dict[str, str], reason: str
) -> None:
    """The rules of the templates refuse it."""
    images = FARGATE_PARAMETERS if role == "fargate" else {}
    with pytest.raises(ClientError, match=reason):
        make(f"refused-{uuid.uuid4().hex[:6]}", embedded_aws_template(role), **images, **parameters)
