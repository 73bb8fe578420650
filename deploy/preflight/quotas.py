"""The quotas that a deployment meets, and what they allow. Pure.

Service Quotas returns the values that apply to the account. A quota is found by its code, or by its name if AWS has
changed the code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.preflight.findings import Finding, Unread, fail, note, ok, unchecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A quota's value in the account."""

    code: str
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class CountedQuota:
    """A quota on the number of resources, of which a new stack creates some."""

    service: str
    code: str
    name: str
    """The beginning of its name in Service Quotas; also in lower case."""
    label: str
    """Its name in the table of findings."""
    role: str
    """The role of the stack that creates the resources."""
    creates: int
    default: int | None
    """AWS's default, for an account whose quotas can't be read; None if no public page states it."""

    def request(self, limit: float) -> int:
        """Return the value to request when the limit is reached: twice AWS's default, or twice the limit."""
        return round(2 * (self.default or limit))


COUNTED: Sequence[CountedQuota] = tuple(
    CountedQuota(*row)
    for row in (
        # service, code, beginning of the name, label, role, creates, default
        ("cloudfront", "L-7D134442", "Cache policies", "CloudFront cache policies", "edge", 3, 20),
        ("cloudfront", "L-C3659C43", "Origin request", "CloudFront origin request policies", "edge", 1, 20),
        ("cloudfront", "L-CF0D4FC5", "Response headers", "CloudFront response headers policies", "edge", 5, 20),
        ("mediaconvert", "L-44E8E4BC", "Queues", "MediaConvert queues", "mediaconvert", 1, 10),
        ("mediaconvert", "L-FFA964F8", "Custom job templates", "MediaConvert job templates", "mediaconvert", 3, 100),
        ("vpc", "L-F678F1CE", "VPCs per Region", "VPCs", "fargate", 1, 5),
    )
)
"""Sources of codes and defaults:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
https://docs.aws.amazon.com/general/latest/gr/mediaconvert.html
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
CONCURRENT_JOBS = ("L-89D4C825", "Concurrent jobs")
"""MediaConvert's quota on jobs that run at once in an account; more jobs wait in the queue.
https://docs.aws.amazon.com/general/latest/gr/mediaconvert.html"""
FARGATE_VCPUS = ("L-3032A538", "Fargate On-Demand vCPU resource count")
SPOT_VCPUS = ("L-36FBB829", "Fargate Spot vCPU resource count")
"""https://docs.aws.amazon.com/general/latest/gr/ecs-service.html"""
SERVICES = ("cloudfront", "fargate", "mediaconvert", "vpc")
CPU_UNITS = 1024
"""ECS's units of one vCPU."""


def find(quotas: Sequence[Quota], code: str, name: str) -> Quota | None:
    """Return the quota with this code, or else the first one whose name begins so.

    >>> find([Quota(code="L-2", name="Concurrent jobs per account", value=20)], "L-1", "Concurrent jobs")
    Quota(code='L-2', name='Concurrent jobs per account', value=20)
    """
    named = [each for each in quotas if each.name.lower().startswith(name.lower())]
    return next((each for each in quotas if each.code == code), named[0] if named else None)


def check_count(quota: CountedQuota, quotas: Sequence[Quota] | Unread, used: int | Unread, *, is_new: bool) -> Finding:
    """Return whether the account has room for the resources that the stack creates, if it is new."""
    check = f"quota: {quota.label}"
    if isinstance(used, Unread):
        return unchecked(check, used)
    known = None if isinstance(quotas, Unread) else find(quotas, quota.code, quota.name)
    limit = known.value if known else quota.default
    if limit is None:
        return unchecked(check, quotas if isinstance(quotas, Unread) else Unread(reason="AWS lists no such quota"))
    source = "" if known else " (AWS's default, as the account's value can't be read)"
    state = f"{used} of {limit:.0f} used{source}"
    creates = quota.creates if is_new else 0
    if used + creates > limit:
        return fail(
            check,
            f"{state}, and this deployment creates {creates}: delete unused ones, or request {quota.request(limit)} in "
            f"Service Quotas ({quota.service}, code {quota.code})",
        )
    return ok(check, f"{state}, {creates} more needed" if creates else state)


def check_jobs(quotas: Sequence[Quota] | Unread) -> list[Finding]:
    """Return how many jobs run at once, and the request rates that AWS lists for MediaConvert."""
    check = "quota: MediaConvert jobs at once"
    if isinstance(quotas, Unread):
        return [unchecked(check, quotas)]
    jobs = find(quotas, *CONCURRENT_JOBS)
    if jobs is None:
        finding = unchecked(check, Unread(reason=f"AWS lists no quota {CONCURRENT_JOBS[0]}"))
    elif jobs.value < 1:
        finding = fail(check, f"0: request at least 20 in Service Quotas (mediaconvert, code {jobs.code})")
    else:
        more = f"more jobs wait; request a higher value in Service Quotas (mediaconvert, code {jobs.code})"
        finding = note(check, f"{jobs.value:.0f} at once; {more}")
    rates = [f"{each.name}: {each.value:g} ({each.code})" for each in quotas if "rate" in each.name.lower().split()]
    text = "; ".join(rates) or "AWS lists none; calls above the rate get 429 and are repeated"
    return [finding, note("quota: MediaConvert request rates", text)]


def check_vcpus(parameters: Mapping[str, str], quotas: Sequence[Quota] | Unread) -> list[Finding]:
    """Return whether Fargate's quotas allow the tasks; a deployment runs old and new tasks together."""
    service_vcpus = _vcpus(parameters, "Service", "MinTasks")
    worker_vcpus = _vcpus(parameters, "Worker", "MinTasks")
    wanted = (
        (FARGATE_VCPUS, 2 * service_vcpus, _vcpus(parameters, "Service", "MaxTasks")),
        (SPOT_VCPUS, 2 * worker_vcpus, _vcpus(parameters, "Worker", "MaxTasks")),
    )
    return [_check_vcpu_quota(code, name, quotas, needed, most) for (code, name), needed, most in wanted]


def _vcpus(parameters: Mapping[str, str], process: str, tasks: str) -> float:
    return int(parameters[f"{process}{tasks}"]) * int(parameters[f"{process}Cpu"]) / CPU_UNITS


def _check_vcpu_quota(code: str, name: str, quotas: Sequence[Quota] | Unread, needed: float, most: float) -> Finding:
    check = f"quota: {name.removesuffix(' resource count')}"
    if isinstance(quotas, Unread):
        return unchecked(check, quotas)
    quota = find(quotas, code, name)
    if quota is None:
        return unchecked(check, Unread(reason=f"AWS lists no quota {code}"))
    request = f"request {max(8, 2 * most):.0f} in Service Quotas (fargate, code {quota.code})"
    if quota.value < needed:
        return fail(check, f"{quota.value:g}, and the tasks need {needed:g} during a deployment: {request}")
    if quota.value < most:
        return note(check, f"{quota.value:g}, and the tasks of a busy hour need {most:g}: {request}")
    return ok(check, f"{quota.value:g}, the tasks need {needed:g} to {max(needed, most):g}")
