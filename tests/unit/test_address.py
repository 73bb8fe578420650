"""The address of a client behind CloudFront, and as the name of a caller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.address import UNKNOWN, behind_cloudfront, caller_at

EDGE = "130.176.0.9"
VIEWER = "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded_for", "expected"),
    [
        (VIEWER, VIEWER),
        (f"{VIEWER}, {EDGE}", VIEWER),
        (f"6.6.6.6, {VIEWER}, {EDGE}", VIEWER),
        (f"6.6.6.6,{VIEWER}", VIEWER),
        (f"{EDGE}, {VIEWER}, {EDGE}", VIEWER),
        ("2001:db8::7, 130.176.0.9", "2001:db8::7"),
        (EDGE, EDGE),
        ("", EDGE),
        ("nonsense", EDGE),
        (f"{VIEWER}, ", EDGE),
    ],
)
def test_the_viewer_is_the_last_address_that_cloudfront_appended(forwarded_for: str, expected: str) -> None:
    """Every earlier entry is the viewer's own, and may be forged."""
    assert behind_cloudfront(EDGE, forwarded_for) == expected


@given(forged=st.text(max_size=60))
def test_no_forged_header_changes_the_viewers_address(forged: str) -> None:
    """CloudFront appends to the header that the viewer sent."""
    assert behind_cloudfront(EDGE, f"{forged}, {VIEWER}, {EDGE}") == VIEWER
    assert behind_cloudfront(EDGE, f"{forged}, {VIEWER}") == VIEWER


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (VIEWER, "address 203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "address 2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "address 2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "address 203.0.113.9"),
        ("fe80::1%eth0", "address fe80::/64"),
        (None, UNKNOWN),
        ("testclient", UNKNOWN),
    ],
)
def test_a_caller_without_a_token_is_its_address(address: str | None, expected: str) -> None:
    """A client has all addresses of its /64, so these are one caller."""
    assert caller_at(address) == expected
