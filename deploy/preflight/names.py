"""The names that a deployment gives to resources, where a second resource of that name can't exist. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.preflight.facts import Intent
from deploy.stacks import stack

CLOUDFRONT_POLICIES: Mapping[str, tuple[str, str]] = {
    "L-7D134442": ("list_cache_policies", "CachePolicy"),
    "L-C3659C43": ("list_origin_request_policies", "OriginRequestPolicy"),
    "L-CF0D4FC5": ("list_response_headers_policies", "ResponseHeadersPolicy"),
}
"""The operation that lists the policies, and their type in its response, by the code of their quota."""
POLICY_SUFFIXES = ("api", "nothing", "page", "videos", "keys", "files", "playback")
"""The last parts of the names of CloudFront's policies in infra/edge.yaml."""
LOG_GROUPS: Mapping[str, tuple[str, ...]] = {
    "lambda": ("/aws/lambda/{}-service", "/aws/lambda/{}-worker", "/aws/vendedlogs/{}-api"),
    "fargate": ("/ecs/{}-service", "/ecs/{}-worker"),
}
"""The log groups in the template of each target."""
TABLE_PARAMETERS = ("InputFileTableName", "OutputTableName", "StatusTableName")
BUCKET_PARAMETERS = ("InputBucketName", "OutputBucketName")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNames:
    """Names of resources that the new stacks of a deployment create."""

    tables: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


def wanted(intent: Intent, statuses: Mapping[str, str | None]) -> WantedNames:
    """Return the names that are still needed: those of stacks that don't exist."""
    new = {role for role in intent.parameters if statuses.get(stack(role, intent.deployment).name) is None}
    pipeline = intent.parameters["pipeline"] if "pipeline" in new else {}
    target = intent.target if intent.target in new else ""
    prefix = f"{intent.deployment}-{intent.region}"
    return WantedNames(
        tables=tuple(pipeline[name] for name in TABLE_PARAMETERS if pipeline.get(name)),
        buckets=tuple(pipeline[name] for name in BUCKET_PARAMETERS if pipeline.get(name)),
        log_groups=tuple(each.format(intent.deployment) for each in LOG_GROUPS.get(target, ())),
        policies=tuple(f"{prefix}-{suffix}" for suffix in POLICY_SUFFIXES) if "edge" in new else (),
    )
