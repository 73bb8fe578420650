"""The client's types are generated from the API's document."""

import json

from tests.client_types import OPENAPI, TYPES, generated


def test_the_types_are_those_of_the_document() -> None:
    """After a change of the API, `make openapi` generates both."""
    assert TYPES.read_text(encoding="utf-8") == generated(json.loads(OPENAPI.read_text(encoding="utf-8")))
