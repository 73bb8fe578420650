"""AWS's schemas of the resource types in infra/, as cfn-lint contains them: permissions and tags."""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from local.cloudformation_template import parse

INFRA = Path(__file__).resolve().parents[1] / "infra"
DEPLOYER = INFRA / "deployer.yaml"
HANDLERS = ("create", "read", "update", "delete")


def templates() -> list[Path]:
    """Return the templates of a deployment; that of the deployer's roles is deployed by an administrator."""
    return [path for path in sorted(INFRA.glob("*.yaml")) if path != DEPLOYER]


def resources() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each resource of a deployment, with its name, as "lambda.Service"."""
    for path in templates():
        for name, resource in parse(path.read_text(encoding="utf-8"))["Resources"].items():
            yield f"{path.stem}.{name}", resource


def resource_types() -> set[str]:
    """Return the types of all resources of a deployment."""
    return {resource["Type"] for _, resource in resources()}


@cache
def schemas() -> Mapping[str, Any]:
    """Return the schemas of the resource types of a deployment."""
    found = importlib.util.find_spec("cfnlint")
    assert found
    assert found.origin
    folder = Path(found.origin).parent / "data" / "schemas"
    names = json.loads((folder / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    return {
        each: json.loads((folder / "resources" / f"{names[each]}.json").read_text(encoding="utf-8"))
        for each in resource_types()
    }


def permissions(resource_type: str) -> set[str]:
    """Return the IAM actions with which CloudFormation creates, reads, updates and deletes such a resource."""
    handlers = schemas()[resource_type].get("handlers", {})
    return {action for name in HANDLERS for action in handlers.get(name, {}).get("permissions", [])}


def is_taggable(resource_type: str) -> bool:
    """Return whether CloudFormation gives the stack's tags to such a resource."""
    schema = schemas()[resource_type]
    return bool(schema.get("tagging", {}).get("taggable", schema.get("taggable", False)))
