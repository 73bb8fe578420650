"""Reads the tags of a deployment, `TAGS="team=video env=prod"`. Pure.

The stacks have the tags, and CloudFormation gives them to every resource that can have any. The pipeline's stack keeps
them for later runs.
"""

import re
from collections.abc import Mapping, Sequence

MAX_TAGS = 40
"""CloudFormation allows 50 on a stack, and its resources have some of their own."""
MAX_VALUE_LENGTH = 256
KEY = re.compile(r"[A-Za-z0-9 _.:/+@-]{1,128}")
VALUE = re.compile(r"[A-Za-z0-9 _.:/=+@-]{0,256}")


class TagError(Exception):
    """A tag is malformed, or can't change; the message names it."""


def read_tags(assignments: Sequence[str]) -> dict[str, str]:
    """Return the tags by key; an empty value removes the tag.

    >>> read_tags(["team=video", "env=prod"])
    {'team': 'video', 'env': 'prod'}

    Raises:
        TagError: a tag has another form, or AWS doesn't allow it.
    """
    tags: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not KEY.fullmatch(key) or not VALUE.fullmatch(value):
            raise TagError(f"TAGS: {assignment!r} is not key=value, in letters, digits, spaces and _.:/=+@-")
        if key.lower().startswith("aws:"):
            raise TagError(f"TAGS: {key!r} begins with aws:, which is AWS's own")
        if key in tags:
            raise TagError(f"TAGS: {key} is given twice")
        tags[key] = value
    return tags


def merged_tags(current: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the current tags with the given ones; a given tag without a value is removed.

    Raises:
        TagError: there are too many.
    """
    tags = {key: value for key, value in {**current, **given}.items() if value}
    if len(tags) > MAX_TAGS:
        raise TagError(f"TAGS: {len(tags)} tags, and at most {MAX_TAGS} are possible")
    return tags


def demand_tags_changeable(current: Mapping[str, str], tags: Mapping[str, str], *, vpc_origin_in_use: str) -> None:
    """Check that no VPC origin is in use if the tags change: CloudFront refuses to tag it.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html

    Raises:
        TagError: one is.
    """
    if vpc_origin_in_use and dict(current) != dict(tags):
        raise TagError(
            f"TAGS can't change while CloudFront uses the VPC origin {vpc_origin_in_use}. In this order: "
            "1. `make deploy TARGET=lambda` with the old tags, which deletes the VPC origin; "
            "2. `make deploy TARGET=fargate` with the new tags creates it again"
        )
