"""Every template of `infra/`, in the order of a deployment, on a second CloudFormation: LocalStack's.

Its free edition lacks some resources (free_edition.py). The embedded AWS has others; `tests/deploy` deploys to it with
the command of `make deploy`.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aioboto3
import pytest

from local.cloudformation_template import parse
from local.embedded_aws import ROOT
from local.provision import Stack
from tests.integration.free_edition import without_missing_resources

pytestmark = pytest.mark.skipif(
    "TEST_AWS_ENDPOINT_URL" not in os.environ, reason="LocalStack's: the embedded AWS is deployed to in tests/deploy"
)

STACKS: Mapping[str, Mapping[str, str]] = {
    "mediaconvert": {},
    "permissions": {},
    "artifacts": {},
    "lambda": {"CodeBucket": "packages", "CodeKey": "lambda.zip"},
    "fargate": {
        "ServiceImage": "registry/service:1",
        "WorkerImage": "registry/worker:1",
        "WorkerMinTasks": "0",
        "AvailabilityZones": "us-east-1a,us-east-1b",
    },
    "firewall": {},
    "edge": {"ApiOriginDomain": "api.example"},
    "alarms": {
        "AlarmEmail": "a@example.com",
        "ServiceLogGroup": "/s",
        "WorkerLogGroup": "/w",
        "ServiceFunction": "s",
        "WorkerFunction": "w",
        "FailedJobPercent": "0",
    },
}
"""The templates in the order of deployment, each with its parameters that have no default or need another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The resources of a stack: their physical ids and their definitions, by logical id."""

    status: str
    reasons: list[str]
    resources: Mapping[str, str]
    definitions: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All stacks, by role, beside a pipeline of their own."""

    pipeline: Stack
    stacks: Mapping[str, Deployed]

    def ids(self, role: str) -> Mapping[str, str]:
        """Return the physical ids of one stack's resources."""
        return self.stacks[role].resources

    async def call(self, service: str, operation: str, **request: object) -> Any:  # noqa: ANN401 -- boto3's responses
        """Return LocalStack's response."""
        client: Any
        async with aioboto3.Session().client(service, endpoint_url=self.pipeline.endpoint_url) as client:  # type: ignore[call-overload]
            return await getattr(client, operation)(**request)


@pytest.fixture(scope="module")
def deployment(deploy_stack: Callable[..., Stack]) -> Deployment:
    """All stacks, for tests that only read them."""
    pipeline = deploy_stack()
    with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop
        stacks = thread.submit(asyncio.run, _deploy(pipeline)).result()
    return Deployment(pipeline=pipeline, stacks=stacks)


async def _deploy(pipeline: Stack) -> dict[str, Deployed]:
    prefix = pipeline.status_table.removesuffix("-StatusTable")
    async with aioboto3.Session().client("cloudformation", endpoint_url=pipeline.endpoint_url) as client:
        return {
            role: await _make(client, f"{prefix}-{role}", role, {"StackPrefix": prefix, **parameters})
            for role, parameters in STACKS.items()
        }


async def _make(client: Any, name: str, role: str, parameters: Mapping[str, str]) -> Deployed:  # noqa: ANN401
    template = without_missing_resources(parse((ROOT / "infra" / f"{role}.yaml").read_text(encoding="utf-8")))
    declared = [key for key in parameters if key in template["Parameters"]]
    await client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": parameters[key]} for key in declared],
        Capabilities=["CAPABILITY_IAM"],
    )
    status = await _settled(client, name)
    events = (await client.describe_stack_events(StackName=name))["StackEvents"]
    made = (await client.describe_stack_resources(StackName=name))["StackResources"]
    return Deployed(
        status=status,
        reasons=[each["ResourceStatusReason"] for each in events if each.get("ResourceStatusReason")],
        resources={each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in made},
        definitions=template["Resources"],
    )


