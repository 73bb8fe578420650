"""Decides on the firewall of a deployment: a WAF web ACL for CloudFront, with a limit on each address's requests. Pure.

Web ACLs of CloudFront exist only in us-east-1, so the firewall's stack is there, whatever the deployment's Region. Its
name contains that Region: a deployment of the same name in another Region has a firewall of its own.
"""

from deploy.stacks import Stack

FIREWALL = "firewall"
FIREWALL_REGION = "us-east-1"
"""https://docs.aws.amazon.com/waf/latest/developerguide/cloudfront-features.html"""


def firewall_stack(deployment: str, region: str) -> Stack:
    """Return the firewall's stack of a deployment in this Region.

    >>> firewall_stack("videos", "eu-west-1").name
    'videos-firewall-eu-west-1'
    """
    return Stack(role=FIREWALL, name=f"{deployment}-firewall-{region}")


def is_firewall_possible(region: str) -> bool:
    """Return whether the Region is in the partition that has us-east-1; WAF for CloudFront exists nowhere else.

    >>> is_firewall_possible("eu-west-1"), is_firewall_possible("cn-north-1")
    (True, False)
    """
    return not region.startswith(("cn-", "eusc-", "us-gov-")) and "-iso" not in region


def is_firewall_wanted(choice: str, *, is_access_open: bool, has_other_web_acl: bool, exists: bool) -> bool:
    """Return whether the deployment has a firewall; `choice` is the parameter Firewall of infra/edge.yaml.

    With `auto`, a deployment whose API needs no token gets one, and an existing one stays.
    """
    if choice == "off" or has_other_web_acl:
        return False
    return choice == "on" or exists or is_access_open
