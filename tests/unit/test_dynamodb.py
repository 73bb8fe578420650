"""Items, updates and conditions in DynamoDB's request format."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.dynamodb import Condition, Update, decode, encode
from transcode.job import FINAL, Job, JobWarning, Status
from transcode.status_table import job_from_row

SCALARS = (
    st.booleans() | st.integers(-(10**37), 10**37) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text("ab", min_size=1), SCALARS, max_size=3)


@given(st.dictionaries(st.text("abc", min_size=1), VALUES, max_size=4))
def test_an_encoded_item_decodes_to_itself(item: dict[str, Any]) -> None:
    """Numbers are decoded as Decimal, which compares equal to int."""
    assert decode(encode(item)) == item


def test_none_is_left_out_of_an_item() -> None:
    """An unknown optional attribute is absent; false, zero and the empty string are values."""
    assert encode({"Phase": None, "Refused": False, "ProgressRate": 0, "Owner": ""}) == {
        "Refused": {"BOOL": False},
        "ProgressRate": {"N": "0"},
        "Owner": {"S": ""},
    }


def test_string_sets_decode_to_sets_and_numbers_to_decimals() -> None:
    """boto3 represents the values in the same way."""
    assert decode({"Warnings": {"SS": ["7 odd", "3"]}, "EventTime": {"N": "1763798401000"}}) == {
        "Warnings": {"7 odd", "3"},
        "EventTime": Decimal(1763798401000),
    }


def test_an_update_names_every_attribute_by_an_alias() -> None:
    """DynamoDB reserves Status, Name, Size and many other words."""
    update = Update().set(Status="X", Size=1).set_once(Name="n").add("Count", ["a"]).remove("Error")
    request = update.where(update.absent("Ttl"), update.compare("Time", "<", 5)).request()
    expressions = f"{request['UpdateExpression']} {request['ConditionExpression']}"
    for word in ("Status", "Size", "Name", "Count", "Error", "Ttl", "Time"):
        assert request["ExpressionAttributeNames"][f"#{word}"] == word
        assert expressions.replace(f"#{word}", "").count(word) == 0


def test_an_update_contains_each_clause_once() -> None:
    """Several calls of `set`, `add` or `remove` are combined into one clause."""
    update = Update().set(A=1).remove("B").set(C=2).set_once(D=3).add("E", ["x"]).remove("F")
    assert update.request() == {
        "UpdateExpression": "SET #A = :v0, #C = :v1, #D = if_not_exists(#D, :v2) ADD #E :v3 REMOVE #B, #F",
        "ExpressionAttributeNames": {f"#{name}": name for name in "ABCDEF"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}, ":v1": {"N": "2"}, ":v2": {"N": "3"}, ":v3": {"SS": ["x"]}},
    }


def test_none_and_empty_sets_are_left_out_of_an_update() -> None:
    """DynamoDB refuses an empty set, and a null would overwrite the stored value."""
    request = Update().set(A=None, B=0).set_once(C=None).add("D", []).request()
    assert request == {
        "UpdateExpression": "SET #B = :v0",
        "ExpressionAttributeNames": {"#B": "B"},
        "ExpressionAttributeValues": {":v0": {"N": "0"}},
    }


def test_where_clauses_are_joined_by_and_and_their_alternatives_by_or() -> None:
    """Each `where` adds one requirement, which any of its alternatives meets."""
    condition = Condition()
    condition.where(condition.absent("A"), condition.compare("A", "<=", 3)).where(condition.compare("B", "=", "x"))
    assert condition.request()["ConditionExpression"] == "(attribute_not_exists(#A) OR #A <= :v0) AND (#B = :v1)"


def test_a_condition_without_values_sends_no_values() -> None:
    """DynamoDB refuses an empty ExpressionAttributeValues map."""
    condition = Condition()
    assert condition.where(condition.absent("A")).request() == {
        "ExpressionAttributeNames": {"#A": "A"},
        "ConditionExpression": "(attribute_not_exists(#A))",
    }


def test_a_condition_on_a_set_is_deterministic() -> None:
    """The final statuses are sorted, because the order of a set varies."""
    condition = Condition()
    assert condition.not_in("S", FINAL) == "NOT #S IN (:v0, :v1, :v2)"
    values = condition.request()["ExpressionAttributeValues"]
    assert values == {":v0": {"S": "CANCELED"}, ":v1": {"S": "COMPLETE"}, ":v2": {"S": "ERROR"}}


@pytest.mark.parametrize("number", [1.5, float("nan")])
def test_a_float_is_refused(number: float) -> None:
    """DynamoDB has no floats, and silent rounding would be worse than an error."""
    with pytest.raises(TypeError):
        encode({"A": number})


def test_a_row_with_only_an_id_and_a_status_is_a_job() -> None:
    """Rows that the first version of this system wrote have no other attributes."""
    assert job_from_row({"JobId": "1-a", "JobStatus": "SUBMITTED"}) == Job(job_id="1-a", status=Status.SUBMITTED)


@pytest.mark.parametrize(
    ("member", "warning"), [("7", JobWarning(code=7)), ("7 two words", JobWarning(code=7, message="two words"))]
)
def test_a_warning_is_stored_as_its_code_and_message_in_one_string(member: str, warning: JobWarning) -> None:
    """A string set holds warnings in any order."""
    assert job_from_row({"JobId": "1-a", "JobStatus": "ERROR", "Warnings": {member}}).warnings == {warning}
