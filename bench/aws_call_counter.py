"""Counts the AWS calls of a measured process in a shared file, which the harness reads while the process runs.

The process counts its own calls, where botocore and aiobotocore send them, so that no proxy stands between it and AWS.
Counting a call is one addition to an integer in a memory-mapped page.
"""

import mmap
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.endpoint import Endpoint

COUNTS_FILE = "BENCH_COUNTS_FILE"
"""The environment variable with the path of the counts file."""

OPERATIONS = (
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "s3:PutObject",
    "s3:HeadObject",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:SendMessageBatch",
    "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibilityBatch",
    "mediaconvert:CreateJob",
    "mediaconvert:GetJobTemplate",
    "other",
)
_OFFSET = {operation: at * 8 for at, operation in enumerate(OPERATIONS)}


def create_counts_file(path: Path) -> None:
    """Create the file that a process counts in."""
    path.write_bytes(bytes(8 * len(OPERATIONS)))


def read_counts(path: Path) -> Mapping[str, int]:
    """Return the number of calls so far, by operation."""
    return dict(zip(OPERATIONS, struct.unpack(f"<{len(OPERATIONS)}Q", path.read_bytes()), strict=True))


def start_counting() -> None:
    """Count this process's calls from now on, if the environment names a counts file."""
    if (counts_file := os.environ.get(COUNTS_FILE)) is None:
        return
    with Path(counts_file).open("r+b") as file:
        page = mmap.mmap(file.fileno(), 0)

    def count(model: Any) -> None:  # noqa: ANN401 -- botocore has no types
        offset = _OFFSET.get(f"{model.service_model.service_name}:{model.name}", _OFFSET["other"])
        struct.pack_into("<Q", page, offset, struct.unpack_from("<Q", page, offset)[0] + 1)

    make_request: Any = Endpoint.make_request  # aiobotocore's endpoint inherits it

    def counted_make_request(self: Any, operation_model: Any, request_dict: Any) -> Any:  # noqa: ANN401
        count(operation_model)
        return make_request(self, operation_model, request_dict)

    Endpoint.make_request = counted_make_request  # type: ignore[method-assign]
