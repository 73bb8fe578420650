"""CloudFront's rules, with the behaviors and policies of infra/edge.yaml."""

import copy
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session

from local.cloudformation_template import parse
from local.cloudformation_values import Values
from local.distribution import Behavior, InvalidPolicyError, behavior_of, behaviors
from local.embedded_aws import ROOT
from service.api.middleware.origin_secret import HEADER
from service.playback.grant import Grant
from service.playback.signer import Signer
from tests.playback_server import new_key_pair
from transcode.guarded_files import GUARDED_FOLDER

TEMPLATE = dict(parse((ROOT / "infra" / "edge.yaml").read_text(encoding="utf-8")))
PARAMETERS = {"ApiOriginDomain": "api", "OriginSecretArn": "arn:aws:secretsmanager:x", "PlaybackPublicKey": "a key"}
IMPORTS = {"mediaconvert-status-OutputBucket": "videos", "mediaconvert-status-UploadPrefix": "uploads/"}
NONE: Mapping[str, str] = {}
API_PATHS = ["/jobs", "/jobs/1-a", "/uploads", "/events", "/limits", "/s3/params", "/readyz", "/openapi.json"]
POSTER_PATH = f"/uploads/1/clip.mp4_1/{GUARDED_FOLDER}/1/clip_poster.0000001.jpg"
KEY_PATH, PLAYLIST_PATH = "/uploads/1/clip.mp4_1/clip.key", "/uploads/1/clip.mp4_1/clip.m3u8"


def values(parameters: Mapping[str, str] = NONE) -> Values:
    """Return the template's values with these parameters."""
    secrets = {PARAMETERS["OriginSecretArn"]: "the secret"}
    return Values(TEMPLATE, {**PARAMETERS, **parameters}, imports=IMPORTS, secrets=secrets)


def behavior(path: str, *, template: Mapping[str, Any] = TEMPLATE, parameters: Mapping[str, str] = NONE) -> Behavior:
    """Return the behavior for this path."""
    return behavior_of(path, behaviors(template, values(parameters)))


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return the template with a change of its resources."""
    template = copy.deepcopy(TEMPLATE)
    change(template["Resources"])
    return template


def set_by_the_service() -> set[str]:
    """Return the names of the cookies that the service signs."""
    private, _ = new_key_pair()
    grant = Grant(resource="*", cookie_path="/", expires_s=int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()))
    return set(Signer(key_pair_id="K1", private_key_pem=private).values(grant))


@pytest.mark.parametrize("path", API_PATHS)
def test_cloudfront_forwards_each_cookie_that_the_service_sets(path: str) -> None:
    """If it forwards no cookie, it removes Set-Cookie, and the playback cookies never arrive."""
    cookies = "; ".join(f"{name}=1" for name in sorted(set_by_the_service()))
    sent = [("Cookie", f"{cookies}; other=2"), ("Set-Cookie", "a=1")]
    assert dict(behavior(path).forwarded(sent))["cookie"] == cookies
    assert ("Set-Cookie", "a=1") in behavior(path).returned(sent)


def test_without_forwarded_cookies_cloudfront_removes_set_cookie() -> None:
    """So an origin request policy without cookies fails the test of guarded playback."""

    def forward_no_cookies(resources: dict[str, Any]) -> None:
        policy = resources["WholeRequest"]["Properties"]["OriginRequestPolicyConfig"]
        policy["CookiesConfig"] = {"CookieBehavior": "none"}

    jobs = behavior("/jobs", template=changed(forward_no_cookies))
    assert jobs.returned([("Set-Cookie", "a=1"), ("ETag", "1")]) == [("ETag", "1")]


@pytest.mark.parametrize("path", [KEY_PATH, PLAYLIST_PATH, "/", "/assets/page.js"])
def test_cloudfront_forwards_no_cookies_to_the_buckets(path: str) -> None:
    """Cookies would divide the cache, and S3 doesn't read them."""
    assert behavior(path).forwarded([("Cookie", "CloudFront-Policy=1"), ("Range", "bytes=0-1")]) == [
        ("Range", "bytes=0-1")
    ]


@pytest.mark.parametrize("path", API_PATHS)
def test_the_api_gets_the_whole_request_but_host_and_the_origin_secret(path: str) -> None:
    """CloudFront replaces a viewer's header that has the name of its own."""
    sent = [("Host", "d1.cloudfront.net"), ("Authorization", "Bearer t"), ("Last-Event-ID", "7"), (HEADER, "a guess")]
    assert behavior(path).forwarded(sent) == [
        ("Authorization", "Bearer t"),
        ("Last-Event-ID", "7"),
        (HEADER, "the secret"),
    ]
    assert behavior(path).query.has("input_file")


