"""What infra/permissions.yaml grants is what the code says that it uses: no more, no less, nothing unnamed."""

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
NAMELESS = {Resource.UPLOADS, Resource.OUTPUTS, Resource.MEDIACONVERT_JOBS}
"""Objects and jobs: their names are made while the system runs."""


def _statements(policy: str) -> list[dict[str, Any]]:
    """Those that are there in any deployment, and those that a condition adds."""
    statements: list[dict[str, Any]] = RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"]
    return [each["Fn::If"][1] if "Fn::If" in each else each for each in statements]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resource(value: dict[str, Any]) -> Resource:
    """The resource that a parameter, an import, or an ARN with imports in it, names."""
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
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Permission(action=action, resource=_resource(resource))


@pytest.mark.parametrize(("policy", "declared"), DECLARED)
def test_a_policy_grants_what_the_code_declares_and_nothing_else(policy: str, declared: Permissions) -> None:
    """Each pair of action and resource, both ways."""
    assert sorted(_granted(policy)) == sorted(declared)


@pytest.mark.parametrize("policy", [name for name, _ in DECLARED])
def test_nothing_is_granted_by_a_pattern_where_a_name_will_do(policy: str) -> None:
    """No action has a `*`, and no resource but the objects under the prefix and MediaConvert's jobs."""
    for each in _granted(policy):
        assert "*" not in each.action
        assert ("*" in each.resource) == (each.resource in NAMELESS)
    assert not any("NotAction" in each or "NotResource" in each for each in _statements(policy))


def test_the_service_can_not_touch_the_table_with_the_keys() -> None:
    """Neither by its policy nor by a name in it; nor read what jobs write."""
    mentioned = str(_statements("ServicePolicy"))
    assert "OutputTable" not in mentioned
    assert "OutputBucket" not in mentioned


def test_the_worker_passes_its_role_to_mediaconvert_only() -> None:
    """iam:PassRole stands in one statement, with the condition that names MediaConvert."""
    (statement,) = [each for each in _statements("WorkerPolicy") if "iam:PassRole" in _listed(each["Action"])]
    assert _listed(statement["Action"]) == ["iam:PassRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}
