"""What LocalStack's free edition makes of a template: it has no resources of some services, and no Fn::Cidr.

Pure. The rest of the template stands as it is; what it takes from a resource that is left out is made up, in the shape
that AWS gives it.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

LACKING = (
    "AWS::ApiGatewayV2::",
    "AWS::ApplicationAutoScaling::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::",
    "AWS::ElasticLoadBalancingV2::",
    "AWS::Lambda::",  # it has them, and runs them only where it may start containers
    "AWS::Logs::MetricFilter",
    "AWS::MediaConvert::",
)

Lacking = Mapping[str, str]


def reduced(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template, read by `local.cloudformation_template.parse`, without what is lacking."""
    resources = template["Resources"]
    lacking = {name: each["Type"] for name, each in resources.items() if each["Type"].startswith(LACKING)}
    kept = {name: each for name, each in resources.items() if name not in lacking}
    filled: dict[str, Any] = _filled({**template, "Resources": kept}, lacking, _defaults(template))
    return filled


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(each["Default"]) for name, each in template["Parameters"].items() if "Default" in each}


def _filled(value: Any, lacking: Lacking, defaults: Mapping[str, str]) -> Any:  # noqa: ANN401 -- any JSON
    match value:
        case {"Ref": str(name)} if name in lacking:
            return _made_up(lacking, name)
        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in lacking:
            return _made_up(lacking, name, attribute)
        case {"Fn::Cidr": [{"Ref": parameter}, int(count), int(host_bits)]}:
            blocks = ipaddress.ip_network(defaults[parameter]).subnets(new_prefix=32 - host_bits)
            return [str(block) for block, _ in zip(blocks, range(count), strict=False)]
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _substituted(text, lacking)}
        case {"Fn::Sub": [str(text), values]}:
            return {"Fn::Sub": [_substituted(text, lacking), _filled(values, lacking, defaults)]}
        case dict():
            return {key: _filled(each, lacking, defaults) for key, each in value.items()}
        case list():
            return [_filled(each, lacking, defaults) for each in value]
        case _:
            return value


def _substituted(text: str, lacking: Lacking) -> str:
    def made_up(found: re.Match[str]) -> str:
        return _made_up(lacking, found[1], found[2]) if found[1] in lacking else found[0]

    return re.sub(r"\$\{(\w+)(?:\.(\w+))?\}", made_up, text)


def _made_up(lacking: Lacking, name: str, attribute: str | None = None) -> str:
    """An ARN where one is asked for, or is what a Ref of that type gives; otherwise a name."""
    is_arn = attribute is not None and attribute.endswith("Arn")
    if is_arn or (attribute is None and lacking[name] == "AWS::ECS::TaskDefinition"):
        return f"arn:aws:{lacking[name].split('::')[1].lower()}:us-east-1:000000000000:{name}"
    return name.lower()
