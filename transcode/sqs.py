"""Conversion of message attributes between SQS's wire format and plain text. Pure."""

from collections.abc import Mapping
from typing import Any


def encode_attributes(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes in SQS's wire format."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}


def decode_attributes(wire: Mapping[str, Mapping[str, Any]], *, key: str = "StringValue") -> dict[str, str]:
    """Return the text attributes of a message. In Lambda's events, `key` is "stringValue".

    >>> decode_attributes({"RequestId": {"DataType": "String", "StringValue": "r-1"}, "Sum": {"BinaryValue": b"1"}})
    {'RequestId': 'r-1'}
    """
    return {name: str(each[key]) for name, each in wire.items() if key in each}
