"""How often a measured process calls AWS, kept where the harness can read it while the process runs.

Counted inside the process, at botocore's and aiobotocore's one way out, so that nothing stands between it and AWS: an
addition to an integer in a shared page for each call.
"""

import mmap
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.endpoint import Endpoint

COUNTS_FILE = "BENCH_COUNTS_FILE"
"""The variable that names the shared page's file."""

OPERATIONS = (
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "s3:PutObject",
    "s3:HeadObject",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibilityBatch",
    "mediaconvert:CreateJob",
    "mediaconvert:GetJobTemplate",
    "other",
)
_PLACE = {operation: at * 8 for at, operation in enumerate(OPERATIONS)}


def make_page(path: Path) -> None:
    """Make the file that a process will count in."""
    path.write_bytes(bytes(8 * len(OPERATIONS)))


def read_page(path: Path) -> Mapping[str, int]:
    """Return what was counted so far, by operation."""
    return dict(zip(OPERATIONS, struct.unpack(f"<{len(OPERATIONS)}Q", path.read_bytes()), strict=True))


def count_here() -> None:
    """Count this process's calls from now on, where the environment says so."""
    if (named := os.environ.get(COUNTS_FILE)) is None:
        return
    with Path(named).open("r+b") as file:
        page = mmap.mmap(file.fileno(), 0)

    def note(model: Any) -> None:  # noqa: ANN401 -- botocore has no types
        place = _PLACE.get(f"{model.service_model.service_name}:{model.name}", _PLACE["other"])
        struct.pack_into("<Q", page, place, struct.unpack_from("<Q", page, place)[0] + 1)

    make_request: Any = Endpoint.make_request  # aiobotocore's endpoint inherits it

    def counted(self: Any, operation_model: Any, request_dict: Any) -> Any:  # noqa: ANN401
        note(operation_model)
        return make_request(self, operation_model, request_dict)

    Endpoint.make_request = counted  # type: ignore[method-assign]
