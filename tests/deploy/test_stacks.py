"""Stacks are created, updated and deleted from any status."""

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from deploy.account_state import ECS_ROLE, ensure_ecs_role, read_concurrency, read_zones
from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation, StackError
from deploy.deletion import delete_stacks, find_stacks
from deploy.deployment import Deployment
from deploy.deployment_state import DeployRequest
from deploy.lambda_package import ROOT
from deploy.parameters import Known, fill, table_names
from deploy.stack_changes import ChangeRefusedError, ResourceChange
from deploy.stacks import stack, stacks
from deploy.template_text import compact
from deploy.zones import select_zones

QUEUE = {"Q": {"Type": "AWS::SQS::Queue"}}
GOOD = json.dumps({"Resources": QUEUE, "Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
REFUSED = {"T": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 43_201}}}
BAD = json.dumps({"Resources": {**QUEUE, **REFUSED}})


@pytest.fixture
async def cloudformation(account: Account) -> CloudFormation:
    """Return the account's stacks."""
    return CloudFormation(await account.cloudformation())


@pytest.fixture
def name() -> str:
    """Return a unique deployment name."""
    return f"stack-{uuid.uuid4().hex[:8]}"


async def test_a_failed_creation_names_its_cause_and_can_be_repeated(cloudformation: CloudFormation, name: str) -> None:
    """A stack that failed during creation can't be updated, so the command deletes it."""
    with pytest.raises(StackError, match=rf"{name} ended as ROLLBACK_COMPLETE: T \(AWS::SQS::Queue\): .+43200"):
        await cloudformation.deploy_stack(name, BAD, {})
    assert await cloudformation.find(name) is None
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "created"


async def test_a_failed_update_keeps_the_previous_stack(cloudformation: CloudFormation, name: str) -> None:
    """CloudFormation rolls back, and the stack can be updated again."""
    await cloudformation.deploy_stack(name, GOOD, {})
    before = await cloudformation.find(name)
    with pytest.raises(StackError, match=r"T \(AWS::SQS::Queue\)"):
        await cloudformation.deploy_stack(name, BAD, {})
    after = await cloudformation.find(name)
    assert before
    assert after
    assert (after.status, after.outputs) == ("UPDATE_ROLLBACK_COMPLETE", before.outputs)
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "unchanged"


async def test_a_refused_change_leaves_the_stack_as_it_is(cloudformation: CloudFormation, name: str) -> None:
    """The check sees the change set of an existing stack, and no check runs at its creation."""
    seen: list[ResourceChange] = []

    def refuse(changes: Sequence[ResourceChange]) -> None:
        seen.extend(changes)
        raise ChangeRefusedError("first this, then that")

    assert await cloudformation.deploy_stack(name, GOOD, {}, check=refuse) == "created"
    longer = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}}}})
    with pytest.raises(StackError, match=f"{name}: first this, then that"):
        await cloudformation.deploy_stack(name, longer, {}, check=refuse)
    assert [(each.logical_id, each.resource_type, each.action) for each in seen] == [("Q", "AWS::SQS::Queue", "Modify")]
    assert (await cloudformation.deploy_stack(name, GOOD, {}, check=refuse)) == "unchanged"


async def test_the_role_of_ecs_is_created_once(account: Account, client: Callable[[str], Any]) -> None:
    """A second deployment finds it, whatever region it is for."""
    created = [await ensure_ecs_role(account) for _ in range(2)]
    assert created[1] is False
    roles = client("iam").list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
    assert [each["RoleName"].lower() for each in roles] == [ECS_ROLE.lower()]


async def test_a_deployment_to_fargate_selects_zones_and_has_the_role_of_ecs(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], name: str
) -> None:
    """Both come before the first stack: IAM takes a while until ECS can assume the role."""
    deployment = Deployment(
        request=DeployRequest(deployment=name, target="fargate", is_open_confirmed=True),
        account=account,
        cloudformation=cloudformation,
        report=lambda _: None,
        report_current=lambda _: None,
    )
    await deployment.read_state(stacks(name, "fargate"))
    zones = deployment.suggested("fargate")["AvailabilityZones"].split(",")
    assert len(set(zones)) == 2
    assert all(zone.startswith("us-east-1") for zone in zones)
    assert client("iam").list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
    assert await cloudformation.find(name) is None


