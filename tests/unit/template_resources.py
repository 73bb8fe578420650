"""The resources of a template."""

from typing import Any

from local import cloudformation_template as templates
from local.embedded_aws import ROOT


def resources(name: str) -> dict[str, Any]:
    """Return the resources of a template."""
    return dict(templates.parse((ROOT / "infra" / name).read_text(encoding="utf-8"))["Resources"])
