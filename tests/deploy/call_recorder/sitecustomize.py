"""Records the AWS calls of a process. Python imports it at the start, because its folder is in PYTHONPATH."""

import os
from pathlib import Path
from typing import Any

from aiobotocore.client import AioBaseClient

_make_api_call = AioBaseClient._make_api_call  # noqa: SLF001 -- botocore has no public hook that every client shares


def _record(call: str) -> None:
    with Path(os.environ["DEPLOY_CALLS_FILE"]).open("a", encoding="utf-8") as file:
        file.write(f"{call}\n")


async def _recorded(self: Any, operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 -- any client
    _record(f"{self.meta.service_model.signing_name}:{operation}")
    return await _make_api_call(self, operation, params)


AioBaseClient._make_api_call = _recorded  # type: ignore[method-assign]  # noqa: SLF001
