"""CloudFront's rules for a request, with the behaviors and policies of infra/edge.yaml. Pure.

These are the rules that this system relies on: which behavior a path selects, what CloudFront forwards and caches, and
when it removes Set-Cookie.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-how-origin-request-policies-and-cache-policies-work-together.html
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.cloudformation_template import Template
from local.cloudformation_values import Values

ALWAYS_FORWARDED = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
"""Request headers that CloudFront forwards to every origin."""
Headers = Sequence[tuple[str, str]]


class InvalidPolicyError(ValueError):
    """CloudFront refuses to create this policy; the message has its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The headers, cookies or query parameters that a policy names: those in `names`, or all others."""

    names: frozenset[str]
    is_inverted: bool = False

    def has(self, name: str) -> bool:
        """Return whether the policy selects this name."""
        return (name in self.names) is not self.is_inverted

    @property
    def is_empty(self) -> bool:
        """True if the policy selects nothing."""
        return not self.names and not self.is_inverted


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """CloudFront's treatment of the requests whose path matches."""

    path_pattern: str
    origin: str
    origin_headers: Mapping[str, str]
    allowed_methods: frozenset[str]
    needs_signed_cookie: bool
    is_cached: bool
    headers: Selection
    cookies: Selection
    query: Selection

    def matches(self, path: str) -> bool:
        """Return whether this behavior is for the path; `*` stands for any characters, `?` for one."""
        pattern = re.escape(self.path_pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(pattern, path) is not None

    def forwarded(self, headers: Headers) -> Headers:
        """Return the headers of the request to the origin, Cookie too."""
        own = {name.lower() for name in self.origin_headers}
        kept = [
            (name, value)
            for name, value in headers
            if name.lower() not in {"host", "cookie", *own}
            and (name.lower() in ALWAYS_FORWARDED or self.headers.has(name.lower()))
        ]
        cookies = [
            cookie
            for name, value in headers
            if name.lower() == "cookie"
            for cookie in value.split("; ")
            if self.cookies.has(cookie.partition("=")[0])
        ]
        return [*kept, *([("cookie", "; ".join(cookies))] if cookies else []), *self.origin_headers.items()]

    def returned(self, headers: Headers) -> Headers:
        """Return the headers of the response to the viewer: Set-Cookie only if the behavior forwards cookies."""
        return [(name, value) for name, value in headers if name.lower() != "set-cookie" or not self.cookies.is_empty]


def behaviors(template: Template, values: Values) -> list[Behavior]:
    """Return the behaviors of the template's distribution in the order in which CloudFront compares them.

    Raises:
        InvalidPolicyError: CloudFront would refuse one of the policies.
    """
    config = values.of(template["Resources"]["Distribution"]["Properties"]["DistributionConfig"])
    origins = {origin["Id"]: origin for origin in config["Origins"]}
    default = {**config["DefaultCacheBehavior"], "PathPattern": "*"}
    return [
        _behavior(each, origins[each["TargetOriginId"]], template, values)
        for each in [*config["CacheBehaviors"], default]
    ]


def behavior_of(path: str, ordered: Iterable[Behavior]) -> Behavior:
    """Return the first behavior that matches the path."""
    return next(each for each in ordered if each.matches(path))


def _behavior(config: Mapping[str, Any], origin: Mapping[str, Any], template: Template, values: Values) -> Behavior:
    cache = _policy(config["CachePolicyId"], template, values)["CachePolicyConfig"]
    key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
    is_cached = any(cache[ttl] for ttl in ("MinTTL", "DefaultTTL", "MaxTTL"))
    _demand_valid(cache["Name"], key, is_cached=is_cached)
    request: Mapping[str, Any] = {}
    if "OriginRequestPolicyId" in config:
        request = _policy(config["OriginRequestPolicyId"], template, values)["OriginRequestPolicyConfig"]
    return Behavior(
        path_pattern=config["PathPattern"],
        origin=config["TargetOriginId"],
        origin_headers={each["HeaderName"]: each["HeaderValue"] for each in origin.get("OriginCustomHeaders", [])},
        allowed_methods=frozenset(config["AllowedMethods"]),
        needs_signed_cookie=bool(config.get("TrustedKeyGroups")),
        is_cached=is_cached,
        headers=_union("Header", "Headers", key, request, is_case_sensitive=False),
        cookies=_union("Cookie", "Cookies", key, request),
        query=_union("QueryString", "QueryStrings", key, request),
    )


def _policy(logical_id: str, template: Template, values: Values) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = values.of(template["Resources"][logical_id]["Properties"])
    return properties


def _demand_valid(name: str, key: Mapping[str, Any], *, is_cached: bool) -> None:
    """Check the rule that CloudFormation reports only when it creates the policy."""
    parameters = {
        "EnableAcceptEncodingGzip": key.get("EnableAcceptEncodingGzip", False),
        "EnableAcceptEncodingBrotli": key.get("EnableAcceptEncodingBrotli", False),
        "HeaderBehavior": key["HeadersConfig"]["HeaderBehavior"] != "none",
        "CookieBehavior": key["CookiesConfig"]["CookieBehavior"] != "none",
        "QueryStringBehavior": key["QueryStringsConfig"]["QueryStringBehavior"] != "none",
    }
    for parameter, is_set in parameters.items():
        if is_set and not is_cached:
            raise InvalidPolicyError(f"{name}: The parameter {parameter} is invalid for policy with caching disabled.")


def _union(
    kind: str, plural: str, key: Mapping[str, Any], request: Mapping[str, Any], *, is_case_sensitive: bool = True
) -> Selection:
    """Return what the cache policy and the origin request policy select together."""
    selections = [
        _selection(each[f"{plural}Config"], kind, plural, is_case_sensitive=is_case_sensitive)
        for each in (key, request)
        if each
    ]
    inverted = [each for each in selections if each.is_inverted]
    named = frozenset[str]().union(*(each.names for each in selections if not each.is_inverted))
    if not inverted:
        return Selection(names=named)
    excluded = frozenset.intersection(*(each.names for each in inverted))
    return Selection(names=excluded - named, is_inverted=True)


def _selection(config: Mapping[str, Any], kind: str, plural: str, *, is_case_sensitive: bool) -> Selection:
    names = frozenset(name if is_case_sensitive else name.lower() for name in config.get(plural, []))
    match config[f"{kind}Behavior"]:
        case "none":
            return Selection(names=frozenset())
        case "whitelist":
            return Selection(names=names)
        case "all" | "allViewer" | "allExcept":
            return Selection(names=names, is_inverted=True)
        case other:
            raise ValueError(f"unknown behavior {other}")
