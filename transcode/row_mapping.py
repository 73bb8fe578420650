"""The mapping between the fields of our dataclasses and the attributes of a DynamoDB row. Pure.

One rule for all rows, in both directions: an attribute has the field's name in Pascal case (`width_px` is `WidthPx`),
except for the names in `RENAMED`, which are those of the system's first version. A new field needs no line here.
"""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Shape = TypeVar("Shape", bound=DataclassInstance)
else:
    Shape = TypeVar("Shape")

RENAMED = {
    "announced_s": "CreationTime",
    "cancel_requested_s": "CancelRequestedTime",
    "canceled_s": "CanceledTime",
    "claimed_ms": "ClaimedTime",
    "code": "ErrorCode",
    "delete_requested_s": "DeleteRequestedTime",
    "deleted_s": "DeletedTime",
    "event_time_ms": "EventTime",
    "is_followed": "Followed",
    "message": "ErrorMessage",
    "path": "OutputPath",
    "progress_percent": "ProgressRate",
    "queued_s": "QueuedTime",
    "reason": "ErrorReason",
    "started_ms": "StartedTime",
    "started_percent": "StartedRate",
    "status": "JobStatus",
    "submitted_s": "CreationTime",
    "updated_s": "UpdatedTime",
}
"""Attribute names that are not the field's name in Pascal case, by field name."""


@cache
def attribute_name(field_name: str) -> str:
    """Return the name of the attribute that stores a field. Each read of a row needs thirty of them.

    >>> attribute_name("average_bitrate_bps"), attribute_name("path")
    ('AverageBitrateBps', 'OutputPath')
    """
    return RENAMED.get(field_name) or "".join(word.capitalize() for word in field_name.split("_"))


def attributes_of(shape: "DataclassInstance") -> dict[str, Any]:
    """Return the fields of a dataclass instance as attributes; tuples of dataclasses become lists of maps."""
    return {attribute_name(field.name): _stored(getattr(shape, field.name)) for field in fields(shape)}


def shape_of(shape: type[Shape], row: Mapping[str, Any], **computed: object) -> Shape:
    """Return an instance of the dataclass from a row's attributes.

    `computed` gives the fields that are more than an attribute. A field without an attribute gets its default. Every
    number that we store is an integer.
    """
    stored = {
        field.name: _plain(row[name])
        for field in fields(shape)
        if field.name not in computed and (name := attribute_name(field.name)) in row
    }
    return shape(**stored, **computed)


def _stored(value: object) -> object:
    match value:
        case Mapping():
            return dict(value)
        case tuple() | list():
            return [attributes_of(each) for each in value]
        case _:
            return value


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Decimal) else value
