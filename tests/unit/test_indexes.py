"""An update of the pipeline makes or deletes at most one index of each table, because CloudFormation refuses two.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from transcode.permissions import Resource
from transcode.status_table import OPEN_INDEX

Index = Mapping[str, Any]

RESOURCES = templates.parse((ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8"))["Resources"]
RELEASED = json.loads((ROOT / "infra" / "released_indexes.json").read_text(encoding="utf-8"))
INDEXES = {
    name: each["Properties"].get("GlobalSecondaryIndexes", [])
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::DynamoDB::Table"
}
NEW = {"IndexName": "New", "KeySchema": [{"AttributeName": "A", "KeyType": "HASH"}]}
OTHER = {**NEW, "IndexName": "Other"}


def index_changes(released: Sequence[Index], wanted: Sequence[Index]) -> int:
    """Return the indexes to make and to delete; an index whose keys or projection change is both."""
    return sum(each not in released for each in wanted) + sum(each not in wanted for each in released)


@pytest.mark.parametrize("table", INDEXES)
def test_the_next_release_makes_or_deletes_one_index_of_a_table_at_most(table: str) -> None:
    """infra/released_indexes.json has the indexes of the last released template."""
    assert index_changes(RELEASED[table], INDEXES[table]) <= 1


def test_every_table_of_the_template_is_compared() -> None:
    """A new table needs an entry, without indexes until its first release."""
    assert set(RELEASED) == set(INDEXES)


@pytest.mark.parametrize(
    ("released", "wanted", "changes"),
    [
        ([], [], 0),
        ([], [NEW], 1),
        ([NEW], [NEW], 0),
        ([], [NEW, OTHER], 2),
        ([NEW], [OTHER], 2),
        ([NEW], [{**NEW, "KeySchema": []}], 2),
        ([NEW, OTHER], [OTHER], 1),
    ],
    ids=["none", "one is new", "no change", "two are new", "one replaces another", "other keys", "one is deleted"],
)
def test_each_new_and_each_deleted_index_counts(
    released: Sequence[Index], wanted: Sequence[Index], changes: int
) -> None:
    """DynamoDB can't change an index in place."""
    assert index_changes(released, wanted) == changes


def test_the_index_of_open_jobs_has_only_keys_that_progress_never_changes() -> None:
    """With KEYS_ONLY, a write of any other attribute costs no write of the index."""
    (index,) = INDEXES["StatusTable"]
    assert index["IndexName"] == OPEN_INDEX
    assert Resource.OPEN_JOBS_INDEX.endswith(f"/index/{OPEN_INDEX}")
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["OpenShard", "CreationTime"]
