"""Reads a job template's file, as `aws mediaconvert create-job-template --cli-input-json` takes it."""

import json
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.shapes import service_model


def read_template(path: Path) -> JsonObject:
    """The CreateJobTemplate request that a file (PascalCase names) means, with the names it has on the wire."""
    shape = service_model().operation_model("CreateJobTemplate").input_shape
    body: JsonObject = to_wire(json.loads(path.read_text()), shape)
    return body


def to_wire(value: Any, shape: Shape | None) -> Any:  # noqa: ANN401 (JSON of any kind)
    """`value` with each structure's members renamed to their wire names; unknown members are left out."""
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
