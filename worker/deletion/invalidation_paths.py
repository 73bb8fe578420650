"""The paths of CloudFront invalidations, and how those of several deletions become one request. Pure.

CloudFront allows 15 paths with a wildcard in progress at a time, in all requests of a distribution together.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations
"""

import hashlib
from collections.abc import Collection
from itertools import takewhile
from urllib.parse import quote

MAX_WILDCARDS = 15
_SAFE = "/-_.~"


def invalidation_path(output_prefix: str) -> str:
    """Return the path of everything below the outputs of one upload. URLs are percent-encoded, so the path is too.

    >>> invalidation_path("uploads/1f/a cat.mp4_")
    '/uploads/1f/a%20cat.mp4_*'
    """
    return f"/{quote(output_prefix, safe=_SAFE)}*"


def merged_paths(paths: Collection[str]) -> list[str]:
    """Return the paths of one request: the same, or a single one that contains all if they are too many.

    A single wildcard also removes other videos from the cache. CloudFront then reads these from the bucket again.

    >>> merged_paths(["/uploads/2/b_*", "/uploads/1/a_*"])
    ['/uploads/1/a_*', '/uploads/2/b_*']
    >>> merged_paths([f"/uploads/{number}/a_*" for number in range(16)])
    ['/uploads/*']
    """
    ordered = sorted(set(paths))
    if len(ordered) <= MAX_WILDCARDS:
        return ordered
    # All others are between the first and the last one, so the common part of these two is that of all.
    same = takewhile(lambda pair: pair[0] == pair[1], zip(ordered[0], ordered[-1], strict=False))
    common = "".join(character for character, _ in same)
    return [f"{common[: common.rindex('/') + 1]}*"]


def caller_reference(requests: Collection[str]) -> str:
    """Return the name of a request. CloudFront makes one invalidation of repeated requests with one name."""
    return hashlib.sha256("\n".join(sorted(requests)).encode()).hexdigest()[:40]