@pytest.mark.parametrize(
    ("parameters", "is_sent"),
    [({}, True), ({"OriginSecretArn": ""}, False), ({"SendOriginSecret": "false"}, False)],
)
def test_the_api_requires_the_secret_only_if_cloudfront_sends_it(
    parameters: dict[str, str],
    is_sent: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    """The output of edge.yaml is the parameter of lambda.yaml."""
    required = values(parameters).of(TEMPLATE["Outputs"]["RequireOriginSecret"]["Value"])
    assert required == ("true" if is_sent else "false")
    assert bool(behavior("/jobs", parameters=parameters).origin_headers) is is_sent
    assert not behavior("/", parameters=parameters).origin_headers


@pytest.mark.parametrize(("public_key", "is_guarded"), [("a key", True), ("", False)])
def test_only_keys_and_unencrypted_files_need_a_signed_cookie_and_only_with_a_public_key(
    public_key: str,
    is_guarded: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    """Segments are useless without the key."""
    assert behavior(KEY_PATH, parameters={"PlaybackPublicKey": public_key}).needs_signed_cookie is is_guarded
    poster = behavior(POSTER_PATH, parameters={"PlaybackPublicKey": public_key})
    assert (poster.origin, poster.needs_signed_cookie) == ("videos", is_guarded)
    assert not behavior(PLAYLIST_PATH, parameters={"PlaybackPublicKey": public_key}).needs_signed_cookie


@pytest.mark.parametrize(("path", "is_cached"), [(KEY_PATH, False), ("/jobs", False), (PLAYLIST_PATH, True)])
def test_keys_and_api_responses_are_never_cached(
    path: str,
    is_cached: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    """A cached response would be another caller's."""
    assert behavior(path).is_cached is is_cached


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("CookiesConfig", {"CookieBehavior": "whitelist", "Cookies": ["CloudFront-Policy"]}),
        ("HeadersConfig", {"HeaderBehavior": "whitelist", "Headers": ["Authorization"]}),
        ("QueryStringsConfig", {"QueryStringBehavior": "all"}),
        ("EnableAcceptEncodingGzip", True),
    ],
)
def test_a_cache_policy_without_caching_can_not_select_anything(section: str, setting: object) -> None:
    """CloudFront refuses it only when CloudFormation creates it, so the origin request policy selects instead."""

    def select(resources: dict[str, Any]) -> None:
        policy = resources["NoCaching"]["Properties"]["CachePolicyConfig"]
        policy["ParametersInCacheKeyAndForwardedToOrigin"][section] = setting

    with pytest.raises(InvalidPolicyError, match="invalid for policy with caching disabled"):
        behavior("/jobs", template=changed(select))


CHEAPEST_WITH_EDGE_LOCATIONS = {
    "us": "PriceClass_100",
    "ca": "PriceClass_100",
    "mx": "PriceClass_100",
    "eu": "PriceClass_100",
    "il": "PriceClass_100",
    "ap": "PriceClass_200",
    "af": "PriceClass_200",
    "me": "PriceClass_200",
    "sa": "PriceClass_All",
    # Australia and New Zealand
    "ap-southeast-2": "PriceClass_All",
    "ap-southeast-4": "PriceClass_All",
    "ap-southeast-6": "PriceClass_All",
}


@pytest.mark.parametrize("region", get_session().get_available_regions("s3"))
def test_the_price_class_has_edge_locations_near_the_region(region: str) -> None:
    """PriceClass_100 has none in Asia, from where every request would then cross an ocean."""
    continent = region.partition("-")[0]
    expected = CHEAPEST_WITH_EDGE_LOCATIONS.get(region, CHEAPEST_WITH_EDGE_LOCATIONS[continent])
    config = TEMPLATE["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert values({"AWS::Region": region}).of(config["PriceClass"]) == expected
    assert values({"AWS::Region": region, "PriceClass": "PriceClass_All"}).of(config["PriceClass"]) == "PriceClass_All"


def test_a_region_that_opens_later_has_every_edge_location() -> None:
    """A wrong guess would then cost money, not speed."""
    config = TEMPLATE["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert values({"AWS::Region": "xx-north-1"}).of(config["PriceClass"]) == "PriceClass_All"


@pytest.mark.parametrize(("parameter", "service"), [("CertificateArn", "acm"), ("WebAclArn", "wafv2")])
def test_the_certificate_and_the_web_acl_must_be_in_us_east_1(parameter: str, service: str) -> None:
    """CloudFront finds them nowhere else, whatever the deployment's Region is."""
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert re.search(pattern, f"arn:aws:{service}:us-east-1:123456789012:x/1")
    assert not re.search(pattern, f"arn:aws:{service}:eu-west-1:123456789012:x/1")
