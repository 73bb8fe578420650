"""Selects the availability zones of the VPC for Fargate. Pure.

A zone's name stands for another zone in each account; its id, `use1-az3`, is the same in all accounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VPC_ORIGINS_EXCLUDE = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "cac1-az3"})
"""Ids of the zones without CloudFront VPC origins.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html"""
FARGATE_ONLY: Mapping[str, frozenset[str]] = {
    "us-west-1": frozenset({"usw1-az1", "usw1-az3"}),
    "ap-northeast-1": frozenset({"apne1-az1", "apne1-az2", "apne1-az4"}),
    "cn-north-1": frozenset({"cnn1-az1", "cnn1-az2"}),
}
"""Ids of the zones with Fargate, in Regions where not all zones have it.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html"""
ZONE_COUNT = 2


class ZoneError(Exception):
    """The account has too few zones that support Fargate and VPC origins; the message gives the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An availability zone of the account."""

    name: str
    zone_id: str


def select_zones(region: str, zones: Sequence[Zone]) -> list[str]:
    """Return the names of two zones that support Fargate and VPC origins.

    >>> zones = [Zone(name=f"us-east-1{letter}", zone_id=f"use1-az{number}") for letter, number in ("a3", "b1", "c2")]
    >>> select_zones("us-east-1", zones)
    ['us-east-1b', 'us-east-1c']

    Raises:
        ZoneError: there are fewer than two.
    """
    supported = sorted(zone.name for zone in zones if _is_supported(region, zone.zone_id))
    if len(supported) < ZONE_COUNT:
        raise ZoneError(
            f"{region}: this account has {len(supported)} zone(s) with both Fargate and CloudFront VPC origins, and "
            "two are needed: use TARGET=lambda, another REGION, or a VPC of your own (VpcId=…)"
        )
    return supported[:ZONE_COUNT]


def _is_supported(region: str, zone_id: str) -> bool:
    return zone_id not in VPC_ORIGINS_EXCLUDE and zone_id in FARGATE_ONLY.get(region, {zone_id})