async def test_the_account_reports_its_zones_and_its_concurrency(account: Account) -> None:
    """The deployer reads both before it changes anything."""
    zones = await read_zones(account)
    assert len(select_zones("us-east-1", zones)) == 2
    limits = await read_concurrency(account)
    assert 0 < limits.unreserved <= limits.limit


async def test_an_invalid_template_is_refused_in_one_line(cloudformation: CloudFormation, name: str) -> None:
    """The line has CloudFormation's own message."""
    with pytest.raises(StackError, match=f"^{name}: .+") as refused:
        await cloudformation.deploy_stack(name, json.dumps({"Resources": {"Q": {"Type": "AWS::Nonsense::Thing"}}}), {})
    assert "\n" not in str(refused.value)


@pytest.fixture
async def pipeline(cloudformation: CloudFormation, name: str) -> str:
    """Create a deployment with only the pipeline stack, and return its name."""
    template = (ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8")
    declared = await cloudformation.declared(template)
    known = Known(given={"RequireTls": "false"}, suggested=table_names(name, declared))
    await cloudformation.deploy_stack(stack("pipeline", name).name, template, fill(declared, known))
    return name


async def remaining_resources(account: Account, client: Callable[[str], Any], name: str) -> list[str]:
    """Return the names of the deployment's buckets and tables."""
    buckets = [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    tables = (await (await account.dynamodb()).list_tables())["TableNames"]
    return [each for each in [*buckets, *tables] if each.startswith(name)]


async def test_a_destruction_deletes_every_bucket_and_table(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """It also deletes old object versions and unfinished uploads."""
    (resources,) = await find_stacks(pipeline, account, cloudformation)
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=resources.buckets[0], VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=resources.buckets[0], Key="uploads/a/clip.mp4", Body=body)
    s3.delete_object(Bucket=resources.buckets[0], Key="uploads/a/clip.mp4")
    s3.create_multipart_upload(Bucket=resources.buckets[0], Key="uploads/b/film.mp4")
    await delete_stacks([resources], account, lambda _: None)
    assert await remaining_resources(account, client, pipeline) == []
    assert await find_stacks(pipeline, account, cloudformation) == []


async def test_an_interrupted_destruction_can_be_repeated(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """The stack is deleted last and lists the resources; a missing resource is not an error."""
    (resources,) = await find_stacks(pipeline, account, cloudformation)
    client("s3").delete_bucket(Bucket=resources.buckets[0])
    await (await account.dynamodb()).delete_table(TableName=resources.tables[0])
    await delete_stacks(await find_stacks(pipeline, account, cloudformation), account, lambda _: None)
    assert await remaining_resources(account, client, pipeline) == []


async def test_the_deployers_roles_are_created(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], name: str
) -> None:
    """With the identity provider that the account has already; CloudFormation's role has every policy."""
    template = compact((ROOT / "infra" / "deployer.yaml").read_text(encoding="utf-8"))
    provider = f"arn:aws:iam::{account.account_id}:oidc-provider/token.actions.githubusercontent.com"
    given = {"Deployment": name, "Repository": "example/videos", "OidcProviderArn": provider}
    parameters = fill(await cloudformation.declared(template), Known(given=given))
    assert await cloudformation.deploy_stack(f"{name}-deployer", template, parameters) == "created"
    deployed = await cloudformation.find(f"{name}-deployer")
    assert deployed
    role = deployed.outputs["CloudFormationRoleArn"]
    attached = client("iam").list_attached_role_policies(RoleName=role.rsplit("/", 1)[-1])["AttachedPolicies"]
    assert ":role/deployer/" in role
    assert len(attached) == 5


async def test_tags_of_a_stack_change_and_stay(cloudformation: CloudFormation, name: str) -> None:
    """Without tags, a change keeps those that the stack has."""
    await cloudformation.deploy_stack(name, GOOD, {}, tags={"team": "a", "env": "prod"})
    assert await cloudformation.deploy_stack(name, GOOD, {}, tags={"team": "a", "env": "prod"}) == "unchanged"
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "unchanged"
    assert await cloudformation.deploy_stack(name, GOOD, {}, tags={"team": "b"}) == "updated"
    found = await cloudformation.find(name)
    assert found
    assert found.tags == {"team": "b"}
