"""Generates events of uploaded objects as S3 sends them to EventBridge, in the shape of the S3 user guide."""

import json
from collections.abc import Iterator
from itertools import count


def uploads(*, input_bucket: str) -> Iterator[str]:
    """Yield an Object Created event for each of any number of new files, without end."""
    for number in count():
        yield json.dumps(
            {
                "version": "0",
                "id": f"17793124-05d4-b198-2fde-{number:012d}",
                "detail-type": "Object Created",
                "source": "aws.s3",
                "account": "123456789012",
                "time": "2025-11-22T08:00:13Z",
                "region": "us-east-1",
                "resources": [f"arn:aws:s3:::{input_bucket}"],
                "detail": {
                    "version": "0",
                    "bucket": {"name": input_bucket},
                    "object": {
                        "key": f"uploads/00000000-0000-4000-8000-{number:012d}/clip.mp4",
                        "size": 1_000_000,
                        "etag": f"{number:032x}",
                        "version-id": f"IYV3p45BT0ac8hjHg1houSdS1a{number:06d}",
                        "sequencer": f"617F{number:012X}",
                    },
                    "request-id": f"N4N7GDK5{number:08X}",
                    "requester": "123456789012",
                    "source-ip-address": "127.0.0.1",
                    "reason": "PutObject",
                },
            }
        )
