"""Parses a CloudFormation template, and reads the properties that provisioning must set where an emulator ignores them.

Pure: a template's text goes in, its values come out. No value is repeated here.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import yaml

Template: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableSettings:
    """Properties of a table that DynamoDB sets in API calls of their own, after CreateTable."""

    logical_id: str
    ttl_attribute: str | None
    is_recoverable: bool
    is_encrypted_by_kms: bool


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Properties of a bucket that S3 sets in API calls of their own, in the shapes of the S3 API."""

    logical_id: str
    lifecycle_rules: tuple[dict[str, Any], ...]


# libyaml's loader is the faster one; the wheels of PyYAML contain it, and a build from source may not.
_SafeLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]  # chosen when the module is imported
    """A YAML loader that accepts CloudFormation's short tags."""


def _long_form(loader: yaml.constructor.SafeConstructor, tag: str, node: yaml.Node) -> dict[str, Any]:
    """Return `!Ref X` as `{"Ref": X}`, `!GetAtt A.B` as `{"Fn::GetAtt": ["A", "B"]}`, and so on."""
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            raise TypeError(f"unknown kind of YAML node: {node}")
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long_form)


def parse(text: str) -> Template:
    """Return the template with its short tags in their long forms, as a copy that the caller may change."""
    return deepcopy(_parsed(text))


@lru_cache(maxsize=32)
def _parsed(text: str) -> Template:
    template: Template = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader, which creates plain values only
    return template


def environment_name(output: str) -> str:
    """Return the setting for an output of the template: `UploadsQueueUrl` is `UPLOADS_QUEUE_URL`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "_", output).upper()


def tables(template: Template) -> list[TableSettings]:
    """Return the settings of every table in the template."""
    return [
        TableSettings(
            logical_id=logical_id,
            ttl_attribute=_ttl_attribute(properties),
            is_recoverable=bool(
                properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
            ),
            is_encrypted_by_kms=bool(properties.get("SSESpecification", {}).get("SSEEnabled")),
        )
        for logical_id, properties in _resources(template, "AWS::DynamoDB::Table")
    ]


def buckets(template: Template) -> list[BucketSettings]:
    """Return the settings of every bucket in the template."""
    return [
        BucketSettings(
            logical_id=logical_id,
            lifecycle_rules=tuple(
                _lifecycle_rule(rule)
                for rule in properties.get("LifecycleConfiguration", {}).get("Rules", [])
                if "Fn::If" not in rule  # the rules of optional parameters, which nothing local sets
            ),
        )
        for logical_id, properties in _resources(template, "AWS::S3::Bucket")
    ]


def _resources(template: Template, resource_type: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (logical_id, resource.get("Properties", {}))
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    ]


def _ttl_attribute(properties: Mapping[str, Any]) -> str | None:
    specification = properties.get("TimeToLiveSpecification", {})
    return specification["AttributeName"] if specification.get("Enabled") else None


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule in the S3 API's shape: `Id` becomes `ID`, and the prefix becomes a `Filter`."""
    if unknown := set(rule) - {"Id", "Status", "Prefix", "AbortIncompleteMultipartUpload", "ExpirationInDays"}:
        raise ValueError(f"provisioning can't translate {', '.join(sorted(unknown))} of lifecycle rule {rule['Id']}")
    translated = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        translated["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "AbortIncompleteMultipartUpload" in rule:
        translated["AbortIncompleteMultipartUpload"] = dict(rule["AbortIncompleteMultipartUpload"])
    return translated
