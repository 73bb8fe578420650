"""Templates, reduced to what LocalStack's free edition has: it lacks some resource types, and Fn::Cidr.

Pure. The rest of the template is unchanged. Values of resources that are left out are invented, in the form that AWS
gives them.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

MISSING_TYPES = (
    "AWS::Budgets::",
    "AWS::ApiGatewayV2::",
    "AWS::ApplicationAutoScaling::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::",
    "AWS::ElasticLoadBalancingV2::",
    "AWS::Lambda::",  # it has them, but runs them only where it may start containers
    "AWS::Logs::MetricFilter",
    "AWS::MediaConvert::",
    "AWS::WAFv2::",
)

REF_IS_ARN = {"AWS::ECS::TaskDefinition", "AWS::Lambda::Alias"}

Missing = Mapping[str, str]


def without_missing_resources(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template, parsed by `local.cloudformation_template.parse`, without what is missing."""
    resources = template["Resources"]
    missing = {name: each["Type"] for name, each in resources.items() if each["Type"].startswith(MISSING_TYPES)}
    kept = {name: each for name, each in resources.items() if name not in missing}
    filled: dict[str, Any] = _filled({**template, "Resources": kept}, missing, _defaults(template))
    return filled


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(each["Default"]) for name, each in template["Parameters"].items() if "Default" in each}


def _filled(value: Any, missing: Missing, defaults: Mapping[str, str]) -> Any:  # noqa: ANN401 -- any JSON
    match value:
        case {"Ref": str(name)} if name in missing:
            return _invented(missing, name)
        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in missing:
            return _invented(missing, name, attribute)
        case {"Fn::Cidr": [{"Ref": parameter}, int(count), int(host_bits)]}:
            blocks = ipaddress.ip_network(defaults[parameter]).subnets(new_prefix=32 - host_bits)
            return [str(block) for block, _ in zip(blocks, range(count), strict=False)]
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _substituted(text, missing)}
        case {"Fn::Sub": [str(text), values]}:
            return {"Fn::Sub": [_substituted(text, missing), _filled(values, missing, defaults)]}
        case dict():
            return {key: _filled(each, missing, defaults) for key, each in value.items()}
        case list():
            return [_filled(each, missing, defaults) for each in value]
        case _:
            return value


def _substituted(text: str, missing: Missing) -> str:
    def invent(found: re.Match[str]) -> str:
        return _invented(missing, found[1], found[2]) if found[1] in missing else found[0]

    return re.sub(r"\$\{(\w+)(?:\.(\w+))?\}", invent, text)


def _invented(missing: Missing, name: str, attribute: str | None = None) -> str:
    """Return an ARN for an ARN attribute, or for a type whose Ref is an ARN; otherwise a name."""
    is_arn = attribute is not None and attribute.endswith("Arn")
    if is_arn or (attribute is None and missing[name] in REF_IS_ARN):
        return f"arn:aws:{missing[name].split('::')[1].lower()}:us-east-1:000000000000:{name}"
    return name.lower()
