"""Resolves the values of a CloudFormation template for given parameters, as CloudFormation does. Pure.

It knows the functions that infra/edge.yaml uses, and raises an error for others.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.cloudformation_template import Template

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{([^}!]+)\}")
_SECRET = re.compile(r"\{\{resolve:secretsmanager:(.+):SecretString\}\}")


class Values:
    """The values of one template.

    The value of a resource's `Ref` is its logical id, and that of an attribute is `<logical id>.<attribute>`.
    """

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, str],
        *,
        imports: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """`imports` has the values of `Fn::ImportValue` by the export's name, `secrets` has secrets by their ARN."""
        defaults = {
            name: declared["Default"] for name, declared in template["Parameters"].items() if "Default" in declared
        }
        self._parameters = {**PSEUDO_PARAMETERS, **defaults, **parameters}
        self._conditions = template.get("Conditions", {})
        self._imports = imports or {}
        self._secrets = secrets or {}

    def is_true(self, condition: str) -> bool:
        """Return the value of a named condition."""
        return self._is_true(self._conditions[condition])

    def of(self, node: Any) -> Any:  # noqa: ANN401 -- any value of a template
        """Return a part of the template with its functions resolved, without the properties that have no value."""
        match node:
            case {"Ref": name}:
                return NO_VALUE if name == "AWS::NoValue" else self._parameters.get(name, name)
            case dict() if any(name.startswith("Fn::") for name in node):
                return self._result(node)
            case dict():
                return {name: value for name, each in node.items() if (value := self.of(each)) is not NO_VALUE}
            case list():
                return [value for each in node if (value := self.of(each)) is not NO_VALUE]
            case _:
                return node

    def _result(self, function: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any value of a template
        match function:
            case {"Fn::GetAtt": [resource, attribute]}:
                return f"{resource}.{attribute}"
            case {"Fn::If": [condition, then, otherwise]}:
                return self.of(then if self.is_true(condition) else otherwise)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.of(parts))
            case {"Fn::Select": [index, parts]}:
                return self.of(parts)[index]
            case {"Fn::Split": [separator, text]}:
                return self.of(text).split(separator)
            case {"Fn::ImportValue": name}:
                return self._imports[self.of(name)]
            case {"Fn::Sub": [text, variables]}:
                return self._substituted(text, self.of(variables))
            case {"Fn::Sub": text}:
                return self._substituted(text, {})
            case _:
                raise ValueError(f"unknown function {next(iter(function))}")

    def _substituted(self, text: str, variables: Mapping[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(variables[name] if name in variables else self.of({"Ref": name}))

        resolved = _VARIABLE.sub(value, text)
        return _SECRET.sub(lambda match: self._secrets[match[1]], resolved)

    def _is_true(self, node: Any) -> bool:  # noqa: ANN401 -- a condition of a template
        match node:
            case {"Condition": name}:
                return self.is_true(name)
            case {"Fn::Equals": [left, right]}:
                return bool(self.of(left) == self.of(right))
            case {"Fn::Not": [condition]}:
                return not self._is_true(condition)
            case {"Fn::And": conditions}:
                return all(self._is_true(each) for each in conditions)
            case {"Fn::Or": conditions}:
                return any(self._is_true(each) for each in conditions)
            case _:
                raise ValueError(f"unknown condition {node}")
