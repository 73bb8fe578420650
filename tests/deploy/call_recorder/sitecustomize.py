"""Records the AWS calls of a process. Python imports it at the start, because its folder is in PYTHONPATH."""

import os
from pathlib import Path
from typing import Any

from aiobotocore import client

# botocore has no public hook that the clients of all sessions share.
base: Any = client.AioBaseClient
make_api_call = base._make_api_call  # noqa: SLF001


def record(call: str) -> None:
    """Append a call to the file."""
    with Path(os.environ["DEPLOY_CALLS_FILE"]).open("a", encoding="utf-8") as file:
        file.write(f"{call}\n")


async def recorded(self: Any, operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 -- any client
    """Record the call, and make it."""
    record(f"{self.meta.service_model.signing_name}:{operation}")
    return await make_api_call(self, operation, params)


base._make_api_call = recorded  # noqa: SLF001
