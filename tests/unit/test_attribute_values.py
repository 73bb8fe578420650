"""The conversion of values to DynamoDB's representation and back, compared with boto3's."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from transcode.attribute_values import from_attribute_value, to_attribute_value
from transcode.job import Status

TEXTS = st.text(max_size=10)
SCALARS = st.none() | st.booleans() | st.integers(-(10**37), 10**37) | TEXTS | st.sampled_from(Status)
VALUES = st.recursive(
    SCALARS | st.sets(TEXTS, min_size=1, max_size=3) | st.frozensets(TEXTS, min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_values_are_represented_as_by_boto3(value: object) -> None:
    """Rows that boto3 wrote and ours have one format."""
    assert to_attribute_value(value) == TypeSerializer().serialize(value)


@given(VALUES)
def test_values_are_read_as_by_boto3(value: object) -> None:
    """Each attribute of a row gets the value and the type that boto3 would return."""
    wire = TypeSerializer().serialize(value)
    ours, theirs = from_attribute_value(wire), TypeDeserializer().deserialize(wire)
    assert (ours, type(ours)) == (theirs, type(theirs))


@pytest.mark.parametrize("value", [1.5, b"x", object()])
def test_a_value_that_no_row_has_is_refused(value: object) -> None:
    """A float would lose digits, and no row has bytes."""
    with pytest.raises(TypeError):
        to_attribute_value(value)


def test_a_type_that_no_row_has_is_refused() -> None:
    """A row that another program wrote may have it."""
    wire: dict[str, Any] = {"NS": [str(Decimal(1))]}
    with pytest.raises(TypeError):
        from_attribute_value(wire)
