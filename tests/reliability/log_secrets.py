"""Keys, signatures and credentials, which no log may have."""

import base64
import re
from pathlib import Path

from .worker_system import WorkerSystem

FORBIDDEN = re.compile(
    r"X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|AWS4-HMAC|aws_secret|SecretAccessKey|StaticKeyValue"
    r"|KeyValue|Signature=|Credential=",
    re.IGNORECASE,
)


def assert_no_secret(system: WorkerSystem, *logs: Path) -> int:
    """Check that the logs have no key of the system, in any form, and no signature; return the number of keys."""
    keys = [
        row["KeyValue"]["S"]
        for page in system.dynamodb.get_paginator("scan").paginate(TableName=system.stack.output_table)
        for row in page["Items"]
        if "KeyValue" in row
    ]
    forms = {form for key in keys for form in _forms(key)}
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        assert (found := FORBIDDEN.search(text)) is None, f"{log.name}: {found}"
        words = set(re.findall(r"[0-9A-Za-z+/=_-]{20,}", text))
        assert not forms & words, log.name
        assert not any(form in word for word in words if len(word) > 32 for form in forms), log.name
    return len(keys)


def _forms(key: str) -> list[str]:
    raw = bytes.fromhex(key)
    return [key, key.upper(), base64.b64encode(raw).decode(), base64.b64encode(key.encode()).decode()]
