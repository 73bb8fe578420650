"""infra/permissions.yaml grants exactly the permissions that the code declares."""

from collections.abc import Iterator
from typing import Any

import pytest

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from service.permissions import SERVICE
from transcode.permissions import Permission, Permissions, Resource
from worker.permissions import OPERATOR, WORKER

TEXT = (ROOT / "infra" / "permissions.yaml").read_text(encoding="utf-8")
RESOURCES: dict[str, Any] = dict(templates.parse(TEXT)["Resources"])
DECLARED = [("ServicePolicy", SERVICE), ("WorkerPolicy", WORKER), ("OperatorPolicy", OPERATOR)]
RESOURCES_WITH_PATTERNS = {Resource.UPLOADS, Resource.OUTPUTS, Resource.MEDIACONVERT_JOBS, Resource.ANY}
"""Objects and jobs, whose names are created while the system runs, and the resource of actions that have none."""


def _statements(policy: str) -> list[dict[str, Any]]:
    """Return the unconditional statements of a policy, and those that a condition adds."""
    statements: list[dict[str, Any]] = RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"]
    return [each["Fn::If"][1] if "Fn::If" in each else each for each in statements]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resource(value: dict[str, Any] | str) -> Resource:
    """Return the resource that a parameter, an import, or an ARN with imports names; `*` is any resource."""
    if isinstance(value, str):
        return Resource(value)
    if "Fn::Split" in value:
        return _resource(value["Fn::Split"][1])
    if "Ref" in value:
        return Resource(f"${{{value['Ref']}}}")
    if "Fn::ImportValue" in value:
        return Resource(f"${{{value['Fn::ImportValue']['Fn::Sub'].removeprefix('${StackPrefix}-')}}}")
    arn, names = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
    for name, imported in names.items():
        assert imported == {"Fn::ImportValue": {"Fn::Sub": f"${{StackPrefix}}-{name}"}}
    return Resource(arn.rpartition(":")[2])


def _granted(policy: str) -> Iterator[Permission]:
    for statement in _statements(policy):
        assert statement["Effect"] == "Allow"
        for action in _as_list(statement["Action"]):
            for resource in _as_list(statement["Resource"]):
                yield Permission(action=action, resource=_resource(resource))


@pytest.mark.parametrize(("policy", "declared"), DECLARED)
def test_a_policy_grants_exactly_what_the_code_declares(policy: str, declared: Permissions) -> None:
    """The pairs of action and resource are the same."""
    assert sorted(_granted(policy)) == sorted(declared)


@pytest.mark.parametrize("policy", [name for name, _ in DECLARED])
def test_only_resources_without_fixed_names_are_granted_by_a_pattern(policy: str) -> None:
    """Only the objects under the prefix and MediaConvert's jobs have a `*`; no action has one."""
    for each in _granted(policy):
        assert "*" not in each.action
        assert ("*" in each.resource) == (each.resource in RESOURCES_WITH_PATTERNS)
    assert not any("NotAction" in each or "NotResource" in each for each in _statements(policy))


def test_the_service_has_no_access_to_the_key_table_or_the_output_bucket() -> None:
    """The service's policy names neither of them."""
    mentioned = str(_statements("ServicePolicy"))
    assert "OutputTable" not in mentioned
    assert "OutputBucket" not in mentioned


def test_the_service_has_no_permission_on_mediaconvert() -> None:
    """A job's settings contain its key, so GetJob would read keys; only the worker cancels and ends jobs."""
    actions = [action for each in _statements("ServicePolicy") for action in _as_list(each.get("Action", []))]
    assert actions
    assert not [action for action in actions if action.startswith(("mediaconvert:", "iam:"))]
    assert not [each.action for each in SERVICE if each.action.startswith("mediaconvert:")]


def test_the_worker_may_pass_its_role_to_mediaconvert_only() -> None:
    """iam:PassRole has a statement of its own, whose condition names MediaConvert."""
    (statement,) = [each for each in _statements("WorkerPolicy") if "iam:PassRole" in _as_list(each["Action"])]
    assert _as_list(statement["Action"]) == ["iam:PassRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}
