"""infra/deployer.yaml: the roles of a deployment from GitHub allow what it needs, and nothing else."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from local.cloudformation_template import parse
from tests.cloudformation_schemas import DEPLOYER, INFRA, is_taggable, permissions, resource_types, resources
from tests.deploy_permissions import NOT_LISTED, NOT_NEEDED, NOT_TAGGED
from tests.iam_policies import actions, missing, statements, unused

MAX_POLICY_CHARACTERS = 6_144
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; it doesn't count whitespace."""
LONGEST_NAME = "d" * 20
ROLES = {name: role for name, role in resources() if role["Type"] == "AWS::IAM::Role"}


def deployer() -> dict[str, Any]:
    """Return the resources of the template."""
    return dict(parse(DEPLOYER.read_text(encoding="utf-8"))["Resources"])


def policies_of(role: str) -> dict[str, Any]:
    """Return the managed policies of a role, by name."""
    return {name: each for name, each in deployer().items() if {"Ref": role} in each["Properties"].get("Roles", [])}


def needed_by_cloudformation() -> set[str]:
    """Return the actions for all our resources, from AWS's schemas."""
    listed = set[str]().union(*(permissions(each) for each in resource_types()))
    return {each for each in listed if not any(fnmatchcase(each, pattern) for pattern in NOT_NEEDED)} | set(NOT_LISTED)


def test_cloudformations_role_allows_all_that_its_resources_need() -> None:
    """AWS's schema of each resource type lists its actions."""
    assert missing(needed_by_cloudformation(), actions(policies_of("CloudFormationRole"))) == set()


def test_cloudformations_role_allows_nothing_that_no_resource_needs() -> None:
    """A removed resource type must be removed here too."""
    assert unused(needed_by_cloudformation(), actions(policies_of("CloudFormationRole"))) == set()


def test_each_exception_applies() -> None:
    """A reason for an action that no schema lists any more would mislead."""
    listed = set[str]().union(*(permissions(each) for each in resource_types()))
    assert unused(listed, set(NOT_NEEDED)) == set()


@pytest.mark.parametrize(
    "name", [name for name, each in deployer().items() if each["Type"] == "AWS::IAM::ManagedPolicy"]
)
def test_a_policy_is_within_iams_limit(name: str) -> None:
    """Each ARN is counted as long as it can be."""
    document = json.dumps(deployer()[name]["Properties"]["PolicyDocument"], separators=(",", ":"))
    for variable, value in (
        ("${AWS::Partition}", "aws-us-gov"),
        ("${AWS::Region}", "ap-northeast-1"),
        ("${AWS::AccountId}", "1" * 12),
        ("${Deployment}", LONGEST_NAME),
    ):
        document = document.replace(variable, value)
    assert len(document.replace('{"Fn::Sub":', "")) <= MAX_POLICY_CHARACTERS


def test_the_boundary_allows_what_the_deployments_roles_and_policies_allow_and_nothing_else() -> None:
    """The program's permissions are in permissions.yaml, those of Lambda and ECS in the roles."""
    permitted = parse((INFRA / "permissions.yaml").read_text(encoding="utf-8"))["Resources"]
    own = [role["Properties"].get("Policies", []) for role in ROLES.values()]
    used = actions([*own, permitted])
    boundary = actions(deployer()["Boundary"])
    assert missing(used, boundary) == set()
    assert unused(used, boundary) == set()


@pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", "mediaconvert:Probe"])
def test_the_boundary_allows_an_action_without_resources_on_all(action: str) -> None:
    """A statement that names ARNs allows no such action, although it contains the name of the action."""
    allowing = [each for each in statements(deployer()["Boundary"]) if action in actions(each)]
    assert [each["Resource"] for each in allowing] == ["*"]


@pytest.mark.parametrize("name", ROLES)
def test_a_role_of_the_deployment_has_the_boundary(name: str) -> None:
    """CloudFormation's role may create no other."""
    boundary = ROLES[name]["Properties"]["PermissionsBoundary"]
    assert boundary == {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}


def test_cloudformations_role_can_only_create_and_extend_roles_with_the_boundary() -> None:
    """Otherwise it could give a role, and so itself, every permission."""
    role_policy = deployer()["RolePolicy"]
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        (statement,) = [each for each in statements(role_policy) if action in each["Action"]]
        assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    assert "iam:DeleteRolePermissionsBoundary" not in actions(deployer())


def test_the_roles_of_the_deployer_are_not_among_those_that_it_can_change() -> None:
    """They have a path, and the permissions are for roles and policies without one."""
    for name, each in deployer().items():
        if each["Type"] in {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}:
            assert each["Properties"]["Path"] == "/deployer/", name
    changed = [each["Resource"]["Fn::Sub"] for each in statements(deployer()["RolePolicy"])]
    assert all("/deployer/" not in each and "iam::${AWS::AccountId}:*" not in each for each in changed)


def test_only_the_repositorys_tags_may_deploy() -> None:
    """Without the condition on the subject, every workflow on GitHub could assume the role."""
    (statement,) = deployer()["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert statement["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:ref:${RefPattern}"}},
    }


def test_the_workflow_can_give_only_cloudformations_role_and_only_to_cloudformation() -> None:
    """Its own permissions create no resource."""
    (given,) = [each for each in statements(deployer()["DeployPolicy"]) if each["Action"] == "iam:PassRole"]
    assert given["Resource"] == {"Fn::GetAtt": ["CloudFormationRole", "Arn"]}
    assert given["Condition"] == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_cloudformation_gives_its_tags_to_every_resource_that_can_have_some() -> None:
    """The others are known, each with the reason why a bill doesn't need them."""
    assert {each for each in resource_types() if not is_taggable(each)} == set(NOT_TAGGED)
