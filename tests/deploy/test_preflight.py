"""`make preflight` and `make deploy … PLAN=1` in the embedded AWS: they name what is wrong, and create nothing.

The embedded AWS has no Service Quotas and no MediaConvert, so those checks can't read their facts there.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation, StackError
from tests.deploy.deployments import CommandResult, Deploy


@pytest.fixture
def name() -> str:
    """Return a unique deployment name."""
    return f"preflight-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def run(deploy: Deploy, name: str) -> Callable[..., CommandResult]:
    """Return a function that runs a subcommand for this deployment on Lambda."""

    def _run(
        command: str, *arguments: str, target: str = "lambda", is_open: bool = True, **environment: str
    ) -> CommandResult:
        options = ("--target", target, "--stack", name, *(["--open"] if is_open else []), *arguments)
        return deploy(command, *options, environment=environment)

    return _run


def finding(result: CommandResult, check: str) -> str:
    """Return the verdict and the text of a check, on one line."""
    lines = iter(result.lines)
    found = next(line for line in lines if line.startswith(f"{check}  "))
    for line in lines:
        if not line.startswith("  "):
            break
        found += f" {line.strip()}"
    return " ".join(found.removeprefix(check).split())


def stacks_named(client: Callable[[str], Any], name: str) -> list[str]:
    """Return the existing stacks of a deployment, also those that wait for the review of a change set."""
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    existing = [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"]
    return [each for each in existing if each.startswith(name)]


def cache_policy(client: Any, name: str) -> tuple[str, str]:  # noqa: ANN401 -- no type stubs
    """Create a cache policy, and return its id and its ETag."""
    created = client.create_cache_policy(CachePolicyConfig={"Name": name, "MinTTL": 0})
    return created["CachePolicy"]["Id"], created["ETag"]


@pytest.fixture
def nearly_all_cache_policies(client: Callable[[str], Any], name: str) -> Iterator[None]:
    """Create cache policies until there are 18 of the 20 that an account may have: other tests have deployments."""
    cloudfront = client("cloudfront")
    existing = cloudfront.list_cache_policies(Type="custom")["CachePolicyList"].get("Items", [])
    created = [cache_policy(cloudfront, f"other-{name}-{number}") for number in range(18 - len(existing))]
    yield
    for policy_id, etag in created:
        cloudfront.delete_cache_policy(Id=policy_id, IfMatch=etag)


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_an_empty_account_passes(run: Callable[..., CommandResult], target: str) -> None:
    """Checks whose API doesn't exist here say so, and fail nothing."""
    result = run("preflight", target=target)
    assert (result.code, result.errors) == (0, "")
    assert finding(result, "Region") == "ok us-east-1 has MediaConvert"
    assert finding(result, "quota: MediaConvert queues").startswith("unchecked could not be checked: ListQueues")
    assert result.lines[-1].endswith("nothing found that stops a deployment")


@pytest.mark.parametrize("arguments", [("preflight",), ("up",), ("up", "--no-preflight"), ("up", "--plan")])
def test_an_open_api_needs_the_operators_word(
    run: Callable[..., CommandResult], client: Callable[[str], Any], name: str, arguments: tuple[str, ...]
) -> None:
    """Without OPEN=yes, nothing is created, and one line says what to give."""
    result = run(*arguments, is_open=False)
    text = finding(result, "access") if arguments == ("preflight",) else result.errors
    assert result.code == 1
    assert "or OPEN=yes if you want this" in text
    assert len(result.errors.splitlines()) == (0 if arguments == ("preflight",) else 1)
    assert stacks_named(client, name) == []


@pytest.mark.localstack_cannot("it has no CloudFront")
def test_a_full_quota_fails_and_stops_a_deployment(
    run: Callable[..., CommandResult],
    client: Callable[[str], Any],
    name: str,
    nearly_all_cache_policies: None,  # noqa: ARG001
) -> None:
    """Both commands say what to request, before anything is created."""
    checked, deployed = run("preflight"), run("up")
    assert (checked.code, deployed.code) == (1, 1)
    assert finding(checked, "quota: CloudFront cache policies").startswith("FAIL 18 of 20 used")
    assert deployed.errors.startswith("deploy: quota: CloudFront cache policies: 18 of 20 used")
    assert "request 40 in Service Quotas (cloudfront, code L-7D134442)" in deployed.errors
    assert len(deployed.errors.splitlines()) == 1
    assert stacks_named(client, name) == []


