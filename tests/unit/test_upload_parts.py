"""The parts that a multipart upload may have: their numbers, their lengths, and the parts of unknown length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.uploads.acceptance import Acceptance
from service.uploads.parts import (
    MAX_MISSING_PARTS,
    MAX_PART_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    PartPlan,
    etag_of_parts,
    stated_part_bytes,
)
from transcode.errors import InvalidPartsError, UploadTooLargeError

MIB = 1024**2
GIB = 1024**3


@pytest.mark.parametrize(
    ("size_bytes", "part_bytes", "lengths"),
    [
        (1_000, None, [1_000]),
        (5 * MIB, None, [5 * MIB]),
        (1_000, 16 * MIB, [1_000]),
        (16 * MIB, 8 * MIB, [8 * MIB, 8 * MIB]),
        (17 * MIB, 8 * MIB, [8 * MIB, 8 * MIB, MIB]),
        (5 * MIB + 1, None, [None, None]),
    ],
)
def test_a_part_of_known_length_is_bound_to_it(
    size_bytes: int, part_bytes: int | None, lengths: list[int | None]
) -> None:
    """The client stated both lengths, or the file fits into one part."""
    plan = PartPlan(max_bytes=size_bytes, is_announced=True, part_bytes=part_bytes)
    assert [plan.length_bytes(number) for number in range(1, plan.max_number + 1)] == lengths


@given(st.integers(1, 5 * 1024**4), st.integers(0, 10 * GIB))
def test_parts_of_known_length_have_exactly_the_announced_bytes(size_bytes: int, part_bytes: int) -> None:
    """All signed parts together store no more than the caller announced, and no part number is above S3's limit."""
    stated = stated_part_bytes(part_bytes, announced_bytes=size_bytes)
    plan = PartPlan(max_bytes=size_bytes, is_announced=True, part_bytes=stated)
    assert plan.max_number <= MAX_PARTS
    if stated is not None:
        last_bytes = plan.length_bytes(plan.max_number)
        assert last_bytes is not None
        assert (plan.max_number - 1) * stated + last_bytes == size_bytes
        assert 0 < last_bytes <= stated


@pytest.mark.parametrize(
    ("max_bytes", "part_bytes", "largest"),
    [
        (1_000, None, 1),
        (5 * 1024**4, None, MAX_PARTS),
        (MAX_PARTS * MIN_PART_BYTES, MIN_PART_BYTES, MAX_PARTS),
        (MAX_PARTS * MIN_PART_BYTES - MIN_PART_BYTES, MIN_PART_BYTES, MAX_PARTS - 1),
    ],
)
def test_no_part_number_beyond_the_need_is_signed(max_bytes: int, part_bytes: int | None, largest: int) -> None:
    """Up to S3's 10,000 parts."""
    plan = PartPlan(max_bytes=max_bytes, is_announced=part_bytes is not None, part_bytes=part_bytes)
    plan.check_number(largest)
    with pytest.raises(InvalidPartsError, match=f"at most {largest} parts"):
        plan.check_number(largest + 1)


@pytest.mark.parametrize(
    ("part_bytes", "announced_bytes", "stated"),
    [
        (MIN_PART_BYTES, MAX_PARTS * MIN_PART_BYTES, MIN_PART_BYTES),
        (MIN_PART_BYTES, MAX_PARTS * MIN_PART_BYTES + 1, None),
        (MIN_PART_BYTES - 1, 100, None),
        (MAX_PART_BYTES, 100, MAX_PART_BYTES),
        (MAX_PART_BYTES + 1, 100, None),
        (8 * MIB, None, None),
        (None, 100, None),
    ],
)
def test_a_stated_length_that_s3_could_not_have_counts_as_unknown(
    part_bytes: int | None, announced_bytes: int | None, stated: int | None
) -> None:
    """S3's limits are 5 MiB, 5 GiB and 10,000 parts."""
    assert stated_part_bytes(part_bytes, announced_bytes=announced_bytes) == stated


def test_a_part_of_unknown_length_needs_room() -> None:
    """The other parts that S3 has must leave some of the bytes; the part itself may be sent again."""
    plan = Acceptance(profiles={"hls": ()}, max_bytes=20 * MIB, max_duration_s=60).part_plan(
        announced_bytes=None, part_bytes=None
    )
    plan.check_room(3, {1: 8 * MIB, 2: 8 * MIB})
    plan.check_room(2, {1: 8 * MIB, 2: 12 * MIB})
    for stored in ({1: 20 * MIB}, {1: 8 * MIB, 2: 12 * MIB}, {4: 5 * GIB}):
        with pytest.raises(UploadTooLargeError):
            plan.check_room(3, stored)


def test_few_parts_of_unknown_length_are_on_their_way() -> None:
    """A client could collect URLs before it sends the first part, and then send 5 GiB to each."""
    plan = PartPlan(max_bytes=MAX_PARTS * MIN_PART_BYTES, is_announced=True)
    plan.check_room(MAX_MISSING_PARTS, {})
    plan.check_room(MAX_PARTS, dict.fromkeys(range(1, MAX_PARTS - MAX_MISSING_PARTS + 1), 1))
    for number, stored in ((MAX_MISSING_PARTS + 1, {}), (MAX_PARTS, dict.fromkeys(range(1, 9_900), 1))):
        with pytest.raises(InvalidPartsError, match="Send the parts before this one first"):
            plan.check_room(number, stored)


def test_the_etag_of_an_encrypted_bucket_is_unknown() -> None:
    """An ETag that is not an MD5 can't be compared."""
    assert etag_of_parts({1: "not-an-md5"}) is None
