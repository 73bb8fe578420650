"""infra/permissions.yaml and infra/alarms.yaml, deployed beside a pipeline in the emulator's CloudFormation."""

import asyncio
import json
import secrets
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aioboto3
import pytest

from local.cloudformation_template import parse
from local.embedded_aws import ROOT
from local.provision import Stack

MEDIACONVERT = {
    "MediaConvertRoleArn": "arn:aws:iam::000000000000:role/MediaConvert",
    "MediaConvertQueueArn": "arn:aws:mediaconvert:us-east-1:000000000000:queues/videos",
    "MediaConvertJobTemplateArns": "arn:aws:mediaconvert:us-east-1:000000000000:jobTemplates/hls",
}
"""The exports of infra/mediaconvert.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack's resources by their logical names, and its outputs."""

    resources: Mapping[str, str]
    outputs: Mapping[str, str]


@pytest.fixture(scope="module")
def prefix(stack: Stack) -> str:
    """The name of the shared pipeline's stack."""
    return stack.status_table.removesuffix("-StatusTable")


@pytest.fixture(scope="module")
def mediaconvert_exports(stack: Stack, prefix: str) -> None:
    """Deploy a stack with MediaConvert's exports."""
    template = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {
            name: {"Value": value, "Export": {"Name": f"{prefix}-{name}"}} for name, value in MEDIACONVERT.items()
        },
    }
    _finish(_deploy(stack, json.dumps(template)))


def _finish(deploying: Coroutine[Any, Any, Deployed]) -> Deployed:
    """Run the coroutine in an event loop of its own, because the caller may be in one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, deploying).result()


def _template(name: str) -> str:
    return (ROOT / "infra" / name).read_text(encoding="utf-8")


async def _status(client: Any, stack_name: str) -> str:  # noqa: ANN401 -- one of many clients
    described = await client.describe_stacks(StackName=stack_name)
    return str(described["Stacks"][0]["StackStatus"])


async def _deploy(stack: Stack, template: str, **parameters: str) -> Deployed:
    async with aioboto3.Session().client("cloudformation", endpoint_url=stack.endpoint_url) as client:
        name = f"test-{secrets.token_hex(6)}"
        await client.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        while (status := await _status(client, name)).endswith("_IN_PROGRESS"):  # noqa: ASYNC110 -- CloudFormation has no event for it
            await asyncio.sleep(0.1)
        events = (await client.describe_stack_events(StackName=name))["StackEvents"]
        assert status == "CREATE_COMPLETE", [
            each["ResourceStatusReason"] for each in events if each.get("ResourceStatusReason")
        ]
        described = (await client.describe_stacks(StackName=name))["Stacks"][0]
        resources = (await client.describe_stack_resources(StackName=name))["StackResources"]
    return Deployed(
        resources={each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources},
        outputs={each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])},
    )


@pytest.mark.usefixtures("mediaconvert_exports")
async def test_the_policies_name_the_deployed_resources(stack: Stack, prefix: str) -> None:
    """The service's policy, read back from IAM, names the pipeline's own resources, and not the table with the keys."""
    deployed = await _deploy(stack, _template("permissions.yaml"), StackPrefix=prefix)
    async with aioboto3.Session().client("iam", endpoint_url=stack.endpoint_url) as iam:
        arn = deployed.outputs["ServicePolicyArn"]
        version = (await iam.get_policy(PolicyArn=arn))["Policy"]["DefaultVersionId"]
        document = (await iam.get_policy_version(PolicyArn=arn, VersionId=version))["PolicyVersion"]["Document"]
    text = json.dumps(document)
    for named in (
        f"table/{stack.input_file_table}",
        f"table/{stack.status_table}",
        f"s3:::{stack.input_bucket}/{stack.upload_prefix}*",
        f":{stack.uploads_queue_url.rpartition('/')[2]}",
    ):
        assert f'{named}"' in text
    assert stack.output_table not in text
    assert stack.output_bucket not in text


@pytest.fixture(scope="module")
def alarms(stack: Stack, prefix: str, mediaconvert_exports: None) -> Deployed:  # noqa: ARG001 -- its exports have to exist
    """The alarms without metric math, which the emulator can't create: the shares of errors and of failed jobs."""
    groups = {name: f"/test/{secrets.token_hex(6)}" for name in ("ServiceLogGroup", "WorkerLogGroup")}

    async def deploy() -> Deployed:
        async with aioboto3.Session().client("logs", endpoint_url=stack.endpoint_url) as logs:
            for group in groups.values():
                await logs.create_log_group(logGroupName=group)
        functions = {"ServiceFunction": "service", "WorkerFunction": "worker"}
        without_math = {"FailedJobPercent": "0"}
        given = {"StackPrefix": prefix, "AlarmEmail": "a@example.com", **functions, **without_math, **groups}
        template = parse(_template("alarms.yaml"))
        del template["Resources"]["Budget"]  # the emulators have no budgets
        return await _deploy(stack, json.dumps(template), **given)

    return _finish(deploy())


async def test_every_alarm_is_created(stack: Stack, alarms: Deployed) -> None:
    """tests/unit/test_metrics.py checks what each alarm does and that it is documented."""
    names = [name for logical, name in alarms.resources.items() if _is_alarm(logical)]
    async with aioboto3.Session().client("cloudwatch", endpoint_url=stack.endpoint_url) as client:
        described = (await client.describe_alarms(AlarmNames=names))["MetricAlarms"]
    assert len(described) == 15


@pytest.mark.localstack_cannot("its CloudFormation makes no dashboards")
async def test_the_dashboard_is_json_and_shows_the_metric_of_every_filter(stack: Stack, alarms: Deployed) -> None:
    """It has the metric of each filter, and the names of the queues, which the template cuts out of their ARNs."""
    async with aioboto3.Session().client("cloudwatch", endpoint_url=stack.endpoint_url) as client:
        board = await client.get_dashboard(DashboardName=alarms.resources["Dashboard"])
    body: dict[str, Any] = json.loads(board["DashboardBody"])
    shown = json.dumps(body)
    filters = {name for name in alarms.resources if name.endswith("Filter")} - {"EventsSupersededFilter"}
    queues = [stack.uploads_queue_url, stack.job_events_dead_letter_queue_url]
    expected = [*(name.removesuffix("Filter") for name in filters), *(url.rpartition("/")[2] for url in queues)]
    assert [name for name in expected if f'"{name}"' not in shown] == []


def _is_alarm(logical_id: str) -> bool:
    others = ("Filter", "Topic", "TopicPolicy", "Key", "Subscription", "Dashboard")
    return not logical_id.endswith(others)
