"""The addresses to which a webhook may be sent: public ones, so that no endpoint reaches into our network. Pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
"""Networks whose addresses end in an IPv4 address: NAT64, and the deprecated IPv4-compatible addresses."""


def is_public(text: str) -> bool:
    """Return whether the text is an IP address that belongs to a host of the public internet.

    >>> [is_public(each) for each in ("203.0.114.7", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "a.example")]
    [True, False, False, False, False]
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return True
    embedded = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if embedded is None and any(address in network for network in _EMBEDDING):
        embedded = IPv4Address(int(address) & 0xFFFFFFFF)
    return embedded is None or _is_public(embedded)
