"""Names that AWS requires to be unique in an account contain the Region, so that two Regions can have a deployment.

CloudFront and IAM are global, and CloudWatch's dashboards are too: a name that exists in one Region exists in all.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session

from deploy.stacks import ROLES
from local.cloudformation_template import parse
from local.embedded_aws import ROOT

MAX_CHARACTERS = {"AWS::CloudWatch::Dashboard": 255}
"""CloudFront's names have 64 at most; its documentation states this for access controls and functions."""
GLOBAL_TYPES = ("AWS::CloudFront::", "AWS::CloudWatch::Dashboard", "AWS::IAM::", "AWS::Route53::")
NAMES = {
    "CallerReference",
    "DashboardName",
    "GroupName",
    "InstanceProfileName",
    "ManagedPolicyName",
    "Name",
    "RoleName",
    "UserName",
}
NAMED_TYPES = {
    "CachePolicy",
    "KeyGroup",
    "OriginAccessControl",
    "OriginRequestPolicy",
    "PublicKey",
    "ResponseHeadersPolicy",
    "VpcOrigin",
}


def template(role: str) -> dict[str, Any]:
    """Return a template as a mapping."""
    return dict(parse((ROOT / "infra" / f"{role}.yaml").read_text(encoding="utf-8")))


def names_in(node: object) -> Iterator[Any]:
    """Yield the value of every property that names its resource, at any depth, but no function's own parameters."""
    match node:
        case dict():
            for key, value in node.items():
                if key in NAMES:
                    yield value
                elif not key.startswith("Fn::"):
                    yield from names_in(value)
        case list():
            for each in node:
                yield from names_in(each)
        case _:
            return


def global_names() -> Iterator[tuple[str, str, str, Any]]:
    """Yield template, logical id, type and name of each resource of a global type that has a name."""
    for role in ROLES:
        for logical_id, resource in template(role)["Resources"].items():
            if resource["Type"].startswith(GLOBAL_TYPES):
                for name in names_in(resource.get("Properties", {})):
                    yield role, logical_id, resource["Type"], name


ALL = [*global_names()]


@pytest.mark.parametrize(("role", "logical_id", "kind", "name"), ALL, ids=lambda value: str(value)[:40])
def test_a_global_name_has_the_region_and_fits(role: str, logical_id: str, kind: str, name: Any) -> None:  # noqa: ANN401
    """With the longest name of a deployment in the Region with the longest name."""
    text = name["Fn::Sub"]
    assert text.startswith("${StackPrefix}-${AWS::Region}"), logical_id
    pattern = template(role)["Parameters"]["StackPrefix"]["AllowedPattern"]
    longest_prefix = max((n for n in range(1, 256) if re.search(pattern, "a" * n)), default=0)
    longest_region = max(map(len, get_session().get_available_regions("s3")))
    fixed = len(re.sub(r"\$\{[^}]+\}", "", text))
    assert longest_prefix + longest_region + fixed <= MAX_CHARACTERS.get(kind, 64)


def test_the_templates_have_such_names() -> None:
    """Otherwise the test above would test nothing."""
    kinds = {kind.rpartition("::")[2] for _, _, kind, _ in ALL}
    assert kinds == {*NAMED_TYPES, "Dashboard"}


def test_a_deployment_may_have_the_name_that_its_templates_allow() -> None:
    """`make deploy` refuses a longer name before it creates anything."""
    patterns = {template(role)["Parameters"]["StackPrefix"]["AllowedPattern"] for role in ("edge", "fargate")}
    assert patterns == {"^[A-Za-z][A-Za-z0-9-]{0,39}$"}
