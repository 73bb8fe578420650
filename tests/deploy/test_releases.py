"""Releases and their rollback, tags, the firewall and the protection of data, on a deployment in the embedded AWS."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from deploy.firewall import firewall_stack
from local.cloudformation_template import parse
from tests.cloudformation_schemas import DEPLOYER
from tests.deploy.deployments import CommandResult, Deploy, Deployment
from tests.deploy_permissions import DEPLOYMENT_ONLY
from tests.iam_policies import actions, missing, unused
from tests.integration.aws_call_recorder import ACTION_OF_OPERATION

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")

NO_ACTION = {"sts:GetCallerIdentity": "every caller may call it"}
"""Calls that need no permission."""


def live_versions(deployment: Deployment) -> dict[str, Any]:
    """Return the live version of each function, with its description."""
    functions = deployment.client("lambda")
    outputs = deployment.outputs("lambda")
    return {
        each: functions.get_function_configuration(FunctionName=outputs[each], Qualifier="live")
        for each in ("ServiceFunction", "WorkerFunction", "ReconcileFunction")
    }


def release_of(deployment: Deployment) -> str:
    """Return the parameter Release of the deployed stack."""
    return deployment.parameters("lambda")["Release"]


def is_direct_access_refused(deployment: Deployment) -> bool:
    """Return whether the live service requires the origin secret, which only the newer release knows."""
    headers = {**deployment.api_headers(), "X-Origin-Secret": ""}
    response = httpx.get(f"{deployment.endpoint_url}/jobs/1-a", headers=headers, trust_env=False, timeout=60)
    return response.status_code == httpx.codes.FORBIDDEN


@pytest.fixture
def rolled_back(deployment: Deployment, deploy: Deploy, second_release: CommandResult) -> Iterator[list[str]]:
    """Roll back the deployment, yield the output, and make the newest release live again."""
    assert second_release.outcomes[f"{deployment.name}-lambda"] == "updated"
    result = deploy("rollback", "--stack", deployment.name)
    assert result.code == 0, result.errors
    yield result.lines
    again = deploy("rollback", "--stack", deployment.name, "--release", release_of(deployment))
    assert again.code == 0, again.errors
    assert is_direct_access_refused(deployment)


def test_the_first_run_publishes_one_release_which_knows_cloudfront(
    deployment: Deployment, rolled_back: list[str]
) -> None:
    """Its stack is updated in the same run, because CloudFront's address is known only then."""
    assert rolled_back
    playback = deployment.outputs("edge")["PlaybackBaseUrl"]
    for name, live in live_versions(deployment).items():
        assert live["Version"] == "1", name
        assert live["Environment"]["Variables"].get("PLAYBACK_BASE_URL", playback) == playback


def test_the_live_versions_are_those_of_the_newest_release(
    deployment: Deployment, second_release: CommandResult
) -> None:
    """A run with another setting publishes another one."""
    assert second_release.code == 0
    assert {each["Description"] for each in live_versions(deployment).values()} == {release_of(deployment)}
    assert {each["Version"] for each in live_versions(deployment).values()} == {"2"}


def test_one_command_rolls_back_all_functions(deployment: Deployment, rolled_back: list[str]) -> None:
    """The API serves the release before at once, with that release's settings, the origin secret included."""
    assert len([line for line in rolled_back if " 2 -> 1 (release " in line]) == 3
    assert {each["Version"] for each in live_versions(deployment).values()} == {"1"}
    assert is_direct_access_refused(deployment)


def test_a_deployment_says_that_it_is_rolled_back(
    deployment: Deployment, deploy: Deploy, rolled_back: list[str]
) -> None:
    """The stack is unchanged, so CloudFormation doesn't move the aliases."""
    assert rolled_back
    again = deploy(
        *("up", "--target", "lambda", "--stack", deployment.name, "--open"),
        *("--without", "mediaconvert", "--without", "alarms"),
    )
    assert again.code == 0, again.errors
    assert again.outcomes["release"].startswith("rolled back: ")
    assert f"make rollback RELEASE={release_of(deployment)}" in again.outcomes["release"]


def test_a_rollback_without_an_earlier_release_is_refused(
    deployment: Deployment, deploy: Deploy, rolled_back: list[str]
) -> None:
    """The message says what to do instead."""
    assert rolled_back
    result = deploy("rollback", "--stack", deployment.name)
    assert (result.code, len(result.errors.splitlines())) == (1, 1)
    assert result.errors.endswith("has no version before 1: deploy an earlier checkout")


def test_a_rollback_of_another_target_is_refused(deploy: Deploy) -> None:
    """On Fargate, ECS rolls back."""
    result = deploy("rollback", "--stack", "nowhere")
    assert result.code == 1
    assert result.errors.startswith("deploy: there is no nowhere-lambda: on Fargate, ECS rolls back")


