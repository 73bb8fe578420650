"""Shortens a template to CloudFormation's limit for the body of a request. Pure.

A longer template would have to be in S3, in a bucket that doesn't exist before the first stack.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

MAX_BYTES = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
CHECKS = "checkov:"
"""The key in a resource's metadata with the suppressed checks of checkov. AWS doesn't read it."""


def without_comments(template: str) -> str:
    r"""Return the YAML template without its empty lines, the lines that are only a comment, and checkov's metadata.

    A line of a block scalar that begins with # would be lost too, so a test compares the parsed templates.

    >>> without_comments("# first\nResources:\n\n  # the queue\n  Q: {Type: AWS::SQS::Queue} # kept\n")
    'Resources:\n  Q: {Type: AWS::SQS::Queue} # kept\n'
    """
    kept = [line for line in template.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in _without_empty_metadata([*_without_checks(kept)]))


def _without_checks(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines without each mapping of checks."""
    checks_indent: int | None = None
    for line in lines:
        if checks_indent is not None and _indent(line) > checks_indent:
            continue
        checks_indent = _indent(line) if line.strip() == CHECKS else None
        if checks_indent is None:
            yield line


def _without_empty_metadata(lines: list[str]) -> Iterator[str]:
    """Yield the lines without the metadata that has nothing else."""
    for line, following in pairwise([*lines, ""]):
        if line.strip() != "Metadata:" or _indent(following) > _indent(line):
            yield line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