async def _settled(client: Any, name: str) -> str:  # noqa: ANN401
    async with asyncio.timeout(60):
        while True:
            (described,) = (await client.describe_stacks(StackName=name))["Stacks"]
            status: str = described["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return status
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("role", STACKS)
def test_every_resource_is_created(deployment: Deployment, role: str) -> None:
    """All resources without a condition have a physical id."""
    stack = deployment.stacks[role]
    assert (stack.status, stack.reasons) == ("CREATE_COMPLETE", [])
    unconditional = {name for name, each in stack.definitions.items() if "Condition" not in each}
    assert unconditional <= set(stack.resources)
    assert not {"", "unknown"} & set(stack.resources.values())


@pytest.mark.parametrize("role", ["lambda", "fargate"])
@pytest.mark.parametrize("process", ["Service", "Worker"])
async def test_a_process_has_the_policy_of_its_kind_and_no_other(
    deployment: Deployment, role: str, process: str
) -> None:
    """On both targets."""
    name = deployment.ids(role)[f"{process}Role"]
    response = await deployment.call("iam", "list_attached_role_policies", RoleName=name)
    attached = [each["PolicyArn"] for each in response["AttachedPolicies"]]
    assert attached == [deployment.ids("permissions")[f"{process}Policy"]]


async def test_the_worker_may_pass_only_mediaconverts_role(deployment: Deployment) -> None:
    """The role of MediaConvert's stack."""
    arn = deployment.ids("permissions")["WorkerPolicy"]
    version = (await deployment.call("iam", "get_policy", PolicyArn=arn))["Policy"]["DefaultVersionId"]
    read = await deployment.call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    statements = read["PolicyVersion"]["Document"]["Statement"]
    role = await deployment.call("iam", "get_role", RoleName=deployment.ids("mediaconvert")["Role"])
    assert [each["Resource"] for each in statements if each["Action"] == "iam:PassRole"] == [role["Role"]["Arn"]]


async def test_only_cloudfront_may_read_the_output_bucket(deployment: Deployment) -> None:
    """By one distribution, below the upload prefix."""
    response = await deployment.call("s3", "get_bucket_policy", Bucket=deployment.pipeline.output_bucket)
    statements = json.loads(response["Policy"])["Statement"]
    (allowed,) = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Resource"] == f"arn:aws:s3:::{deployment.pipeline.output_bucket}/uploads/*"
    assert allowed["Condition"]["StringEquals"]["aws:SourceArn"].endswith(":distribution/distribution")


async def test_the_load_balancers_subnets_have_no_internet_route(deployment: Deployment) -> None:
    """Only the subnets of the tasks have one, because there is no NAT gateway."""
    ids = deployment.ids("fargate")
    tables = await deployment.call(
        "ec2", "describe_route_tables", RouteTableIds=[ids["PublicRoutes"], ids["PrivateRoutes"]]
    )
    to = {  # LocalStack doesn't keep which gateway
        each["RouteTableId"]: {route.get("DestinationCidrBlock") for route in each["Routes"]}
        for each in tables["RouteTables"]
    }
    subnets = {
        each["RouteTableId"]: {one.get("SubnetId") for one in each["Associations"]} for each in tables["RouteTables"]
    }
    assert "0.0.0.0/0" in to[ids["PublicRoutes"]]
    assert "0.0.0.0/0" not in to[ids["PrivateRoutes"]]
    assert {ids["PrivateSubnetA"], ids["PrivateSubnetB"]} <= subnets[ids["PrivateRoutes"]]
    assert {ids["PublicSubnetA"], ids["PublicSubnetB"]} <= subnets[ids["PublicRoutes"]]


@pytest.mark.parametrize(("role", "schedule"), [("lambda", "ReconcileSchedule"), ("fargate", "Reconcile")])
async def test_reconciliation_is_scheduled_and_starts_with_a_role_of_its_own(
    deployment: Deployment, role: str, schedule: str
) -> None:
    """Every few minutes; on Fargate if the worker may scale to zero."""
    read = await deployment.call("scheduler", "get_schedule", Name=deployment.ids(role)[schedule].rpartition("/")[2])
    assert read["ScheduleExpression"] in {"rate(5 minutes)", "rate(20 minutes)"}
    assert read["Target"]["RoleArn"].startswith("arn:aws:iam::000000000000:role/")
    own = {"lambda": "ScheduleRole", "fargate": "ReconcileRole"}[role]
    assert read["Target"]["RoleArn"].endswith(f"/{deployment.ids(role)[own]}")


async def test_every_alarm_notifies_the_topic(deployment: Deployment) -> None:
    """When it starts and when it ends."""
    names = [
        deployment.ids("alarms")[name]
        for name, each in deployment.stacks["alarms"].definitions.items()
        if each["Type"] == "AWS::CloudWatch::Alarm" and name in deployment.ids("alarms")
    ]
    described = (await deployment.call("cloudwatch", "describe_alarms", AlarmNames=names))["MetricAlarms"]
    assert len(described) == len(names) > 5
    topic = deployment.ids("alarms")["AlarmTopic"]
    assert all(each["AlarmActions"] == each["OKActions"] == [topic] for each in described)