def test_a_taken_table_name_fails(run: Callable[..., CommandResult], client: Callable[[str], Any], name: str) -> None:
    """The table of a deleted deployment may still exist."""
    table = f"{name}-MediaConvertJobIdToStatus"
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "JobId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "JobId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    result = run("preflight")
    dynamodb.delete_table(TableName=table)
    assert result.code == 1
    assert finding(result, "names").startswith(f"FAIL table {table}: exists")


def test_a_region_without_mediaconvert_is_refused_before_anything_is_created(
    run: Callable[..., CommandResult], client: Callable[[str], Any], name: str
) -> None:
    """One line names a Region that has it."""
    refused = run("up", "--region", "eu-central-2")
    assert refused.code == 1
    assert refused.errors.startswith("deploy: Region: eu-central-2 has no MediaConvert: use REGION=eu-")
    assert len(refused.errors.splitlines()) == 1
    assert stacks_named(client, name) == []


@pytest.mark.localstack_cannot("it doesn't check who calls")
def test_the_actions_that_a_users_policy_lacks_are_named(
    run: Callable[..., CommandResult], client: Callable[[str], Any], name: str
) -> None:
    """The simulator is called for the caller itself."""
    iam = client("iam")
    iam.create_user(UserName=name)
    everything_but_sqs = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": everything_but_sqs})
    iam.put_user_policy(UserName=name, PolicyName="most", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    result = run("preflight", AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])
    assert result.code == 1
    assert finding(result, "permissions").startswith("FAIL allow sqs:CreateQueue in a policy of arn:aws:iam::")


@pytest.mark.localstack_cannot("it accepts any credentials")
def test_unknown_credentials_are_refused_in_one_line(run: Callable[..., CommandResult]) -> None:
    """The line says to sign in again."""
    result = run("preflight", AWS_ACCESS_KEY_ID="AKIAXXXXXXXXXXXXXXXX")
    assert (result.code, len(result.errors.splitlines())) == (1, 1)
    assert result.errors.startswith("deploy: AWS doesn't know your credentials in this region: sign in again")


def test_a_plan_of_a_new_deployment_leaves_nothing(
    run: Callable[..., CommandResult], client: Callable[[str], Any], name: str
) -> None:
    """CloudFormation computes the first stacks; the others need outputs of these."""
    result = run("up", "--plan", "--set", "RequireTls=false")
    assert (result.code, result.errors) == (0, "")
    steps = {line.split()[0]: line.split(maxsplit=1)[1] for line in result.lines[1:] if line.startswith(name)}
    assert steps[name].strip() == "create"
    assert steps[f"{name}-lambda"].startswith("create, after the stacks above: ")
    assert any(line.split()[:2] == ["+", "InputBucket"] for line in result.lines)
    assert result.lines[-1] == "nothing was changed; this deployment replaces no resource"
    assert stacks_named(client, name) == []


def queue_stack(**properties: object) -> str:
    """Return a template with one queue."""
    return json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": properties}}})


async def test_a_plan_marks_replaced_resources_and_changes_nothing(account: Account, name: str) -> None:
    """CloudFormation replaces a queue to change its name."""
    cloudformation = CloudFormation(await account.cloudformation())
    await cloudformation.deploy_stack(name, queue_stack(QueueName=f"{name}-1"), {})
    client = await account.cloudformation()
    before = (await client.list_change_sets(StackName=name))["Summaries"]
    (renamed,) = await cloudformation.plan_stack(name, queue_stack(QueueName=f"{name}-2"), {})
    assert (renamed.logical_id, renamed.action, renamed.replacement) == ("Q", "Modify", "True")
    assert await cloudformation.plan_stack(name, queue_stack(QueueName=f"{name}-1"), {}) == []
    assert (await client.list_change_sets(StackName=name))["Summaries"] == before
    assert await cloudformation.resources(name, "AWS::SQS::Queue")
    await cloudformation.remove(name)


@pytest.mark.localstack_cannot("it accepts an unknown type of resource")
async def test_a_refused_plan_of_a_new_stack_leaves_no_empty_stack(account: Account, name: str) -> None:
    """A change set for a new stack creates the stack in the state REVIEW_IN_PROGRESS."""
    cloudformation = CloudFormation(await account.cloudformation())
    with pytest.raises(StackError):
        await cloudformation.plan_stack(name, json.dumps({"Resources": {"Q": {"Type": "AWS::Nonsense::Thing"}}}), {})
    assert await cloudformation.status(name) is None
