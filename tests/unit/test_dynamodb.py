"""Items and updates in DynamoDB's dialect."""

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
def test_what_is_encoded_comes_back(item: dict[str, Any]) -> None:
    """Numbers return as Decimal, which compares equal."""
    assert decode(encode(item)) == item


def test_what_is_none_is_left_out_of_an_item() -> None:
    """An optional attribute that isn't known is absent; false, zero and the empty text are known."""
    assert encode({"Phase": None, "Refused": False, "ProgressRate": 0, "Owner": ""}) == {
        "Refused": {"BOOL": False},
        "ProgressRate": {"N": "0"},
        "Owner": {"S": ""},
    }


def test_sets_are_sets_and_numbers_decimals() -> None:
    """As the table gives them."""
    assert decode({"Warnings": {"SS": ["7 odd", "3"]}, "EventTime": {"N": "1763798401000"}}) == {
        "Warnings": {"7 odd", "3"},
        "EventTime": Decimal(1763798401000),
    }


def test_an_update_names_every_attribute_by_an_alias() -> None:
    """Status, Name, Size and most other good words are reserved."""
    update = Update().set(Status="X", Size=1).set_once(Name="n").add("Count", ["a"]).remove("Error")
    request = update.where(update.absent("Ttl"), update.compare("Time", "<", 5)).request()
    written = f"{request['UpdateExpression']} {request['ConditionExpression']}"
    for word in ("Status", "Size", "Name", "Count", "Error", "Ttl", "Time"):
        assert request["ExpressionAttributeNames"][f"#{word}"] == word
        assert written.replace(f"#{word}", "").count(word) == 0


def test_an_update_says_each_verb_once() -> None:
    """However often it is told to set something."""
    update = Update().set(A=1).remove("B").set(C=2).set_once(D=3).add("E", ["x"]).remove("F")
    assert update.request() == {
        "UpdateExpression": "SET #A = :v0, #C = :v1, #D = if_not_exists(#D, :v2) ADD #E :v3 REMOVE #B, #F",
        "ExpressionAttributeNames": {f"#{name}": name for name in "ABCDEF"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}, ":v1": {"N": "2"}, ":v2": {"N": "3"}, ":v3": {"SS": ["x"]}},
    }


def test_what_is_none_or_empty_is_left_out_of_an_update() -> None:
    """DynamoDB refuses an empty set, and None would overwrite what stands."""
    request = Update().set(A=None, B=0).set_once(C=None).add("D", []).request()
    assert request == {
        "UpdateExpression": "SET #B = :v0",
        "ExpressionAttributeNames": {"#B": "B"},
        "ExpressionAttributeValues": {":v0": {"N": "0"}},
    }


def test_demands_add_up_and_alternatives_stand_together() -> None:
    """Each `where` is one more demand, met by any of its alternatives."""
    condition = Condition()
    condition.where(condition.absent("A"), condition.compare("A", "<=", 3)).where(condition.compare("B", "=", "x"))
    assert condition.request()["ConditionExpression"] == "(attribute_not_exists(#A) OR #A <= :v0) AND (#B = :v1)"


def test_a_demand_without_values_sends_none() -> None:
    """DynamoDB refuses an empty map of them."""
    condition = Condition()
    assert condition.where(condition.absent("A")).request() == {
        "ExpressionAttributeNames": {"#A": "A"},
        "ConditionExpression": "(attribute_not_exists(#A))",
    }


def test_one_update_is_written_the_same_each_time() -> None:
    """A set's order must not show: final statuses come sorted."""
    condition = Condition()
    assert condition.not_in("S", FINAL) == "NOT #S IN (:v0, :v1, :v2)"
    sent = condition.request()["ExpressionAttributeValues"]
    assert sent == {":v0": {"S": "CANCELED"}, ":v1": {"S": "COMPLETE"}, ":v2": {"S": "ERROR"}}


@pytest.mark.parametrize("number", [1.5, float("nan")])
def test_a_float_is_refused_before_it_is_sent(number: float) -> None:
    """DynamoDB has none, and rounding one unseen would be worse."""
    with pytest.raises(TypeError):
        encode({"A": number})


def test_a_row_of_the_fewest_attributes_is_a_job() -> None:
    """Rows that the first version of this system wrote have no others."""
    assert job_from_row({"JobId": "1-a", "JobStatus": "SUBMITTED"}) == Job(job_id="1-a", status=Status.SUBMITTED)


@pytest.mark.parametrize(
    ("member", "warning"), [("7", JobWarning(code=7)), ("7 two words", JobWarning(code=7, message="two words"))]
)
def test_a_warning_is_kept_as_one_text(member: str, warning: JobWarning) -> None:
    """A set of texts takes warnings in any order; the code comes first."""
    assert job_from_row({"JobId": "1-a", "JobStatus": "ERROR", "Warnings": {member}}).warnings == {warning}