def test_every_stack_has_the_tags(deployment: Deployment) -> None:
    """A later run without TAGS keeps them."""
    roles = ("pipeline", "permissions", "artifacts", "lambda", "edge", "firewall-us-east-1")
    for role in roles:
        name = deployment.name if role == "pipeline" else f"{deployment.name}-{role}"
        (stack,) = deployment.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        assert {each["Key"]: each["Value"] for each in stack["Tags"]} == {"team": "video", "env": "test"}, role


def test_a_resource_has_the_tags_of_its_stack(deployment: Deployment) -> None:
    """The embedded AWS gives them to functions, and not to buckets; CloudFormation gives them to both."""
    function = deployment.client("lambda").get_function(FunctionName=deployment.outputs("lambda")["WorkerFunction"])
    assert function["Tags"]["team"] == "video"


def test_an_open_deployment_has_a_firewall_that_cloudfront_uses(deployment: Deployment) -> None:
    """The edge stack gets its ARN in the same run."""
    name = firewall_stack(deployment.name, "us-east-1").name
    (stack,) = deployment.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    (arn,) = [each["OutputValue"] for each in stack["Outputs"]]
    distribution = deployment.client("cloudfront").get_distribution(Id=deployment.outputs("edge")["DistributionId"])
    assert distribution["Distribution"]["DistributionConfig"]["WebACLId"] == arn


def test_a_firewall_that_is_switched_off_is_deleted_after_cloudfront_stops_using_it(
    deployment: Deployment, deploy: Deploy
) -> None:
    """WAF refuses to delete a web ACL in use; the choice stays until it is changed."""
    without = ("--without", "mediaconvert", "--without", "alarms")
    up = ("up", "--target", "lambda", "--stack", deployment.name, "--open", *without)
    name = firewall_stack(deployment.name, "us-east-1").name
    off = deploy(*up, "--set", "Firewall=off")
    assert (off.errors, off.outcomes[f"{deployment.name}-edge"], off.outcomes[name]) == ("", "updated", "deleted")
    distribution = deployment.client("cloudfront").get_distribution(Id=deployment.outputs("edge")["DistributionId"])
    assert not distribution["Distribution"]["DistributionConfig"].get("WebACLId")
    assert name not in deploy(*up).outcomes
    assert deploy(*up, "--set", "Firewall=auto").outcomes[name] == "created"


def test_cloudformation_refuses_to_delete_the_stack_with_the_data(deployment: Deployment) -> None:
    """A mistake in the console deletes no queue; the other stacks can be created again."""
    with pytest.raises(ClientError, match="TerminationProtection"):
        deployment.client("cloudformation").delete_stack(StackName=deployment.name)


def test_a_destruction_lists_the_data_that_would_be_deleted(deployment: Deployment, deploy: Deploy) -> None:
    """It names the number and the size of the objects and items, before the confirmation."""
    bucket = deployment.outputs()["InputBucket"]
    deployment.client("s3").put_object(Bucket=bucket, Key="uploads/counted.mp4", Body=b"12345")
    kept, deleted = (
        deploy("down", "--stack", deployment.name, "--data", choice, answer="no\n") for choice in ("keep", "delete")
    )
    for result in (kept, deleted):
        assert (result.code, result.errors) == (1, "deploy: nothing was deleted")
        (line,) = [each for each in result.lines if each.startswith(f"  {bucket} ") and "objects" in each]
        assert " objects, " in line
        assert not line.split(" objects")[0].endswith(" 0")
        assert len([each for each in result.lines if " items, " in each]) == 3
    assert "its data stays; DATA=delete would also delete:" in kept.lines
    assert f"  {deployment.name} " not in "\n".join(kept.lines)
    assert any(line.startswith(f"  {deployment.name} {bucket}") for line in deleted.lines)


@pytest.fixture
def recorded(deployment: Deployment, rolled_back: list[str], calls_file: Path) -> set[str]:
    """Return the IAM actions of the calls of a deployment and of a rollback."""
    assert deployment.first.code == 0
    assert rolled_back
    calls = set(calls_file.read_text(encoding="utf-8").split()) - set(NO_ACTION)
    return {ACTION_OF_OPERATION.get(call, call) for call in calls}


def granted() -> set[str]:
    """Return the actions of the workflow's role."""
    return actions(parse(DEPLOYER.read_text(encoding="utf-8"))["Resources"]["DeployPolicy"])


def test_the_workflows_role_allows_every_call_of_a_deployment(recorded: set[str]) -> None:
    """A call without a permission would fail only in a real account."""
    assert missing(recorded, granted()) == set()


def test_the_workflows_role_allows_no_other_call(recorded: set[str]) -> None:
    """Exceptions have a reason, and end as soon as a recorded call needs the permission."""
    assert unused(recorded | set(DEPLOYMENT_ONLY), granted()) == set()
    assert set(DEPLOYMENT_ONLY) <= granted()
    assert recorded & set(DEPLOYMENT_ONLY) <= {"cloudformation:DeleteStack", "ec2:DescribeAvailabilityZones"}
