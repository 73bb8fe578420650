"""The address of a client: behind CloudFront, and as the name of a caller while access control is off. Pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

UNKNOWN = "address unknown"
IPV6_PREFIX_BITS = 64
"""A provider gives a customer at least a /64, so a client has all of these addresses."""


def behind_cloudfront(peer: str, forwarded_for: str) -> str:
    """Return the viewer's address from the X-Forwarded-For of a request that CloudFront sent.

    CloudFront appends the address from which the viewer connected. API Gateway or a load balancer may append `peer`,
    the address of CloudFront from which it received the request. Viewers can forge all earlier entries.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html

    >>> behind_cloudfront("130.176.0.9", "6.6.6.6, 203.0.113.9, 130.176.0.9")
    '203.0.113.9'
    >>> behind_cloudfront("130.176.0.9", "6.6.6.6, 203.0.113.9")
    '203.0.113.9'
    """
    entries = [entry.strip() for entry in forwarded_for.split(",")]
    if entries[-1] == peer:
        entries.pop()
    return entries[-1] if entries and _parsed(entries[-1]) is not None else peer


def caller_at(address: str | None) -> str:
    """Return the name under which limits count the clients at this address.

    >>> caller_at("2001:db8::1:2:3:4")
    'address 2001:db8::/64'
    >>> caller_at("::ffff:203.0.113.9")
    'address 203.0.113.9'
    """
    parsed = _parsed(address or "")
    match parsed:
        case None:
            return UNKNOWN
        case IPv6Address(ipv4_mapped=None):
            return f"address {IPv6Network((int(parsed), IPV6_PREFIX_BITS), strict=False)}"
        case IPv6Address():
            return f"address {parsed.ipv4_mapped}"
        case _:
            return f"address {parsed}"


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
