"""The row of an upload after its caller's changes. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.uploads.metadata import check_metadata
from transcode.lookup import Lookup


def with_changes(lookup: Lookup, changes: Mapping[str, Any]) -> Lookup:
    """Return the row after a JSON merge patch (RFC 7396): a missing field stays, and null removes a value.

    Raises:
        ValueError: The metadata would be too large.

    >>> row = Lookup(input_file="a", external_id="7", metadata={"a": "1", "b": "2"})
    >>> after = with_changes(row, {"external_id": None, "metadata": {"a": None, "c": "3"}})
    >>> after.external_id, after.metadata
    (None, {'b': '2', 'c': '3'})
    """
    changes = dict(changes)
    if "metadata" in changes:
        pairs = {**lookup.metadata, **(changes["metadata"] or {})} if changes["metadata"] is not None else {}
        changes["metadata"] = check_metadata({name: value for name, value in pairs.items() if value is not None})
    return replace(lookup, **changes)
