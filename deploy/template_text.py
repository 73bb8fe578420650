"""Shortens a template to CloudFormation's limit for the body of a request. Pure.

A longer template would have to be in S3, in a bucket that doesn't exist before the first stack.
"""

import yaml

MAX_BYTES = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
CHECKS = "checkov"
"""The key in a resource's metadata with the suppressed checks of checkov. AWS doesn't read it."""
FLAT = 3
"""Mappings and lists that contain at most this many levels are written on one line."""


def compact(template: str) -> str:
    r"""Return the YAML template without comments and checkov's metadata, with small mappings and lists on one line.

    >>> compact("# first\nResources:\n\n  # the queue\n  Q:\n    Type: T\n")
    'Resources: {Q: {Type: T}}\n'
    """
    root = yaml.compose(template, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("a template is a mapping")
    _shorten(root)
    root.flow_style = False
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, width=1_000_000, allow_unicode=True)
    return text


def _shorten(node: yaml.Node) -> int:
    """Shorten the node and all below it, and return how many levels it contains."""
    if isinstance(node, yaml.MappingNode):
        node.value = [(key, value) for key, value in node.value if not _is_unread(key, value)]
        children = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    else:
        return 0
    levels = 1 + max((_shorten(child) for child in children), default=0)
    node.flow_style = levels <= FLAT
    return levels


def _is_unread(key: yaml.Node, value: yaml.Node) -> bool:
    """Return whether the entry is checkov's, or is metadata that has nothing else."""
    return key.value == CHECKS or (
        key.value == "Metadata"
        and isinstance(value, yaml.MappingNode)
        and all(name.value == CHECKS for name, _ in value.value)
    )
