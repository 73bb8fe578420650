"""Reads a job template file in the form of `aws mediaconvert create-job-template --cli-input-json`."""

import json
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.request_validation import service_model


def read_template(path: Path) -> JsonObject:
    """Return the CreateJobTemplate request of a file (PascalCase names), with the names of the API's JSON."""
    shape = service_model().operation_model("CreateJobTemplate").input_shape
    body: JsonObject = to_wire(json.loads(path.read_text()), shape)
    return body


def to_wire(value: Any, shape: Shape | None) -> Any:  # noqa: ANN401 (JSON of any kind)
    """Return `value` with the wire names of all structure members; unknown members are omitted."""
    match shape:
        case StructureShape():
            return {
                member.serialization.get("name", name): to_wire(value[name], member)
                for name, member in shape.members.items()
                if name in value
            }
        case ListShape():
            return [to_wire(item, shape.member) for item in value]
        case MapShape():
            return {key: to_wire(item, shape.value) for key, item in value.items()}
        case _:
            return value
